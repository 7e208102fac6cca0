import { getVariableValues, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'

type Values = Record<string, unknown>

/** After these nothing more of the variables is looked at: a list of a million wrong values takes as long as one. */
const maxErrors = 10

export type Coerced = { values: Readonly<Values>; errors?: never } | { values?: never; errors: readonly GraphQLError[] }

/** What was coerced and is kept for events: to do it again for each would take longer than the event. */
const coercedBefore = new WeakSet<object>()

export function keepCoerced(values: Readonly<Values>): Readonly<Values> {
  coercedBefore.add(values)
  return values
}

/** The variables of an operation as its resolvers get them, or what is wrong with the first ones that do not fit. */
export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Values> | null | undefined,
): Coerced {
  if (variableDefinitions.length === 0) return { values: {} }
  if (given && coercedBefore.has(given)) return { values: given }
  // Suggestions are for who may see the schema; GraphiQL makes them by itself.
  const options = { maxErrors, hideSuggestions: true }
  const { coerced, errors } = getVariableValues(schema, variableDefinitions, given ?? {}, options)
  return errors ? { errors } : { values: coerced }
}
