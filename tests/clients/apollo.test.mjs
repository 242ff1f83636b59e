// Apollo Client as a web application uses it: answers, one cached object per id, pages merged, changes, failures.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { relayStylePagination } from '@apollo/client/utilities'
import { mara, recordingFetch, url } from './served.mjs'

const BY_IDENTIFIER = gql`
  query ByIdentifier($identifier: CustomerIdentifierInput!) {
    customerByIdentifier(identifier: $identifier) { id displayName sources interactionCount }
  }
`
const BY_ID = gql`query ById($id: ID!) { customer(id: $id) { id displayName sources } }`
const JOURNEY = gql`
  query Journey(
    $id: ID!, $filter: InteractionFilter, $first: Int, $after: String, $last: Int, $before: String
  ) {
    customer(id: $id) {
      id
      interactions(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id kind } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
`
const OPEN_REVIEWS = gql`
  query OpenReviews {
    matchReviews(filter: { status: { eq: OPEN } }, first: 100) {
      nodes {
        id version assignee status
        first { id customer { id recordCount } }
        second { id customer { id recordCount } }
      }
    }
  }
`

function apollo({ typePolicies = {}, possibleTypes, before = [], ...options } = {}) {
  const { fetch, requests } = recordingFetch()
  const client = new ApolloClient({
    link: ApolloLink.from([...before, new HttpLink({ uri: url, fetch, ...options })]),
    cache: new InMemoryCache({ typePolicies, possibleTypes }),
  })
  return { client, requests }
}

async function maraBy(client, identifier) {
  const { data } = await client.query({ query: BY_IDENTIFIER, variables: { identifier } })
  return data.customerByIdentifier
}

/** What is seen on a screen that watches a query: its newest data. */
function watch(client, options) {
  const screen = { data: undefined, query: client.watchQuery(options) }
  screen.query.subscribe({ next: (result) => { screen.data = result.data } })
  return screen
}

async function until(holds) {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, `not seen within 20 s: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a query is answered', async () => {
  const { client } = apollo()
  const found = await maraBy(client, { emailAddress: mara.email })
  assert.equal(found.displayName, mara.name)
  assert.deepEqual(found.sources, mara.sources)
  assert.equal(found.interactionCount, mara.interactionCount)
})

test('a query is answered by GET', async () => {
  const { client, requests } = apollo({ useGETForQueries: true })
  assert.equal((await maraBy(client, { emailAddress: mara.email })).displayName, mara.name)
  assert.deepEqual(requests.map((request) => request.method), ['GET'])
})

test('one customer found in two ways is one object of the cache, and is there without the network by her id', async () => {
  const customer = (existing, { args, toReference }) => existing ?? toReference({ __typename: 'Customer', id: args.id })
  const { client, requests } = apollo({ typePolicies: { Query: { fields: { customer } } } })
  const byEmail = await maraBy(client, { emailAddress: mara.email })
  const byPhone = await maraBy(client, { phoneNumber: mara.phone })
  const asked = requests.length
  const byId = await client.query({ query: BY_ID, variables: { id: byEmail.id } })

  assert.equal(byPhone.id, byEmail.id)
  const cached = Object.keys(client.cache.extract()).filter((key) => key.startsWith('Customer:'))
  assert.deepEqual(cached, [`Customer:${byEmail.id}`])
  assert.equal(byId.data.customer.displayName, mara.name)
  assert.equal(requests.length, asked)
})

test('fragments on the interface Node are told apart by the possible types that introspection gives', async () => {
  const { client: asking } = apollo()
  const introspection = gql`{ __schema { types { kind name possibleTypes { name } } } }`
  const { data } = await asking.query({ query: introspection })
  const possibleTypes = Object.fromEntries(
    data.__schema.types
      .filter((type) => type.possibleTypes)
      .map((type) => [type.name, type.possibleTypes.map((possible) => possible.name)]),
  )
  assert.ok(possibleTypes.Node.includes('Customer'))

  const { client } = apollo({ possibleTypes })
  const { id } = await maraBy(client, { emailAddress: mara.email })
  const query = gql`
    query Anything($id: ID!) { node(id: $id) { ...Known } }
    fragment Known on Node { id ... on Customer { lifecycleStage } ... on Account { name } }
  `
  const { data: answer } = await client.query({ query, variables: { id } })
  assert.equal(answer.node.lifecycleStage, 'customer')
  assert.ok(!('name' in answer.node))
})

test('relayStylePagination puts the pages of a journey together, both ways, and apart from a filtered list', async () => {
  const typePolicies = { Customer: { fields: { interactions: relayStylePagination(['filter', 'orderBy']) } } }
  const whole = apollo()
  const { id } = await maraBy(whole.client, { emailAddress: mara.email })
  const { data } = await whole.client.query({ query: JOURNEY, variables: { id, first: 100 } })
  const expected = data.customer.interactions.edges.map((edge) => edge.node.id)
  assert.equal(expected.length, mara.interactionCount)

  const { client } = apollo({ typePolicies })
  const forwards = watch(client, { query: JOURNEY, variables: { id, first: 5 } })
  await until(() => forwards.data?.customer?.interactions?.edges?.length === 5)
  while (forwards.data.customer.interactions.pageInfo.hasNextPage) {
    const { edges, pageInfo } = forwards.data.customer.interactions
    await forwards.query.fetchMore({ variables: { after: pageInfo.endCursor } })
    await until(() => forwards.data.customer.interactions.edges.length > edges.length)
  }
  assert.deepEqual(forwards.data.customer.interactions.edges.map((edge) => edge.node.id), expected)

  const filter = { kind: { eq: 'ticket.created' } }
  const { data: filtered } = await client.query({ query: JOURNEY, variables: { id, filter, first: 5 } })
  assert.deepEqual(filtered.customer.interactions.edges.map((edge) => edge.node.kind), ['ticket.created'])
  assert.deepEqual(forwards.data.customer.interactions.edges.map((edge) => edge.node.id), expected)

  const backwards = watch(apollo({ typePolicies }).client, { query: JOURNEY, variables: { id, last: 5 } })
  await until(() => backwards.data?.customer?.interactions?.edges?.length === 5)
  while (backwards.data.customer.interactions.pageInfo.hasPreviousPage) {
    const { edges, pageInfo } = backwards.data.customer.interactions
    await backwards.query.fetchMore({ variables: { before: pageInfo.startCursor } })
    await until(() => backwards.data.customer.interactions.edges.length > edges.length)
  }
  assert.deepEqual(backwards.data.customer.interactions.edges.map((edge) => edge.node.id), expected)
})

test('what a mutation answers reaches every screen that shows it', async () => {
  const { client } = apollo()
  const screen = watch(client, { query: OPEN_REVIEWS })
  await until(() => screen.data?.matchReviews?.nodes?.length > 0)
  const { id } = screen.data.matchReviews.nodes[0]
  const shown = () => screen.data.matchReviews.nodes.find((review) => review.id === id).assignee
  const mutation = gql`
    mutation Assign($input: AssignMatchReviewInput!) {
      assignMatchReview(input: $input) { review { id assignee } userErrors { code message } }
    }
  `
  const { data } = await client.mutate({ mutation, variables: { input: { reviewId: id, assignee: mara.name } } })
  assert.deepEqual(data.assignMatchReview.userErrors, [])
  await until(() => shown() === mara.name)
  await client.mutate({ mutation, variables: { input: { reviewId: id, assignee: null } } })
  await until(() => shown() === null)
})

test('a pair is accepted, the cached customer grows, and the decision is taken back', async () => {
  const { client } = apollo()
  const { data: queue } = await client.query({ query: OPEN_REVIEWS })
  const review = queue.matchReviews.nodes.at(-1)
  const customers = [review.first.customer, review.second.customer]
  const together = customers[0].recordCount + customers[1].recordCount
  const cachedCounts = () =>
    customers.map(({ id }) => client.cache.extract()[`Customer:${id}`]?.recordCount).sort((a, b) => a - b)
  const before = cachedCounts()
  const fields = `decisions { id revertedAt } customers { id recordCount formerIds } userErrors { code message }`
  const accept = gql`mutation Accept($input: AcceptMatchInput!) { acceptMatch(input: $input) { ${fields} } }`
  const revert = gql`
    mutation Revert($input: RevertMatchDecisionInput!) { revertMatchDecision(input: $input) { ${fields} } }
  `
  const input = { reviewId: review.id, version: review.version, reason: 'Same person' }
  const accepted = (await client.mutate({ mutation: accept, variables: { input } })).data.acceptMatch
  assert.deepEqual(accepted.userErrors, [])
  assert.equal(accepted.customers.length, 1)
  assert.equal(accepted.customers[0].recordCount, together)
  assert.equal(client.cache.extract()[`Customer:${accepted.customers[0].id}`].recordCount, together)

  const decisionId = accepted.decisions[0].id
  const taken = await client.mutate({ mutation: revert, variables: { input: { decisionId } } })
  assert.deepEqual(taken.data.revertMatchDecision.userErrors, [])
  assert.ok(taken.data.revertMatchDecision.decisions[0].revertedAt)
  assert.deepEqual(cachedCounts(), before)
})

test('a trial run tells what a merge would move and changes nothing', async () => {
  const { client } = apollo()
  const { id } = await maraBy(client, { emailAddress: mara.email })
  const { data } = await client.query({ query: gql`{ customers(first: 2) { nodes { id } } }` })
  const other = data.customers.nodes.find((customer) => customer.id !== id)
  const mutation = gql`
    mutation Merge($input: MergeCustomersInput!) {
      mergeCustomers(input: $input) { decisions { id } change { retiredCustomerIds } userErrors { code message } }
    }
  `
  const merged = await client.mutate({
    mutation,
    variables: { input: { customerIds: [id, other.id], dryRun: true } },
  })
  assert.deepEqual(merged.data.mergeCustomers.userErrors, [])
  assert.deepEqual(merged.data.mergeCustomers.decisions, [])
  assert.equal(merged.data.mergeCustomers.change.retiredCustomerIds.length, 1)
  const { data: after } = await client.query({
    query: BY_IDENTIFIER,
    variables: { identifier: { emailAddress: mara.email } },
    fetchPolicy: 'network-only',
  })
  assert.equal(after.customerByIdentifier.id, id)
})

test('an error reaches the application with its code, and the rest of the answer with it', async () => {
  const { client } = apollo()
  const query = gql`query Partly($id: ID!) { customer(id: $id) { id } sources { name } }`
  const { data, error } = await client.query({ query, variables: { id: 'no id' }, errorPolicy: 'all' })
  assert.ok(CombinedGraphQLErrors.is(error))
  assert.deepEqual(error.errors.map((one) => [one.path, one.extensions.code]), [[['customer'], 'BAD_USER_INPUT']])
  assert.equal(data.customer, null)
  assert.ok(data.sources.some((source) => source.name === 'crm'))
})

test('a document that is not valid, and a missing token, are errors with codes, too', async () => {
  const codes = async (client, query) => {
    const { error } = await client.query({ query, errorPolicy: 'all' })
    assert.ok(CombinedGraphQLErrors.is(error), String(error))
    return error.errors.map((one) => one.extensions.code)
  }
  const stranger = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() })
  assert.deepEqual(await codes(apollo().client, gql`{ nothing }`), ['GRAPHQL_VALIDATION_FAILED'])
  assert.deepEqual(await codes(stranger, gql`{ sources { name } }`), ['UNAUTHENTICATED'])
})

test('automatic persisted queries: a document is sent once, its hash from then on, by POST and by GET', async () => {
  const sha256 = (text) => createHash('sha256').update(text).digest('hex')
  for (const useGETForHashedQueries of [false, true]) {
    const named = gql(`query Apq${useGETForHashedQueries ? 'Got' : 'Posted'}($identifier: CustomerIdentifierInput!) {
      customerByIdentifier(identifier: $identifier) { id displayName sources recordCount }
    }`)
    const { client, requests } = apollo({ before: [new PersistedQueryLink({ sha256, useGETForHashedQueries })] })
    const by = async (identifier) => {
      const { data } = await client.query({ query: named, variables: { identifier }, fetchPolicy: 'network-only' })
      return data.customerByIdentifier.displayName
    }
    assert.equal(await by({ emailAddress: mara.email }), mara.name)
    assert.equal(await by({ phoneNumber: mara.phone }), mara.name)
    assert.equal(await by({ emailAddress: mara.email }), mara.name)
    const inFull = requests.map(({ method, address, body }) =>
      method === 'GET' ? new URL(address).searchParams.has('query') : 'query' in JSON.parse(body))
    assert.deepEqual(inFull, [false, true, false, false])
    const methods = requests.map(({ method }) => method)
    assert.deepEqual(methods, useGETForHashedQueries ? ['GET', 'POST', 'GET', 'GET'] : ['POST', 'POST', 'POST', 'POST'])
  }
})
