// The page of examples/web, as `npm start` serves it, in a browser.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brightness, visitor } from './browser.mjs'
import { ask, mara, token } from './served.mjs'

const at = process.env.C360_CLIENTS_PAGE

async function opened(name = mara.name) {
  const visit = await visitor({ at })
  await visit.page.getByLabel('Customers').fill(name)
  await visit.page.getByRole('link', { name }).first().click()
  await visit.page.getByRole('heading', { name, level: 1 }).waitFor()
  return visit
}

const kinds = (page) => page.locator('li.moment span').allInnerTexts()

test('a customer is found, opened, and their journey paged to its end', async () => {
  const { page, complaints, requests, leave } = await opened()
  assert.match(await page.locator('article header').innerText(), /3 records of crm, helpdesk, marketing; 16 interactions/)

  await page.getByText('Where these values come from').click()
  assert.match(await page.getByRole('row', { name: 'job title' }).innerText(), /crm|helpdesk|marketing/)

  const older = page.getByRole('button', { name: 'Older' })
  await page.locator('li.moment').first().waitFor()
  let pages = 1
  for (; await older.isVisible(); pages += 1) {
    const before = await page.locator('li.moment').count()
    await older.click()
    await page.locator('li.moment').nth(before).waitFor()
  }
  assert.equal(pages, 3)
  assert.equal((await kinds(page)).length, mara.interactionCount)
  const days = await page.locator('li.moment time').allInnerTexts()
  assert.deepEqual(days, days.toSorted().reverse())

  assert.deepEqual(complaints, [])
  const seen = await Promise.all(requests.map(async (request) => JSON.stringify(await request.allHeaders()) + request.url()))
  assert.ok(seen.every((request) => !request.includes(token)))
  await leave()
})

test('a change is seen at once, and the address keeps who is open', async () => {
  const { page, complaints, leave } = await opened()
  await page.getByText('Live').waitFor()
  const { customerByIdentifier: customer } = await ask(
    'query ($email: String!) { customerByIdentifier(identifier: { emailAddress: $email }) { id jobTitle } }',
    { email: mara.email },
  )
  const title = (text) => page.getByText(`${text}, Nordlicht`)
  await title(customer.jobTitle).waitFor()

  await ask(
    'mutation ($id: ID!) { pinField(input: { customerId: $id, field: JOB_TITLE, value: "Queen" }) { userErrors { code } } }',
    { id: customer.id },
  )
  await title('Queen').waitFor()
  await page.reload()
  await title('Queen').waitFor()
  await ask(
    'mutation ($id: ID!) { unpinField(input: { customerId: $id, field: JOB_TITLE }) { userErrors { code } } }',
    { id: customer.id },
  )
  await title(customer.jobTitle).waitFor()
  assert.deepEqual(complaints, [])
  await leave()
})

test('a new interaction is announced, and stands first when it is asked for', async () => {
  const { customers } = await ask(
    '{ customers(first: 1, filter: { interactionCount: { gte: 8 } }, orderBy: { field: NAME }) { nodes { id displayName } } }',
  )
  const [customer] = customers.nodes
  const { page, complaints, leave } = await opened(customer.displayName)
  await page.getByRole('button', { name: 'Older' }).click()
  await page.locator('li.moment').nth(7).waitFor()
  const before = await kinds(page)

  await ask(
    `mutation ($id: ID!) {
      recordInteraction(input: {
        who: { customerId: $id }, kind: "call.made", function: SERVICE, channel: PHONE, direction: INBOUND,
        subject: "Where is the parcel?"
      }) { userErrors { code } }
    }`,
    { id: customer.id },
  )
  const announced = page.getByRole('button', { name: '1 new: show' })
  await announced.waitFor()
  assert.deepEqual(await kinds(page), before)
  await announced.click()
  await page.getByText('Where is the parcel?').waitFor()
  assert.match((await kinds(page))[0], /Where is the parcel\?/)
  assert.equal(await announced.count(), 0)
  assert.deepEqual(complaints, [])
  await leave()
})

test('the page is light or dark as its reader likes', async () => {
  const seen = []
  for (const colorScheme of ['light', 'dark']) {
    const { page, leave } = await visitor({ at, colorScheme })
    await page.getByLabel('Customers').waitFor()
    seen.push(await brightness(page))
    await leave()
  }
  assert.ok(seen[0] > 0.8 && seen[1] < 0.2, String(seen))
})
