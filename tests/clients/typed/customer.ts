// A program over the types that graphql-codegen makes: it compiles under --strict and asks the served API.
import { Client, fetchExchange } from '@urql/core'
import { graphql } from './gql/gql.js'
import type { BusinessFunction, CustomerFilter } from './gql/graphql.js'

const BY_EMAIL = graphql(`
  query TypedCustomer($email: String!) {
    customerByIdentifier(identifier: { emailAddress: $email }) {
      id
      displayName
      jobTitle
      interactions(first: 3) {
        nodes {
          occurredAt
          function
          amount {
            amount
            currencyCode
          }
        }
      }
    }
  }
`)

/** What is known of a customer, in the types of the schema. */
export interface Known {
  id: string
  name: string
  jobTitle: string | null
  functions: BusinessFunction[]
  moments: string[]
}

export async function known(url: string, token: string, email: string): Promise<Known | null> {
  const fetchOptions = { headers: { authorization: `Bearer ${token}` } }
  const client = new Client({ url, exchanges: [fetchExchange], fetchOptions, preferGetMethod: false })
  const { data, error } = await client.query(BY_EMAIL, { email }).toPromise()
  if (error) throw error
  const customer = data?.customerByIdentifier
  if (!customer) return null
  return {
    id: customer.id,
    name: customer.displayName,
    jobTitle: customer.jobTitle ?? null,
    functions: customer.interactions.nodes.map((interaction) => interaction.function),
    moments: customer.interactions.nodes.map((interaction) => interaction.occurredAt),
  }
}

/** Calls that the compiler must refuse: if it takes one, the line above it is an error. */
export function refused(client: Client): void {
  // @ts-expect-error the e-mail address is a text
  void client.query(BY_EMAIL, { email: 1 })
  // @ts-expect-error the variable is required
  void client.query(BY_EMAIL, {})
  // @ts-expect-error there is no such function of the company
  const wrong: BusinessFunction = 'GARDENING'
  // @ts-expect-error there is no such filter
  const filter: CustomerFilter = { shoeSize: { eq: 44 } }
  void [wrong, filter]
}
