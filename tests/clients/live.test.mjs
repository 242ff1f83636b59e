// Subscriptions in Apollo Client and urql over graphql-ws, made to go on by `resuming` of examples/web.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApolloClient, InMemoryCache, gql } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, gql as urqlGql, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { resuming } from './resuming.js'
import { ask, authorization, mara, url } from './served.mjs'

const UPDATED = `subscription Updated($of: [ID!], $after: String) {
  customerUpdated(customerIds: $of, after: $after) { cursor customer { id jobTitle } }
}`

/** A client of graphql-ws that goes on after a break, and what breaks its connection. */
function line() {
  let socket
  const socketClient = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: authorization,
    retryAttempts: 0,
    on: { connected: (connected) => (socket = connected) },
  })
  return { client: resuming(socketClient, () => 50), cut: () => socket.terminate(), end: () => socketClient.dispose() }
}

test('Apollo Client is told what was written while its socket was broken, and nothing twice', async () => {
  const { client, cut, end } = line()
  const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() })
  await goesOn(cut, (variables, tell) => {
    const told = apollo.subscribe({ query: gql(UPDATED), variables }).subscribe(({ data, error }) => tell(data, error))
    return () => told.unsubscribe()
  })
  await end()
})

test('urql is told what was written while its socket was broken, and nothing twice', async () => {
  const { client, cut, end } = line()
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }),
  })
  const urql = new Client({ url, preferGetMethod: false, exchanges: [subscriptionExchange({ forwardSubscription })] })
  await goesOn(cut, (variables, tell) => {
    const told = urql.subscription(urqlGql(UPDATED), variables).subscribe(({ data, error }) => tell(data, error))
    return () => told.unsubscribe()
  })
  await end()
})

async function goesOn(cut, subscribe) {
  const { changeLog, customerByIdentifier: customer } = await ask(
    'query ($email: String!) { changeLog { cursor } customerByIdentifier(identifier: { emailAddress: $email }) { id } }',
    { email: mara.email },
  )
  const events = []
  const stop = subscribe({ of: [customer.id], after: changeLog.cursor }, (data, error) => {
    assert.equal(error, undefined)
    events.push(data.customerUpdated)
  })
  try {
    const titles = ['first', 'second', 'third']
    for (const [index, title] of titles.entries()) {
      if (index > 0) cut()
      await pin(customer.id, title)
      await until(() => events.length === index + 1)
    }
    assert.deepEqual(events.map((event) => event.customer.jobTitle), titles)
    assert.equal(new Set(events.map((event) => event.cursor)).size, titles.length)
  } finally {
    stop()
    await ask(
      'mutation ($id: ID!) { unpinField(input: { customerId: $id, field: JOB_TITLE }) { userErrors { code } } }',
      { id: customer.id },
    )
  }
}

async function pin(id, title) {
  await ask(
    `mutation ($id: ID!, $title: String!) {
      pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) { userErrors { code } }
    }`,
    { id, title },
  )
}

async function until(holds) {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, `not seen within 20 s: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
