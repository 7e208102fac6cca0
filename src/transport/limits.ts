import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { QueryTooComplexError } from '../domain/errors.ts'

const maxDepth = 15
const maxAliases = 50
const maxTokens = 2_000

/** Limits on the text of an operation, checked before anything of it runs; both transports pass here. */
export function operationLimits(introspection: boolean): Plugin[] {
  const reported = {
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(tooComplex(error))],
  }
  return [
    maxTokensPlugin({
      n: maxTokens,
      onReject: [
        (_context: ValidationContext | null, error: GraphQLError) => {
          throw tooComplex(error)
        },
      ],
    }),
    // Fragments and inline fragments add no level of their own: a union's members would cost two each.
    maxDepthPlugin({ n: maxDepth, flattenFragments: true, ...reported }),
    maxAliasesPlugin({ n: maxAliases, ...reported }),
    ...(introspection ? [] : [noIntrospection]),
  ]
}

const noIntrospection: Plugin = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
  },
}

function tooComplex(error: GraphQLError): GraphQLError {
  const message = `${error.message.replace('Syntax Error: ', '')} Ask for less, or split the operation.`
  return new GraphQLError(message, { originalError: new QueryTooComplexError(message) })
}
