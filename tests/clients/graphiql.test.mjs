// GraphiQL as the API serves it, in a browser: own files only, a key, examples, a query, a subscription, light and dark.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brightness, visitor } from './browser.mjs'
import { ask, mara, token, url } from './served.mjs'

const at = url.replace(/graphql$/, 'graphiql')

/** GraphiQL by somebody who has typed their key into its headers and read the schema. */
async function keyed(options = {}) {
  const visit = await visitor({ at, ...options })
  const { page, complaints } = visit
  await page.waitForLoadState('networkidle')
  await page.getByRole('button', { name: 'Headers' }).click()
  await type(page, 'Headers', JSON.stringify({ authorization: `Bearer ${token}` }))
  await page.waitForTimeout(700) // GraphiQL takes what is typed after half a second
  const schema = page.waitForResponse((answer) => answer.request().postData()?.includes('__schema') && answer.ok())
  await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click()
  await schema
  // Before the key was typed the schema was refused: a browser tells that by itself.
  for (const refused of complaints.splice(0)) assert.match(refused, /401 \(Unauthorized\)/)
  return visit
}

async function type(page, editor, text) {
  await page.getByRole('region', { name: editor }).locator('.CodeMirror').filter({ visible: true }).click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}

async function run(page) {
  await page.getByRole('button', { name: /^Execute query/ }).click()
}

async function shows(page, text) {
  await page.locator('.result-window').getByText(text).first().waitFor()
}

test('a query runs with the key that was typed, and everything comes from this server', async () => {
  const { page, complaints, leave } = await keyed()
  await run(page)
  await shows(page, 'together they are')
  await shows(page, 'displayName')
  assert.deepEqual(complaints, [])
  await leave()
})

test('without the key it says what to send', async () => {
  const { page, leave } = await visitor({ at })
  await run(page)
  await shows(page, 'UNAUTHENTICATED')
  await leave()
})

test('an example opens in a tab of its own with its variables, and runs', async () => {
  const { page, complaints, leave } = await keyed()
  await page.getByRole('button', { name: 'Show Examples' }).click()
  const examples = page.getByRole('region', { name: 'Examples' })
  assert.ok((await examples.getByRole('button').count()) >= 24)
  await examples.getByRole('button', { name: /^A customer by e-mail address/ }).click()
  await page.getByRole('tab', { name: 'CustomerByEmail' }).waitFor()
  assert.equal(await page.getByRole('tab').count(), 2)
  await page.getByRole('button', { name: 'Headers' }).click()
  await type(page, 'Headers', JSON.stringify({ authorization: `Bearer ${token}` }))
  await run(page)
  await shows(page, mara.name)
  assert.deepEqual(complaints, [])
  await leave()
})

test('a subscription runs until it is stopped', async () => {
  const { page, complaints, leave } = await keyed()
  const { changeLog, customerByIdentifier: customer } = await ask(
    'query ($email: String!) { changeLog { cursor } customerByIdentifier(identifier: { emailAddress: $email }) { id } }',
    { email: mara.email },
  )
  const of = `customerIds: ["${customer.id}"], after: "${changeLog.cursor}"`
  await type(page, 'Query Editor', `subscription Titles { customerUpdated(${of}) { customer { jobTitle } } }`)
  await run(page)
  const pin = `mutation ($id: ID!, $title: String!) {
    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) { userErrors { code } }
  }`
  for (const title of ['Baker', 'Brewer']) {
    await ask(pin, { id: customer.id, title })
    await shows(page, `"${title}"`)
  }
  const ended = page.waitForEvent('requestfailed')
  await page.getByRole('button', { name: /^Stop query/ }).click()
  assert.match((await ended).failure().errorText, /ERR_ABORTED/)
  await ask(
    'mutation ($id: ID!) { unpinField(input: { customerId: $id, field: JOB_TITLE }) { userErrors { code } } }',
    { id: customer.id },
  )
  assert.deepEqual(complaints, [])
  await leave()
})

test('what is wrong with a subscription is shown', async () => {
  const { page, leave } = await keyed()
  await type(page, 'Query Editor', 'subscription { customerUpdated(after: "nowhere") { isNew } }')
  await run(page)
  await shows(page, 'BAD_USER_INPUT')
  await leave()
})

test('it is light or dark as its reader likes, and as they choose', async () => {
  const { page: light, leave: leaveLight } = await visitor({ at })
  const { page: dark, leave: leaveDark } = await visitor({ at, colorScheme: 'dark' })
  const surface = '.graphiql-container'
  for (const page of [light, dark]) await page.locator('.graphiql-execute-button').waitFor()
  assert.ok((await brightness(light, surface)) > 0.8)
  assert.ok((await brightness(dark, surface)) < 0.3)

  await dark.getByRole('button', { name: 'Open settings dialog' }).click()
  await dark.getByRole('button', { name: 'Light', exact: true }).click()
  assert.ok((await brightness(dark, surface)) > 0.8)
  await leaveLight()
  await leaveDark()
})
