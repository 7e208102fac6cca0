import type { CodegenConfig } from '@graphql-codegen/cli'

const scalars = { DateTime: 'string', ID: 'string' }

/** Typed documents of the SDK, which tests and some examples use too, from schema.graphql alone. Run: npm run codegen */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  // Imports of ES modules: with an extension.
  emitLegacyCommonJSImports: false,
  generates: {
    // Types, and the operations as texts: for the package, tests and examples.
    'sdk/src/generated/graphql.ts': {
      documents: 'sdk/documents/*.graphql',
      plugins: ['typescript', 'typescript-operations', './scripts/documents-plugin.mjs'],
      config: {
        scalars,
        enumsAsTypes: true,
        dedupeFragments: true,
        immutableTypes: false,
        skipTypename: false,
        nonOptionalTypename: false,
        avoidOptionals: { field: true, object: false, inputValue: false },
        onlyOperationTypes: true,
      },
    },
    'examples/apollo/generated/': {
      documents: 'examples/apollo/*.ts',
      preset: 'client',
      // __typename in every selection, as Apollo Client adds it to what it sends.
      config: {
        scalars,
        useTypeImports: true,
        enumsAsTypes: true,
        nonOptionalTypename: true,
        onlyOperationTypes: true,
      },
      presetConfig: { fragmentMasking: false },
    },
    'examples/apollo/generated/possible-types.ts': {
      plugins: ['fragment-matcher'],
      config: { useExplicitTyping: true, apolloClientVersion: 3 },
    },
    'examples/urql/generated/introspection.ts': {
      plugins: ['urql-introspection'],
      config: { useTypeImports: true },
    },
    'examples/codegen/generated/': {
      documents: 'examples/codegen/*.ts',
      preset: 'client',
      config: { scalars, useTypeImports: true, enumsAsTypes: true, documentMode: 'string', onlyOperationTypes: true },
    },
  },
}

export default config
