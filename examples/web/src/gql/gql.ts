/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Search($text: String!) {\n    search(query: $text, types: [CUSTOMER], first: 20) {\n      totalCount\n      nodes {\n        __typename\n        ... on Customer {\n          id\n          displayName\n          accountName\n          primaryEmail {\n            address\n          }\n        }\n      }\n    }\n  }\n": typeof types.SearchDocument,
    "\n  fragment Card on Customer {\n    id\n    displayName\n    jobTitle\n    accountName\n    primaryEmail {\n      address\n    }\n    primaryPhone {\n      number\n    }\n    lifecycleStage\n    sources\n    recordCount\n    interactionCount\n  }\n": typeof types.CardFragmentDoc,
    "\n  query Customer($id: ID!) {\n    changeLog {\n      cursor\n    }\n    customer(id: $id) {\n      ...Card\n      fieldProvenance {\n        field\n        rule\n        isPinned\n        sourceRecord {\n          id\n          source\n        }\n      }\n    }\n  }\n": typeof types.CustomerDocument,
    "\n  query Journey($id: ID!, $after: String) {\n    customer(id: $id) {\n      id\n      interactions(first: 6, after: $after) {\n        nodes {\n          id\n          occurredAt\n          kind\n          function\n          channel\n          subject\n          touchpoint {\n            id\n            name\n            isMomentOfTruth\n          }\n          surveyResponse {\n            id\n            metric\n            rawScore\n            comment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.JourneyDocument,
    "\n  subscription CustomerChanges($id: ID!, $after: String) {\n    customerUpdated(customerIds: [$id], after: $after) {\n      cursor\n      customerId\n      customer {\n        ...Card\n      }\n    }\n  }\n": typeof types.CustomerChangesDocument,
    "\n  subscription NewInteractions($id: ID!, $after: String) {\n    interactionRecorded(customerIds: [$id], after: $after) {\n      cursor\n      interactionId\n    }\n  }\n": typeof types.NewInteractionsDocument,
    "\n  mutation Pin($id: ID!, $title: String!) {\n    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) {\n      userErrors {\n        code\n      }\n    }\n  }\n": typeof types.PinDocument,
    "\n  mutation Unpin($id: ID!) {\n    unpinField(input: { customerId: $id, field: JOB_TITLE }) {\n      userErrors {\n        code\n      }\n    }\n  }\n": typeof types.UnpinDocument,
    "\n  mutation RecordCall($id: ID!) {\n    recordInteraction(\n      input: { who: { customerId: $id }, kind: \"call.made\", function: SERVICE, channel: PHONE, direction: INBOUND }\n    ) {\n      interaction {\n        id\n      }\n      userErrors {\n        code\n      }\n    }\n  }\n": typeof types.RecordCallDocument,
};
const documents: Documents = {
    "\n  query Search($text: String!) {\n    search(query: $text, types: [CUSTOMER], first: 20) {\n      totalCount\n      nodes {\n        __typename\n        ... on Customer {\n          id\n          displayName\n          accountName\n          primaryEmail {\n            address\n          }\n        }\n      }\n    }\n  }\n": types.SearchDocument,
    "\n  fragment Card on Customer {\n    id\n    displayName\n    jobTitle\n    accountName\n    primaryEmail {\n      address\n    }\n    primaryPhone {\n      number\n    }\n    lifecycleStage\n    sources\n    recordCount\n    interactionCount\n  }\n": types.CardFragmentDoc,
    "\n  query Customer($id: ID!) {\n    changeLog {\n      cursor\n    }\n    customer(id: $id) {\n      ...Card\n      fieldProvenance {\n        field\n        rule\n        isPinned\n        sourceRecord {\n          id\n          source\n        }\n      }\n    }\n  }\n": types.CustomerDocument,
    "\n  query Journey($id: ID!, $after: String) {\n    customer(id: $id) {\n      id\n      interactions(first: 6, after: $after) {\n        nodes {\n          id\n          occurredAt\n          kind\n          function\n          channel\n          subject\n          touchpoint {\n            id\n            name\n            isMomentOfTruth\n          }\n          surveyResponse {\n            id\n            metric\n            rawScore\n            comment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.JourneyDocument,
    "\n  subscription CustomerChanges($id: ID!, $after: String) {\n    customerUpdated(customerIds: [$id], after: $after) {\n      cursor\n      customerId\n      customer {\n        ...Card\n      }\n    }\n  }\n": types.CustomerChangesDocument,
    "\n  subscription NewInteractions($id: ID!, $after: String) {\n    interactionRecorded(customerIds: [$id], after: $after) {\n      cursor\n      interactionId\n    }\n  }\n": types.NewInteractionsDocument,
    "\n  mutation Pin($id: ID!, $title: String!) {\n    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) {\n      userErrors {\n        code\n      }\n    }\n  }\n": types.PinDocument,
    "\n  mutation Unpin($id: ID!) {\n    unpinField(input: { customerId: $id, field: JOB_TITLE }) {\n      userErrors {\n        code\n      }\n    }\n  }\n": types.UnpinDocument,
    "\n  mutation RecordCall($id: ID!) {\n    recordInteraction(\n      input: { who: { customerId: $id }, kind: \"call.made\", function: SERVICE, channel: PHONE, direction: INBOUND }\n    ) {\n      interaction {\n        id\n      }\n      userErrors {\n        code\n      }\n    }\n  }\n": types.RecordCallDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Search($text: String!) {\n    search(query: $text, types: [CUSTOMER], first: 20) {\n      totalCount\n      nodes {\n        __typename\n        ... on Customer {\n          id\n          displayName\n          accountName\n          primaryEmail {\n            address\n          }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Search($text: String!) {\n    search(query: $text, types: [CUSTOMER], first: 20) {\n      totalCount\n      nodes {\n        __typename\n        ... on Customer {\n          id\n          displayName\n          accountName\n          primaryEmail {\n            address\n          }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Card on Customer {\n    id\n    displayName\n    jobTitle\n    accountName\n    primaryEmail {\n      address\n    }\n    primaryPhone {\n      number\n    }\n    lifecycleStage\n    sources\n    recordCount\n    interactionCount\n  }\n"): (typeof documents)["\n  fragment Card on Customer {\n    id\n    displayName\n    jobTitle\n    accountName\n    primaryEmail {\n      address\n    }\n    primaryPhone {\n      number\n    }\n    lifecycleStage\n    sources\n    recordCount\n    interactionCount\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Customer($id: ID!) {\n    changeLog {\n      cursor\n    }\n    customer(id: $id) {\n      ...Card\n      fieldProvenance {\n        field\n        rule\n        isPinned\n        sourceRecord {\n          id\n          source\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Customer($id: ID!) {\n    changeLog {\n      cursor\n    }\n    customer(id: $id) {\n      ...Card\n      fieldProvenance {\n        field\n        rule\n        isPinned\n        sourceRecord {\n          id\n          source\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Journey($id: ID!, $after: String) {\n    customer(id: $id) {\n      id\n      interactions(first: 6, after: $after) {\n        nodes {\n          id\n          occurredAt\n          kind\n          function\n          channel\n          subject\n          touchpoint {\n            id\n            name\n            isMomentOfTruth\n          }\n          surveyResponse {\n            id\n            metric\n            rawScore\n            comment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Journey($id: ID!, $after: String) {\n    customer(id: $id) {\n      id\n      interactions(first: 6, after: $after) {\n        nodes {\n          id\n          occurredAt\n          kind\n          function\n          channel\n          subject\n          touchpoint {\n            id\n            name\n            isMomentOfTruth\n          }\n          surveyResponse {\n            id\n            metric\n            rawScore\n            comment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription CustomerChanges($id: ID!, $after: String) {\n    customerUpdated(customerIds: [$id], after: $after) {\n      cursor\n      customerId\n      customer {\n        ...Card\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription CustomerChanges($id: ID!, $after: String) {\n    customerUpdated(customerIds: [$id], after: $after) {\n      cursor\n      customerId\n      customer {\n        ...Card\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription NewInteractions($id: ID!, $after: String) {\n    interactionRecorded(customerIds: [$id], after: $after) {\n      cursor\n      interactionId\n    }\n  }\n"): (typeof documents)["\n  subscription NewInteractions($id: ID!, $after: String) {\n    interactionRecorded(customerIds: [$id], after: $after) {\n      cursor\n      interactionId\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Pin($id: ID!, $title: String!) {\n    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) {\n      userErrors {\n        code\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation Pin($id: ID!, $title: String!) {\n    pinField(input: { customerId: $id, field: JOB_TITLE, value: $title }) {\n      userErrors {\n        code\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Unpin($id: ID!) {\n    unpinField(input: { customerId: $id, field: JOB_TITLE }) {\n      userErrors {\n        code\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation Unpin($id: ID!) {\n    unpinField(input: { customerId: $id, field: JOB_TITLE }) {\n      userErrors {\n        code\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RecordCall($id: ID!) {\n    recordInteraction(\n      input: { who: { customerId: $id }, kind: \"call.made\", function: SERVICE, channel: PHONE, direction: INBOUND }\n    ) {\n      interaction {\n        id\n      }\n      userErrors {\n        code\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RecordCall($id: ID!) {\n    recordInteraction(\n      input: { who: { customerId: $id }, kind: \"call.made\", function: SERVICE, channel: PHONE, direction: INBOUND }\n    ) {\n      interaction {\n        id\n      }\n      userErrors {\n        code\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;