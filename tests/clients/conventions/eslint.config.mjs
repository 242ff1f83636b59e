// The conventions of schema.graphql: all of graphql-eslint's rules for schemas and for Relay, save those named below.
import graphql from '@graphql-eslint/eslint-plugin'

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: './schema.graphql' } },
    },
    plugins: { '@graphql-eslint': graphql },
    linterOptions: { noInlineConfig: true },
    rules: {
      ...graphql.configs['flat/schema-all'].rules,
      ...graphql.configs['flat/schema-relay'].rules,

      // Everything is described, not the types only.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
        },
      ],
      // Connections offer `nodes` beside `edges`, and short lists need no pages. Handoffs, stage transitions, syncs and
      // rejections are pages of what they belong to: they have no id, so they are no Node.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false },
      ],

      // Fields stand as one reads them: what a thing is first, then what hangs on it.
      '@graphql-eslint/alphabetize': 'off',
      // Values such as Money or PageInfo belong to their owner and have no id; what has one implements Node.
      '@graphql-eslint/strict-id-in-types': 'off',
      // What is looked up can be missing and is nullable; a list or a comparison cannot.
      '@graphql-eslint/require-nullable-result-in-root': 'off',
      // A payload names what was changed; anything else is asked by the next request.
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
      // The day stands in the reason: `@deprecated` of the specification takes no other argument.
      '@graphql-eslint/require-deprecation-date': 'off',
      // The rule is there to forbid mutations.
      '@graphql-eslint/no-root-type': 'off',
    },
  },
]
