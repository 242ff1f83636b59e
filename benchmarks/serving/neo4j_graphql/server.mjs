// @neo4j/graphql behind Apollo Server's standalone server, as its documentation sets it up.
// Needs STORE, STORE_USER, STORE_PASSWORD and PORT in the environment.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { Neo4jGraphQL } from "@neo4j/graphql";
import neo4j from "neo4j-driver";

const typeDefs = /* GraphQL */ `
  type Customer @node {
    id: ID!
    displayName: String @alias(property: "display_name")
    sortName: String @alias(property: "sort_name")
    primaryEmail: String @alias(property: "primary_email")
    lifecycleStage: String @alias(property: "lifecycle_stage")
    accountName: String @alias(property: "account_name")
    lastActivityAt: DateTime @alias(property: "last_at")
    interactions: [Interaction!]! @relationship(type: "EXPERIENCED", direction: OUT)
  }

  type Interaction @node {
    id: ID!
    occurredAt: DateTime! @alias(property: "at")
    sequence: Int!
    kind: String!
    channel: String!
    function: String!
    direction: String!
    subject: String
  }
`;

const driver = neo4j.driver(
  process.env.STORE,
  neo4j.auth.basic(process.env.STORE_USER, process.env.STORE_PASSWORD),
);
const schema = await new Neo4jGraphQL({ typeDefs, driver }).getSchema();
const server = new ApolloServer({ schema });
await startStandaloneServer(server, {
  context: async ({ req }) => ({ req }),
  listen: { host: "127.0.0.1", port: Number(process.env.PORT) },
});
