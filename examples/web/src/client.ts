// The client of the API: urql, a cache that knows things by their ids, and subscriptions that go on by themselves.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { createClient } from 'graphql-sse'
import { resuming } from './resuming.js'

export interface Options {
  /** Sent with every request. A key belongs on a server: the page itself asks `serve.mjs`, which adds it. */
  headers?: Record<string, string>
  fetch?: typeof fetch
  /** Milliseconds before a broken subscription is opened again for the n-th time. */
  wait?: (tries: number) => number
}

/** Ask the API at this address. */
export function c360Client(url: string, { headers = {}, fetch: fetchFn = fetch, wait }: Options = {}): Client {
  const events = resuming(createClient({ url, headers, fetchFn, retryAttempts: 0 }), wait)
  return new Client({
    url,
    fetch: fetchFn,
    fetchOptions: { headers },
    preferGetMethod: false,
    exchanges: [
      cacheExchange({ keys: WITHOUT_ID }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: ({ next, error, complete }) => ({
            unsubscribe: events.subscribe(
              { query, variables: variables ?? {} },
              { next: (result) => next(result as Parameters<typeof next>[0]), error, complete },
            ),
          }),
        }),
      }),
    ],
  })
}

/** Every `id` is global, so what has one is one object of the cache. These have none: they belong to what names them. */
const WITHOUT_ID = {
  ChangeLog: () => null,
  EmailAddress: () => null,
  PhoneNumber: () => null,
  FieldProvenance: () => null,
}
