// A subscription that outlives its connection: it is opened again after the cursor of the last event, so that nothing is
// missed and nothing comes twice. It serves a client of graphql-sse as well as one of graphql-ws.

/** An operation. A subscription that selects `cursor` and hands `$after` on can be resumed. */
export interface Operation {
  query: string
  variables?: Record<string, unknown> | null
  operationName?: string | null
}

/** What is told: results, and how it ended. */
export interface Sink {
  next(result: Result): void
  error(reason: unknown): void
  complete(): void
}

export interface Result {
  data?: unknown
  errors?: readonly { extensions?: { [name: string]: unknown } | undefined }[] | undefined
}

/** A client whose subscriptions end with their connection: make it with `retryAttempts: 0`. */
export interface Subscriber {
  subscribe(operation: Operation, sink: Sink): () => void
}

const LONGEST_WAIT = 30_000

/** Milliseconds before the next try: longer each time, and not the same for all who lost the same server. */
export function patience(tries: number): number {
  return Math.min(LONGEST_WAIT, 500 * 2 ** tries) * (0.5 + Math.random() / 2)
}

/** The client with subscriptions that go on; only a refusal ends them, and is told. */
export function resuming(client: Subscriber, wait: (tries: number) => number = patience): Subscriber {
  return {
    subscribe(operation, sink) {
      let after = operation.variables?.['after']
      let tries = 0
      let over = false
      let close = (): void => {}
      let pending: ReturnType<typeof setTimeout> | undefined

      function end(tell: () => void): void {
        if (over) return
        over = true
        tell()
      }
      function again(): void {
        if (over || pending !== undefined) return
        pending = setTimeout(open, wait(tries++))
      }
      function open(): void {
        pending = undefined
        let refused = false
        close = client.subscribe(
          { ...operation, variables: { ...operation.variables, after } },
          {
            next(result) {
              if (over || isUnavailable(result.errors)) return
              refused = result.errors !== undefined
              const cursor = cursorOf(result.data)
              if (cursor !== undefined) {
                after = cursor
                tries = 0
              }
              sink.next(result)
            },
            error: (reason) => (isRefusal(reason) ? end(() => sink.error(reason)) : again()),
            // The server completes what it refuses, and nothing else: any other end is a connection's.
            complete: () => (refused ? end(() => sink.complete()) : again()),
          },
        )
      }

      open()
      return () => {
        over = true
        clearTimeout(pending)
        close()
      }
    },
  }
}

/** The cursor of an event: that of its only field. */
function cursorOf(data: unknown): string | undefined {
  const event: unknown = Object.values(data ?? {})[0]
  return isObject(event) && typeof event['cursor'] === 'string' ? event['cursor'] : undefined
}

function isUnavailable(errors: unknown): boolean {
  return Array.isArray(errors) && errors.length > 0 && errors.every((error) => codeOf(error) === 'SERVICE_UNAVAILABLE')
}

function codeOf(error: unknown): unknown {
  return isObject(error) && isObject(error['extensions']) ? error['extensions']['code'] : undefined
}

/** Whether trying again would not help: the operation is wrong, or we may not ask. */
function isRefusal(reason: unknown): boolean {
  if (Array.isArray(reason)) return !isUnavailable(reason) // graphql-ws: the errors of the operation
  if (!isObject(reason)) return false
  if (typeof reason['code'] === 'number') return reason['code'] >= 4400 && reason['code'] < 4500 // how a socket was closed
  const response = reason['response'] // graphql-sse: the answer to a request
  const status = isObject(response) ? response['status'] : undefined
  return typeof status === 'number' && status >= 400 && status < 500 && status !== 408 && status !== 429
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
