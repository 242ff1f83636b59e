// A component's worth of Relay: what relay-compiler reads. The customer's name, and their journey page by page.
import { graphql } from 'relay-runtime'

export const CustomerQuery = graphql`
  query CustomerQuery($email: String!) {
    customerByIdentifier(identifier: { emailAddress: $email }) {
      id
      displayName
      ...Customer_journey
    }
  }
`

export const CustomerJourney = graphql`
  fragment Customer_journey on Customer
  @refetchable(queryName: "CustomerJourneyPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" }) {
    interactions(first: $count, after: $cursor) @connection(key: "Customer_journey_interactions") {
      edges {
        node {
          id
          kind
        }
      }
    }
  }
`

export const CustomerAssign = graphql`
  mutation CustomerAssignMutation($input: AssignMatchReviewInput!) {
    assignMatchReview(input: $input) {
      review {
        id
        assignee
      }
      userErrors {
        code
      }
    }
  }
`

export const CustomerReviews = graphql`
  query CustomerReviewsQuery {
    matchReviews(first: 1) {
      edges {
        node {
          id
          assignee
        }
      }
    }
  }
`
