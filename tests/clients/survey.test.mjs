// The page of a survey in a browser: by keyboard alone, without JavaScript, on a small screen, light and dark.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brightness, visitor } from './browser.mjs'

const { first, second } = JSON.parse(process.env.C360_CLIENTS_SURVEYS)

/** What has the focus, as a screen reader names it. */
async function focused(page) {
  const found = page.locator(':focus')
  return (await found.getAttribute('value')) ?? (await found.getAttribute('name')) ?? (await found.textContent())
}

test('who has a keyboard and no JavaScript answers, once', async () => {
  const { page, complaints, requests, leave } = await visitor({ at: first, javaScriptEnabled: false })
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), '1')
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowRight')
  assert.ok(await page.getByRole('radio', { name: '6', exact: true }).isChecked())
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'comment')
  await page.keyboard.type('Schnell & gut')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Senden')
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('angekommen').waitFor()

  await page.goto(first)
  await page.getByRole('status').getByText('beantwortet').waitFor()
  assert.equal(await page.getByRole('radio').count(), 0)
  assert.deepEqual(complaints, [])
  assert.deepEqual(new Set(requests.map((request) => request.url())), new Set([first]))
  await leave()
})

test('the choice and where one is can be seen, in light and dark and on a small screen', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const viewport = { width: 320, height: 640 }
    const { page, complaints, leave } = await visitor({ at: second, colorScheme, viewport })
    const back = await brightness(page)
    assert.ok(colorScheme === 'light' ? back > 0.9 : back < 0.2)
    const box = (value) => page.locator(`input[value="${value}"] + span`)
    await page.getByRole('radio', { name: '3', exact: true }).check()
    assert.ok(Math.abs((await brightness(page, 'input[value="3"] + span')) - back) > 0.3, 'what was chosen stands out')
    assert.ok(Math.abs((await brightness(page, 'input[value="4"] + span')) - back) < 0.01)
    await page.keyboard.press('ArrowRight')
    assert.equal(await box(4).evaluate((element) => getComputedStyle(element).outlineStyle), 'solid')
    const sizes = await page.locator('.scale span').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()))
    assert.ok(sizes.every(({ width, height }) => Math.min(width, height) >= 36))
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width)
    assert.deepEqual(complaints, [])
    await leave()
  }
})

test('nothing is sent without a choice, and the page says what is missing when something is', async () => {
  const { page, leave } = await visitor({ at: second })
  await page.getByRole('button', { name: 'Send' }).click()
  assert.equal(await page.locator('input:invalid').count(), 7)
  assert.equal(await page.getByRole('alert').count(), 0)
  await page.locator('form').evaluate((form) => { form.noValidate = true })
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('alert').getByText('Please choose').waitFor()
  await leave()
})
