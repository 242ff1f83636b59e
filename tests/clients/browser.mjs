// Pages in headless Chromium, with all that went wrong in them.
import { after } from 'node:test'
import { chromium } from 'playwright-core'

const executablePath = process.env.C360_CLIENTS_CHROMIUM
if (!executablePath) throw new Error('C360_CLIENTS_CHROMIUM is not set: run these tests by scripts/test --clients.')

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
after(() => browser.close())

/**
 * An empty page as a first visitor sees it; `complaints` are its errors, warnings and requests to other places. `more`
 * are options of Playwright's contexts.
 */
export async function visitor({ at, colorScheme = 'light', ...more }) {
  const context = await browser.newContext({ colorScheme, ...more })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints = []
  const requests = []
  page.on('console', (said) => {
    if (['error', 'warning'].includes(said.type())) complaints.push(said.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    requests.push(request)
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && origin !== new URL(at).origin) complaints.push(`asks ${request.url()}`)
  })
  await page.goto(at)
  return { page, complaints, requests, leave: () => context.close() }
}

/** How bright what is behind a page is, 0 to 1. */
export async function brightness(page, of = 'body') {
  return page.locator(of).first().evaluate((element) => {
    for (let one = element; one; one = one.parentElement) {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d')
      canvas.fillStyle = getComputedStyle(one).backgroundColor
      canvas.fillRect(0, 0, 1, 1)
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data
      if (alpha > 0) return (red + green + blue) / 3 / 255
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 0 : 1 // the browser's own canvas
  })
}
