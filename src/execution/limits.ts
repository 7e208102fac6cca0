import { createRequire } from 'node:module'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  SingleFieldSubscriptionsRule,
  specifiedRules,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type * as QueryComplexity from 'graphql-query-complexity'
import { tooComplex } from '../schema/building/parse.ts'
import { isPage, sizingVariables } from './sizing-variables.ts'
import { subscriptionRootRule } from './subscription-root.ts'
import { coerceVariables } from './variables.ts'

// By require: its ES module brings a second graphql along, which knows nothing of our schema's types.
const { getComplexity } = createRequire(import.meta.url)('graphql-query-complexity') as typeof QueryComplexity

const maxDepth = 15
const maxAliases = 50
/** Rows that the pages of an operation may come to, one inside the other: 100 conversations with 50 messages are 5,100. */
const maxRows = 10_000
/** What a page holds when the operation does not say; the largest default there is. */
const defaultPageSize = 50
const maxPageSize = 100
/** Events one resync answers at the most. */
const maxResyncEvents = 10_000

/** Verdicts kept for an operation, by the values they depend on: most clients ask for pages of one or two sizes. */
const maxVerdicts = 20
const maxVerdictKeyLength = 200

/** What the specification asks of a document, and limits on it. */
export function validationRules(introspection: boolean): ValidationRule[] {
  const reported = {
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(tooComplex(error))],
  }
  return [
    ...specifiedRules.map((rule) => (rule === SingleFieldSubscriptionsRule ? subscriptionRootRule : rule)),
    // Fragments and inline fragments add no level of their own: a union's members would cost two each.
    maxDepthRule({ n: maxDepth, flattenFragments: true, ...reported }),
    maxAliasesRule({ n: maxAliases, ...reported }),
    ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ]
}

/** Only what is read by the page counts: the depth and the number of fields have limits of their own. */
const rowsOf: QueryComplexity.ComplexityEstimator = ({ type, field, args, childComplexity }) => {
  const inside = (rows: number) => rows * (1 + childComplexity)
  if (type.name === 'Query' && field.name === 'nodes') return inside((args.ids as unknown[]).length)
  if (type.name === 'Query' && field.name === 'resync') {
    const { cursors, resume, limit } = args as {
      cursors?: unknown[] | null
      resume?: string | null
      limit?: number | null
    }
    // After a token as many streams as have moved.
    const streamCount = resume == null ? (cursors?.length ?? 0) : Infinity
    return Math.min(maxResyncEvents, streamCount * (limit ?? 500)) * Math.max(1, childComplexity)
  }
  if (!isPage(field.type)) return childComplexity
  const { first, last } = args as { first?: number | null; last?: number | null }
  // What is out of bounds is refused by the page itself, with better words.
  return inside(Math.min(maxPageSize, Math.max(0, first ?? last ?? defaultPageSize)))
}

type Variables = Readonly<Record<string, unknown>>

/** Of a text it counts that there is one: each token is another. */
const sizeOf = (value: unknown) => (typeof value === 'string' ? 'text' : value)

/** Says for one operation of a document whether its pages come to too much with these variables. */
export type RowLimit = (variables: Variables) => GraphQLError | null

/** Pages inside pages multiply, and one such operation could hold up everybody else on the process. */
export function rowLimit(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): RowLimit {
  const { name } = operation
  const names = sizingVariables(schema, document)
  if (names === null) return () => null
  const verdicts = new Map<string, GraphQLError | null>()
  const judge = (variables: Variables): GraphQLError | null => {
    // Variables that do not fit: the execution says what is wrong with them. Counted, each single fault would be looked for.
    if (coerceVariables(schema, operation, variables).errors) return null
    const rows = getComplexity({
      schema,
      query: document,
      variables,
      ...(name && { operationName: name.value }),
      estimators: [rowsOf],
    })
    if (rows <= maxRows) return null
    return tooComplex(
      new GraphQLError(`The pages of this operation come to ${String(rows)} rows; ${String(maxRows)} are allowed.`),
    )
  }
  return (variables) => {
    const given = names.filter((one) => Object.hasOwn(variables, one)).map((one) => [one, sizeOf(variables[one])])
    const key = JSON.stringify(given)
    const known = verdicts.get(key)
    if (known !== undefined) return known
    try {
      const verdict = judge(variables)
      if (verdicts.size < maxVerdicts && key.length <= maxVerdictKeyLength) verdicts.set(key, verdict)
      return verdict
    } catch (error) {
      // What is wrong with them otherwise is for the execution to say too.
      if (error instanceof GraphQLError) return null
      throw error
    }
  }
}
