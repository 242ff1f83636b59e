// typed/customer.ts, after graphql-codegen made its types and tsc --strict compiled it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { known } from './typed/built/customer.js'
import { mara, token, url } from './served.mjs'

test('the typed program finds the customer', async () => {
  const found = await known(url, token, mara.email)
  assert.equal(found.name, mara.name)
  assert.equal(found.jobTitle, 'Head of Operations')
  assert.deepEqual(found.functions, ['MARKETING', 'SERVICE', 'SERVICE'])
  assert.deepEqual(found.moments, found.moments.toSorted().reverse())
})

test('nobody is found by an address that nobody has', async () => {
  assert.equal(await known(url, token, 'nobody@nowhere.example'), null)
})
