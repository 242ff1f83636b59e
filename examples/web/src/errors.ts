// What a person is told of an error. The codes are those of docs/graphql.md; a message is for developers.
import type { CombinedError } from '@urql/core'

const SENTENCES: Record<string, string> = {
  UNAUTHENTICATED: 'The key is missing or no longer valid.',
  FORBIDDEN: 'You may not see this.',
  SERVICE_UNAVAILABLE: 'The customer database does not answer just now.',
  QUERY_TIMED_OUT: 'This took too long.',
}

/** The codes of an error; none when nothing was answered at all. */
export function codesOf(error: CombinedError): string[] {
  const codes = error.graphQLErrors.map((one) => one.extensions['code'])
  return codes.filter((code): code is string => typeof code === 'string')
}

/** One sentence for the page. */
export function sentenceOf(error: CombinedError): string {
  if (error.networkError && error.graphQLErrors.length === 0) return 'The server cannot be reached.'
  const known = codesOf(error).find((code) => code in SENTENCES)
  return (known && SENTENCES[known]) ?? `Something went wrong (${codesOf(error).join(', ') || error.message}).`
}

/** Whether a subscription cannot go on where it was: read anew, and begin again with a new cursor. */
export function mustBeginAgain(error: CombinedError): boolean {
  return codesOf(error).some((code) => code === 'CURSOR_EXPIRED' || code === 'CHANGES_RESET')
}
