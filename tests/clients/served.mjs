// The API that the tests of this folder ask: where it is, the token it wants, and the person every sample begins with.
export const url = required('C360_CLIENTS_URL')
export const token = required('C360_CLIENTS_TOKEN')
export const authorization = { authorization: `Bearer ${token}` }

export const mara = {
  email: 'mara.lindqvist@nordlicht.example',
  phone: '+46 70-174 06 05',
  name: 'Mara Lindqvist',
  sources: ['crm', 'helpdesk', 'marketing'],
  interactionCount: 16,
}

/** A `fetch` that sends the token and remembers what it was asked. */
export function recordingFetch() {
  const requests = []
  const recorded = (address, options = {}) => {
    requests.push({ method: options.method ?? 'GET', address: String(address), body: options.body })
    return fetch(address, { ...options, headers: { ...options.headers, ...authorization } })
  }
  return { fetch: recorded, requests }
}

/** The data of an answer, asked as the token's holder; for what a test needs beside the client it tries. */
export async function ask(query, variables = {}) {
  const headers = { ...authorization, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  const { data, errors } = await answer.json()
  if (errors) throw new Error(JSON.stringify(errors))
  for (const { userErrors } of Object.values(data)) if (userErrors?.length) throw new Error(JSON.stringify(userErrors))
  return data
}

function required(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run these tests by scripts/test --clients.`)
  return value
}
