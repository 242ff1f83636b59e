// urql with its document cache and with Graphcache: answers, pages, changes, failures.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, cacheExchange, fetchExchange, gql } from '@urql/core'
import { cacheExchange as graphcache } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { persistedExchange } from '@urql/exchange-persisted'
import { mara, recordingFetch, url } from './served.mjs'

const BY_EMAIL = gql`
  query ByEmail($email: String!) {
    customerByIdentifier(identifier: { emailAddress: $email }) { id displayName sources interactionCount }
  }
`
const JOURNEY = gql`
  query Journey($id: ID!, $first: Int, $after: String) {
    customer(id: $id) {
      id
      interactions(first: $first, after: $after) {
        edges { node { id kind } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`

function urql(cache = cacheExchange, options = {}) {
  const { fetch, requests } = recordingFetch()
  const client = new Client({ url, fetch, preferGetMethod: false, exchanges: [cache, fetchExchange], ...options })
  return { client, requests }
}

test('a query is answered once, and then from the cache', async () => {
  const { client, requests } = urql()
  const first = await client.query(BY_EMAIL, { email: mara.email }).toPromise()
  const again = await client.query(BY_EMAIL, { email: mara.email }).toPromise()

  assert.equal(first.error, undefined)
  assert.equal(first.data.customerByIdentifier.displayName, mara.name)
  assert.deepEqual(first.data.customerByIdentifier.sources, mara.sources)
  assert.deepEqual(again.data, first.data)
  assert.equal(again.operation.context.meta.cacheOutcome, 'hit')
  assert.equal(requests.length, 1)
})

test('a query is answered by GET', async () => {
  const { client, requests } = urql(cacheExchange, { preferGetMethod: 'force' })
  const { data } = await client.query(BY_EMAIL, { email: mara.email }).toPromise()
  assert.equal(data.customerByIdentifier.interactionCount, mara.interactionCount)
  assert.deepEqual(requests.map((request) => request.method), ['GET'])
})

test('Graphcache puts the pages of a journey together', async () => {
  const cache = graphcache({ resolvers: { Customer: { interactions: relayPagination() } } })
  const { client } = urql(cache)
  const { id } = (await client.query(BY_EMAIL, { email: mara.email }).toPromise()).data.customerByIdentifier
  let page
  let pages = 0
  do {
    const variables = { id, first: 5, after: page?.pageInfo.endCursor }
    const { data, error } = await client.query(JOURNEY, variables).toPromise()
    assert.equal(error, undefined)
    page = data.customer.interactions
    pages += 1
  } while (page.pageInfo.hasNextPage)

  const whole = await urql().client.query(JOURNEY, { id, first: 100 }).toPromise()
  assert.equal(pages, 4)
  const ids = (interactions) => interactions.edges.map((edge) => edge.node.id)
  assert.deepEqual(ids(page), ids(whole.data.customer.interactions))
  assert.equal(page.edges.length, mara.interactionCount)
})

test('a change is a trial run, and an input that makes no sense comes back as a user error', async () => {
  const { client } = urql()
  const { id } = (await client.query(BY_EMAIL, { email: mara.email }).toPromise()).data.customerByIdentifier
  const merge = gql`
    mutation Merge($input: MergeCustomersInput!) {
      mergeCustomers(input: $input) { decisions { id } userErrors { code field } }
    }
  `
  const { data, error } = await client.mutation(merge, { input: { customerIds: [id], dryRun: true } }).toPromise()
  assert.equal(error, undefined)
  assert.deepEqual(data.mergeCustomers.decisions, [])
  assert.deepEqual(data.mergeCustomers.userErrors.map((one) => one.code), ['INVALID'])
})

test('errors carry their code', async () => {
  const { client } = urql()
  const wrong = await client.query(gql`query Wrong($id: ID!) { customer(id: $id) { id } }`, { id: 'no id' }).toPromise()
  assert.deepEqual(wrong.error.graphQLErrors.map((one) => one.extensions.code), ['BAD_USER_INPUT'])
})

test('automatic persisted queries: a document is sent once, its hash from then on', async () => {
  const exchanges = [persistedExchange({ preferGetForPersistedQueries: false }), fetchExchange]
  const { client, requests } = urql(cacheExchange, { exchanges })
  for (let asked = 0; asked < 2; asked += 1) {
    const { data, error } = await client.query(BY_EMAIL, { email: mara.email }).toPromise()
    assert.equal(error, undefined)
    assert.equal(data.customerByIdentifier.displayName, mara.name)
  }
  const sent = requests.map((request) => 'query' in JSON.parse(request.body))
  assert.deepEqual(sent, [false, true, false])
})
