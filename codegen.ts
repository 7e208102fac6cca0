import type { CodegenConfig } from '@graphql-codegen/cli'

/** Typed documents for the SDK and the tests, from schema.graphql alone. Run: npm run codegen */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'sdk/documents/*.graphql',
  generates: {
    'sdk/generated/graphql.ts': {
      plugins: ['typescript', 'typescript-operations', 'typed-document-node'],
      config: {
        scalars: { DateTime: 'string', ID: 'string' },
        useTypeImports: true,
        enumsAsTypes: true,
        dedupeFragments: true,
        immutableTypes: false,
        skipTypename: false,
        nonOptionalTypename: false,
        avoidOptionals: { field: true, object: false, inputValue: false },
        onlyOperationTypes: true,
      },
    },
  },
}

export default config
