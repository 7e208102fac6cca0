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
import { tooComplex } from '../schema/building/parse.ts'
import { overBudget, type OperationLimits } from './budget.ts'
import { CostWalk, Uncountable } from './cost.ts'
import { conditionNames } from './plan.ts'
import { fragmentsOf } from './plan-operation.ts'
import { sizingVariables } from './sizing-variables.ts'
import { subscriptionRootRule } from './subscription-root.ts'
import { coerceVariables } from './variables.ts'

const maxDepth = 15
const maxAliases = 50
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

type Variables = Readonly<Record<string, unknown>>

/** Of a text it counts that there is one: each token is another. Of a list its length. */
const sizeOf = (value: unknown) => (typeof value === 'string' ? 'text' : Array.isArray(value) ? [value.length] : value)

/** What an operation comes to with some variables, before anything of it runs. */
export interface Verdict {
  /** Objects at the most; 0 when its variables do not fit, which the execution says in better words. */
  objects: number
  error: GraphQLError | null
}

/** Never throws: what cannot be counted is refused. */
export type CostLimit = (variables: Variables) => Verdict

const unfit: Verdict = { objects: 0, error: null }

/** Says for one operation of a document whether it is more than one answer may have. */
export function costLimit(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: OperationLimits,
): CostLimit {
  const refused = (objects: number): Verdict => {
    const originalError = overBudget(objects === Infinity ? 'operation-plan' : 'operation-objects', { objects }, limits)
    return { objects, error: new GraphQLError(originalError.message, { originalError }) }
  }
  let judge: CostLimit | undefined
  return (variables) => {
    try {
      return (judge ??= remembering(schema, document, operation, limits, refused))(variables)
    } catch {
      return refused(limits.objects + 1)
    }
  }
}

function remembering(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: OperationLimits,
  refused: (objects: number) => Verdict,
): CostLimit {
  const fragments = fragmentsOf(document)
  const rootType = schema.getRootType(operation.operation)
  const names = sizingVariables(schema, document)
  const conditions = conditionNames([operation, ...Object.values(fragments)])
  const verdicts = new Map<string, Verdict>()
  const judge = (variables: Variables): Verdict => {
    const coerced = coerceVariables(schema, operation, variables)
    if (coerced.errors) return unfit
    const { values } = coerced
    const chosen = Object.fromEntries(conditions.flatMap((name) => (name in values ? [[name, values[name]]] : [])))
    const walk = new CostWalk({ schema, fragments, conditions: chosen }, values)
    // The execution says that there is none.
    if (!rootType) return unfit
    let objects: number
    try {
      objects = walk.objectsOf(rootType, operation.selectionSet)
    } catch (error) {
      if (error instanceof Uncountable) return refused(Infinity)
      throw error
    }
    return objects <= limits.objects ? { objects, error: null } : refused(objects)
  }
  return (variables) => {
    const given = names.filter((one) => Object.hasOwn(variables, one)).map((one) => [one, sizeOf(variables[one])])
    const key = given.length === 0 ? '' : JSON.stringify(given)
    const known = verdicts.get(key)
    if (known) return known
    const verdict = judge(variables)
    // Of what did not fit the sizes say nothing: others of the same sizes may.
    if (verdict !== unfit && verdicts.size < maxVerdicts && key.length <= maxVerdictKeyLength)
      verdicts.set(key, verdict)
    return verdict
  }
}
