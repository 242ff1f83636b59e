// Everything this page asks. `npm run codegen` reads it and writes the types of the answers into gql/.
import { graphql } from './gql/gql.js'

export const SEARCH = graphql(`
  query Search($text: String!) {
    search(query: $text, types: [CUSTOMER], first: 20) {
      totalCount
      nodes {
        __typename
        ... on Customer {
          id
          displayName
          accountName
          primaryEmail {
            address
          }
        }
      }
    }
  }
`)

/** The golden record as the page shows it; events carry the same fields, so that the cache can show what changed. */
export const CARD = graphql(`
  fragment Card on Customer {
    id
    displayName
    jobTitle
    accountName
    primaryEmail {
      address
    }
    primaryPhone {
      number
    }
    lifecycleStage
    sources
    recordCount
    interactionCount
  }
`)

/** The cursor of the change log is taken before the customer is read: what changes from then on is told. */
export const CUSTOMER = graphql(`
  query Customer($id: ID!) {
    changeLog {
      cursor
    }
    customer(id: $id) {
      ...Card
      fieldProvenance {
        field
        rule
        isPinned
        sourceRecord {
          id
          source
        }
      }
    }
  }
`)

export const JOURNEY = graphql(`
  query Journey($id: ID!, $after: String) {
    customer(id: $id) {
      id
      interactions(first: 6, after: $after) {
        nodes {
          id
          occurredAt
          kind
          function
          channel
          subject
          touchpoint {
            id
            name
            isMomentOfTruth
          }
          surveyResponse {
            id
            metric
            rawScore
            comment
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

export const CUSTOMER_CHANGES = graphql(`
  subscription CustomerChanges($id: ID!, $after: String) {
    customerUpdated(customerIds: [$id], after: $after) {
      cursor
      customerId
      customer {
        ...Card
      }
    }
  }
`)

export const NEW_INTERACTIONS = graphql(`
  subscription NewInteractions($id: ID!, $after: String) {
    interactionRecorded(customerIds: [$id], after: $after) {
      cursor
      interactionId
    }
  }
`)
