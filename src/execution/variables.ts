import { getVariableValues, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'

type Values = Record<string, unknown>

/** After these nothing more of the variables is looked at: a list of a million wrong values takes as long as one. */
const maxErrors = 10

export type Coerced = { values: Values; errors?: never } | { errors: readonly GraphQLError[] }

/** The variables of an operation as its resolvers get them, or what is wrong with the first ones that do not fit. */
export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Values> | null | undefined,
): Coerced {
  if (variableDefinitions.length === 0) return { values: {} }
  // Suggestions are for who may see the schema; GraphiQL makes them by itself.
  const options = { maxErrors, hideSuggestions: true }
  const { coerced, errors } = getVariableValues(schema, variableDefinitions, given ?? {}, options)
  return errors ? { errors } : { values: coerced }
}
