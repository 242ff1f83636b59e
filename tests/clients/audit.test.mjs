// The audits of GraphQL over HTTP that the working group's reference implementation brings: each one is a test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverAudits } from 'graphql-http'
import { recordingFetch, url } from './served.mjs'

for (const audit of serverAudits({ url, fetchFn: recordingFetch().fetch })) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn()
    assert.equal(result.status, 'ok', result.reason)
  })
}
