// Serves the page, and hands its questions on to the API with the key, which never reaches the browser.
//   C360_URL=http://127.0.0.1:8360/graphql C360_KEY=… PORT=8361 node serve.mjs
// For trying on your own machine. In production your own server does this, for people who have signed in.
import { readFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'

const api = new URL(process.env.C360_URL ?? 'http://127.0.0.1:8360/graphql')
const key = process.env.C360_KEY
const port = Number(process.env.PORT ?? 8361)
const FILES = {
  '/': ['page/index.html', 'text/html; charset=utf-8'],
  '/style.css': ['page/style.css', 'text/css'],
  '/main.js': ['built/main.js', 'text/javascript'],
  '/main.js.map': ['built/main.js.map', 'application/json'],
}
const SECURITY = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

const server = createServer(async (asked, answer) => {
  const { pathname } = new URL(asked.url, 'http://page')
  // A name of somebody else that leads to this machine would give them the key's answers.
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(asked.headers.host ?? '')) return answer.writeHead(403).end()
  if (pathname === '/graphql') return handOn(asked, answer)
  const file = FILES[pathname]
  if (!file) return answer.writeHead(404).end()
  try {
    const content = await readFile(fileURLToPath(new URL(file[0], import.meta.url)))
    answer.writeHead(200, { ...SECURITY, 'Content-Type': file[1] }).end(content)
  } catch {
    answer.writeHead(404, SECURITY).end('Build the page first: npm run build')
  }
})

/** Pass a request and its answer through as they come, so that events are told at once. */
function handOn(asked, answer) {
  const headers = { host: api.host }
  for (const name of ['accept', 'content-type']) if (asked.headers[name]) headers[name] = asked.headers[name]
  if (key) headers['x-api-key'] = key
  const path = api.pathname + new URL(asked.url, 'http://page').search
  const passed = request({ host: api.hostname, port: api.port, path, method: asked.method, headers }, (answered) => {
    answer.writeHead(answered.statusCode, { 'Content-Type': answered.headers['content-type'] ?? 'text/plain' })
    answered.pipe(answer)
    answered.on('error', () => answer.destroy())
  })
  passed.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  answer.on('close', () => passed.destroy())
  asked.pipe(passed)
}

server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port} asks ${api.href}`))
