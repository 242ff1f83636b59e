// The reference clients of both protocols: graphql-ws over WebSocket, graphql-sse as server-sent events.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient as overEvents } from 'graphql-sse'
import { createClient as overSocket } from 'graphql-ws'
import WebSocket from 'ws'
import { authorization, mara, url } from './served.mjs'

const PIN = `mutation Pin($id: ID!, $title: String!) {
  pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) { userErrors { code } }
}`
const UNPIN = `mutation Unpin($id: ID!) {
  unpinField(input: { customerId: $id, field: JOB_TITLE }) { userErrors { code } }
}`
const UPDATED = `subscription Updated($of: [ID!], $after: String) {
  customerUpdated(customerIds: $of, after: $after) { cursor isNew customer { id displayName } }
}`

const clients = {
  'graphql-ws': (options) =>
    overSocket({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: authorization, ...options }),
  'graphql-sse': () => overEvents({ url, headers: authorization }),
}

test('graphql-ws answers a query', async () => answersAQuery(clients['graphql-ws']()))
test('graphql-sse answers a query', async () => answersAQuery(clients['graphql-sse']()))
test('graphql-ws is told changes after a cursor, and goes on after the last', async () => isTold(clients['graphql-ws']()))
test('graphql-sse is told changes after a cursor, and goes on after the last', async () => isTold(clients['graphql-sse']()))
test('graphql-ws sees what is wrong with a request', async () => seesErrors(clients['graphql-ws']()))
test('graphql-sse sees what is wrong with a request', async () => seesErrors(clients['graphql-sse']()))

test('graphql-ws without the token is refused, and does not try again', async () => {
  const client = clients['graphql-ws']({ connectionParams: {}, retryAttempts: 3 })
  let opened = 0
  client.on('opened', () => (opened += 1))
  await assert.rejects(first(client, { query: '{ __typename }' }), (closed) => closed.code === 4401)
  assert.equal(opened, 1)
})

test('graphql-sse without the token is refused', async () => {
  const client = overEvents({ url, retryAttempts: 0 })
  await assert.rejects(first(client, { query: '{ __typename }' }), (failed) => failed.response.status === 401)
})

async function answersAQuery(client) {
  const query = `query ($email: String!) { customerByIdentifier(identifier: { emailAddress: $email }) { displayName } }`
  const answer = await first(client, { query, variables: { email: mara.email } })
  assert.deepEqual(answer, { data: { customerByIdentifier: { displayName: mara.name } } })
  client.dispose()
}

async function isTold(client) {
  const find = `query ($email: String!) {
    changeLog { cursor } customerByIdentifier(identifier: { emailAddress: $email }) { id }
  }`
  const { data } = await first(client, { query: find, variables: { email: mara.email } })
  const of = data.customerByIdentifier.id
  const given = { of: [of], after: data.changeLog.cursor }
  const titles = ['Head of Purchasing', 'Head of Sales']
  for (const title of titles) {
    const { data: pinned } = await first(client, { query: PIN, variables: { id: of, title } })
    assert.deepEqual(pinned.pinField.userErrors, [])
  }
  const told = await some(client, { query: UPDATED, variables: given }, 2)
  const again = await some(client, { query: UPDATED, variables: { ...given, after: told[0].cursor } }, 1)

  const { data: unpinned } = await first(client, { query: UNPIN, variables: { id: of } }) // other tests read the title
  assert.deepEqual(unpinned.unpinField.userErrors, [])
  assert.deepEqual(told.map((event) => [event.isNew, event.customer.displayName]), [[false, mara.name], [false, mara.name]])
  assert.notEqual(told[0].cursor, told[1].cursor)
  assert.deepEqual(again, [told[1]])
  client.dispose()
}

async function seesErrors(client) {
  const codes = []
  for (const query of ['subscription {', 'subscription { nothing }', 'subscription { customerUpdated(after: "x") { isNew } }']) {
    codes.push(...(await errorsOf(client, { query })).map((error) => error.extensions.code))
  }
  assert.deepEqual(codes, ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])
  client.dispose()
}

/** The errors of an operation: graphql-ws rejects with them, graphql-sse gives them as a result. */
async function errorsOf(client, operation) {
  try {
    return (await first(client, operation)).errors
  } catch (errors) {
    return errors
  }
}

async function first(client, operation) {
  for await (const result of client.iterate(operation)) return result
}

async function some(client, operation, count) {
  const events = []
  for await (const { data, errors } of client.iterate(operation)) {
    assert.equal(errors, undefined)
    events.push(data.customerUpdated)
    if (events.length === count) return events
  }
}
