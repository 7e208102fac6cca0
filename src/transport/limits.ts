import { createRequire } from 'node:module'
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  getNamedType,
  type ExecutionArgs,
  type ValidationContext,
} from 'graphql'
import type * as QueryComplexity from 'graphql-query-complexity'
import type { Plugin } from 'graphql-yoga'
import { QueryTooComplexError } from '../domain/errors.ts'

// By require: its ES module brings a second graphql along, which knows nothing of our schema's types.
const { getComplexity } = createRequire(import.meta.url)('graphql-query-complexity') as typeof QueryComplexity

const maxDepth = 15
const maxAliases = 50
const maxTokens = 2_000
/** Rows that the pages of an operation may come to, one inside the other: 100 conversations with 50 messages are 5,100. */
const maxRows = 10_000
/** What a page holds when the operation does not say; the largest default there is. */
const defaultPageSize = 50
const maxPageSize = 100
/** Events one resync answers at the most. */
const maxResyncEvents = 10_000

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
    useRowLimit,
  ]
}

/** Only what is read by the page counts: the depth and the number of fields have limits of their own. */
const rowsOf: QueryComplexity.ComplexityEstimator = ({ type, field, args, childComplexity }) => {
  const inside = (rows: number) => rows * (1 + childComplexity)
  if (type.name === 'Query' && field.name === 'nodes') return inside((args.ids as unknown[]).length)
  if (type.name === 'Query' && field.name === 'resync') {
    const { cursors, limit } = args as { cursors: unknown[]; limit?: number | null }
    return Math.min(maxResyncEvents, cursors.length * (limit ?? 500)) * Math.max(1, childComplexity)
  }
  if (!getNamedType(field.type).name.endsWith('Connection')) return childComplexity
  const { first, last } = args as { first?: number | null; last?: number | null }
  // What is out of bounds is refused by the page itself, with better words.
  return inside(Math.min(maxPageSize, Math.max(0, first ?? last ?? defaultPageSize)))
}

/** Pages inside pages multiply, and one such operation could hold up everybody else on the process. */
const useRowLimit: Plugin = {
  onExecute({ args, setResultAndStopExecution }) {
    const error = tooManyRows(args)
    if (error) setResultAndStopExecution({ errors: [error] })
  },
  onSubscribe({ args, setResultAndStopExecution }) {
    const error = tooManyRows(args)
    if (error) setResultAndStopExecution({ errors: [error] })
  },
}

/** The error for an operation whose pages come to too many rows; null for any other. */
export function tooManyRows({ schema, document, variableValues, operationName }: ExecutionArgs): GraphQLError | null {
  let rows: number
  try {
    rows = getComplexity({
      schema,
      query: document,
      variables: variableValues ?? {},
      ...(operationName && { operationName }),
      estimators: [rowsOf],
    })
  } catch (error) {
    // Variables that do not fit: the execution says what is wrong with them.
    if (error instanceof GraphQLError) return null
    throw error
  }
  return rows > maxRows
    ? tooComplex(
        new GraphQLError(`The pages of this operation come to ${String(rows)} rows; ${String(maxRows)} are allowed.`),
      )
    : null
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
