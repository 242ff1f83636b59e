// What relay-compiler made of relay/Customer.js, run by Relay's own runtime: its store, its pages, its mutation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import relay from 'relay-runtime'
import assign from './relay/__generated__/CustomerAssignMutation.graphql.js'
import page from './relay/__generated__/CustomerJourneyPageQuery.graphql.js'
import query from './relay/__generated__/CustomerQuery.graphql.js'
import reviews from './relay/__generated__/CustomerReviewsQuery.graphql.js'
import { authorization, mara, url } from './served.mjs'

const { Environment, Network, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery } = relay

function environment() {
  const network = Network.create(async (operation, variables) => {
    const body = JSON.stringify({ query: operation.text, variables })
    const headers = { 'content-type': 'application/json', ...authorization }
    return (await fetch(url, { method: 'POST', headers, body })).json()
  })
  return new Environment({ network, store: new Store(new RecordSource()) })
}

/** The ids that Relay's store holds for the connection of the fragment. */
function journey(env, id) {
  const source = env.getStore().getSource()
  const connection = source.get(source.get(id).__Customer_journey_interactions_connection.__ref)
  return connection.edges.__refs.map((ref) => source.get(source.get(ref).node.__ref).id)
}

test('a customer is found, and the pages of the journey grow in one connection', async () => {
  const env = environment()
  const { customerByIdentifier: customer } = await fetchQuery(env, query, { email: mara.email }).toPromise()
  assert.equal(customer.displayName, mara.name)
  assert.equal(journey(env, customer.id).length, 5)

  const source = env.getStore().getSource()
  const pageInfo = () =>
    source.get(source.get(source.get(customer.id).__Customer_journey_interactions_connection.__ref).pageInfo.__ref)
  while (pageInfo().hasNextPage) {
    const variables = { id: customer.id, count: 5, cursor: pageInfo().endCursor }
    // Kept as a mounted component would keep it: what nobody holds is swept from the store.
    env.retain(createOperationDescriptor(page, variables))
    await fetchQuery(env, page, variables).toPromise()
  }
  const ids = journey(env, customer.id)
  assert.equal(ids.length, mara.interactionCount)
  assert.equal(new Set(ids).size, mara.interactionCount)
})

test('a mutation updates the record in the store', async () => {
  const env = environment()
  env.retain(createOperationDescriptor(reviews, {}))
  const { matchReviews } = await fetchQuery(env, reviews, {}).toPromise()
  const { id } = matchReviews.edges[0].node
  for (const assignee of [mara.name, null]) {
    const answer = await new Promise((onCompleted, onError) => {
      commitMutation(env, { mutation: assign, variables: { input: { reviewId: id, assignee } }, onCompleted, onError })
    })
    assert.deepEqual(answer.assignMatchReview.userErrors, [])
    assert.equal(env.getStore().getSource().get(id).assignee, assignee)
  }
})
