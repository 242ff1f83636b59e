// The client against a served API that holds the sample company: C360_URL=…/graphql C360_KEY=… npm test
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, OperationResult } from '@urql/core'
import { c360Client, type Options } from '../src/client.js'
import { codesOf, mustBeginAgain, sentenceOf } from '../src/errors.js'
import { graphql } from '../src/gql/gql.js'
import { CUSTOMER, CUSTOMER_CHANGES, JOURNEY, NEW_INTERACTIONS, SEARCH } from '../src/operations.js'
import { lineTo } from './broken_line.js'

const URL = process.env['C360_URL'] ?? 'http://127.0.0.1:8360/graphql'
const KEY = process.env['C360_KEY']

const PIN = graphql(`
  mutation Pin($id: ID!, $title: String!) {
    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) {
      userErrors {
        code
      }
    }
  }
`)
const UNPIN = graphql(`
  mutation Unpin($id: ID!) {
    unpinField(input: { customerId: $id, field: JOB_TITLE }) {
      userErrors {
        code
      }
    }
  }
`)
const RECORD = graphql(`
  mutation RecordCall($id: ID!) {
    recordInteraction(
      input: { who: { customerId: $id }, kind: "call.made", function: SERVICE, channel: PHONE, direction: INBOUND }
    ) {
      interaction {
        id
      }
      userErrors {
        code
      }
    }
  }
`)

function client(options: Options = {}, url = URL): Client {
  return c360Client(url, { headers: KEY ? { 'x-api-key': KEY } : {}, wait: () => 20, ...options })
}

/** A client that counts what it asks, subscriptions apart. */
function counting(): { client: Client; asked: () => number } {
  let asked = 0
  const counted: typeof fetch = (address, options) => {
    if (new Headers(options?.headers).get('accept') !== 'text/event-stream') asked += 1
    return fetch(address, options)
  }
  return { client: client({ fetch: counted }), asked: () => asked }
}

async function answer<Data>(asked: PromiseLike<OperationResult<Data>>): Promise<Data> {
  const { data, error } = await asked
  assert.equal(error, undefined)
  assert.ok(data)
  return data
}

/** The id of the first customer that a search finds; of the person every sample company begins with, unless said. */
async function find(of: Client, text = 'Mara Lindqvist'): Promise<string> {
  const { search } = await answer(of.query(SEARCH, { text }).toPromise())
  const [found] = search.nodes
  assert.ok(found?.__typename === 'Customer', 'these tests want the sample company: scripts/demo')
  return found.id
}

async function setTitle(id: string, title: string): Promise<void> {
  const { pinField } = await answer(client().mutation(PIN, { id, title }).toPromise())
  assert.deepEqual(pinField.userErrors, [])
}

async function resetTitle(id: string): Promise<void> {
  const { unpinField } = await answer(client().mutation(UNPIN, { id }).toPromise())
  assert.deepEqual(unpinField.userErrors, [])
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, `not seen within 20 s: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a customer is found by a part of the name, with where each value comes from', async () => {
  const asking = client()
  const { customer } = await answer(asking.query(CUSTOMER, { id: await find(asking) }).toPromise())
  assert.equal(customer?.displayName, 'Mara Lindqvist')
  assert.equal(customer.primaryEmail?.address, 'mara.lindqvist@nordlicht.example')
  assert.deepEqual(customer.sources, ['crm', 'helpdesk', 'marketing'])
  const title = customer.fieldProvenance.find(({ field }) => field === 'JOB_TITLE')
  assert.ok(title?.sourceRecord && customer.sources.includes(title.sourceRecord.source))
})

test('the pages of a journey hold every interaction once, the newest first', async () => {
  const asking = client()
  const id = await find(asking)
  const { customer: card } = await answer(asking.query(CUSTOMER, { id }).toPromise())
  const moments = new Map<string, string>()
  let after: string | null | undefined
  let pages = 0
  do {
    const { customer } = await answer(asking.query(JOURNEY, { id, after: after ?? null }).toPromise())
    assert.ok(customer)
    for (const { id: interaction, occurredAt } of customer.interactions.nodes) {
      assert.ok(!moments.has(interaction), `twice: ${interaction}`)
      moments.set(interaction, occurredAt)
    }
    const { hasNextPage, endCursor } = customer.interactions.pageInfo
    after = hasNextPage ? endCursor : null
    pages += 1
  } while (after)
  assert.ok(pages > 2)
  assert.equal(moments.size, card?.interactionCount)
  assert.deepEqual([...moments.values()], [...moments.values()].sort().reverse())
})

test('what changes elsewhere is seen in every query that shows it, without asking again', async () => {
  const { client: watching, asked } = counting()
  const id = await find(watching)
  let shown: string | null | undefined
  let cursor: string | undefined
  const screen = watching.query(CUSTOMER, { id }).subscribe(({ data }) => {
    shown = data?.customer?.jobTitle
    cursor ??= data?.changeLog.cursor
  })
  await until(() => cursor !== undefined)
  const before = shown
  const live = watching.subscription(CUSTOMER_CHANGES, { id, after: cursor! }).subscribe(() => {})
  const requests = asked()
  try {
    await setTitle(id, 'Head of Purchasing')
    await until(() => shown === 'Head of Purchasing')
    assert.equal(asked(), requests)
  } finally {
    await resetTitle(id)
    await until(() => shown === before)
    live.unsubscribe()
    screen.unsubscribe()
  }
})

test('an event that was written while the connection was broken is told after it, and none twice', async () => {
  const line = await lineTo(URL)
  const watching = client({}, line.url)
  const id = await find(watching)
  const { changeLog } = await answer(watching.query(CUSTOMER, { id }).toPromise())
  const told: { cursor: string; title: string | null | undefined }[] = []
  const live = watching.subscription(CUSTOMER_CHANGES, { id, after: changeLog.cursor }).subscribe(({ data, error }) => {
    assert.equal(error, undefined)
    if (data) told.push({ cursor: data.customerUpdated.cursor, title: data.customerUpdated.customer?.jobTitle })
  })
  try {
    await setTitle(id, 'first')
    await until(() => told.length === 1)
    line.cut()
    await setTitle(id, 'second')
    const before = line.connections
    line.mend()
    await until(() => told.length === 2)
    line.cut()
    line.mend()
    await setTitle(id, 'third')
    await until(() => told.length === 3)
    assert.deepEqual(told.map(({ title }) => title), ['first', 'second', 'third'])
    assert.equal(new Set(told.map(({ cursor }) => cursor)).size, 3)
    assert.ok(line.connections > before)
  } finally {
    live.unsubscribe()
    await resetTitle(id)
    await line.close()
  }
})

test('an interaction that is recorded is told by its id, and stands first in the journey', async () => {
  const asking = client()
  const id = await find(asking, 'an') // it stays, and other tests count what the first person has
  const { changeLog } = await answer(asking.query(CUSTOMER, { id }).toPromise())
  const told: string[] = []
  const live = asking.subscription(NEW_INTERACTIONS, { id, after: changeLog.cursor }).subscribe(({ data }) => {
    if (data) told.push(data.interactionRecorded.interactionId)
  })
  const { recordInteraction } = await answer(client().mutation(RECORD, { id }).toPromise())
  assert.deepEqual(recordInteraction.userErrors, [])
  await until(() => told.length === 1)
  live.unsubscribe()
  const { customer } = await answer(client().query(JOURNEY, { id }).toPromise())
  assert.deepEqual(told, [recordInteraction.interaction?.id])
  assert.equal(customer?.interactions.nodes[0]?.id, told[0])
})

test('a subscription that cannot go on ends, and says whether to begin again', async () => {
  const refused = await new Promise<OperationResult>((resolve) => {
    const live = client().subscription(CUSTOMER_CHANGES, { id: '', after: 'no cursor' }).subscribe((result) => {
      queueMicrotask(() => live.unsubscribe())
      resolve(result)
    })
  })
  assert.ok(refused.error)
  assert.deepEqual(codesOf(refused.error), ['BAD_USER_INPUT'])
  assert.equal(mustBeginAgain(refused.error), false)
})

test('errors become sentences', async () => {
  const { error: unknown } = await client({ headers: { 'x-api-key': 'nobody has this key' } }).query(SEARCH, { text: 'a' })
  assert.ok(unknown)
  assert.equal(sentenceOf(unknown), 'The key is missing or no longer valid.')
  const { error: away } = await client({}, 'http://127.0.0.1:9/graphql').query(SEARCH, { text: 'a' })
  assert.ok(away)
  assert.equal(sentenceOf(away), 'The server cannot be reached.')
})
