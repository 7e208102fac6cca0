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
import { tooComplex, type DocumentLimits } from '../../schema/building/parse.ts'
import { overBudget, type OperationLimits } from './budget.ts'
import { CostWalk, Uncountable } from './cost.ts'
import { conditionNames } from '../plan.ts'
import { fragmentsOf } from '../plan-operation.ts'
import { sizingVariables } from './sizing-variables.ts'
import { subscriptionRootRule } from '../subscription-root.ts'
import { coerceVariables } from '../variables.ts'

/** Verdicts kept for an operation, by the values they depend on: most clients ask for pages of one or two sizes. */
const maxVerdicts = 20
const maxVerdictKeyLength = 200

/** What the specification asks of a document, and limits on it. */
export function validationRules(
  introspection: boolean,
  { depth, aliases }: Pick<DocumentLimits, 'depth' | 'aliases'>,
): ValidationRule[] {
  const reported = {
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(tooComplex(error))],
  }
  return [
    ...specifiedRules.map((rule) => (rule === SingleFieldSubscriptionsRule ? subscriptionRootRule : rule)),
    // Fragments and inline fragments add no level of their own: a union's members would cost two each.
    maxDepthRule({ n: depth, flattenFragments: true, ...reported }),
    maxAliasesRule({ n: aliases, ...reported }),
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
  /** Whether it asks for pages, each of which may be long in bytes. */
  hasPages: boolean
  error: GraphQLError | null
}

/** Judges one operation of a document. What cannot be counted is refused. */
export interface CostLimit {
  /** The verdict on the same sizes before, which is nearly always there and costs nothing. Never throws. */
  known(variables: Variables): Verdict | undefined
  /** Never throws. */
  judge(variables: Variables): Verdict
}

const unfit: Verdict = { objects: 0, hasPages: true, error: null }

/** Says for one operation of a document whether it is more than one answer may have. */
export function costLimit(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  limits: OperationLimits,
): CostLimit {
  return new OperationCostLimit(schema, document, operation, limits)
}

class OperationCostLimit implements CostLimit {
  private readonly verdicts = new Map<string, Verdict>()
  /** Found out when they are first asked for. */
  private names: readonly string[] | undefined
  private conditions: readonly string[] = []
  private fragments: ReturnType<typeof fragmentsOf> = {}

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly limits: OperationLimits,
  ) {}

  known(variables: Variables): Verdict | undefined {
    return this.names && this.verdicts.get(keyOf(this.names, variables))
  }

  judge(variables: Variables): Verdict {
    try {
      return this.known(variables) ?? this.judgeNew(variables)
    } catch (error) {
      return error instanceof Uncountable
        ? this.refused('operation-plan', 0)
        : this.refused('operation-objects', this.limits.objects + 1)
    }
  }

  private judgeNew(variables: Variables): Verdict {
    const { schema, operation, verdicts } = this
    const names = (this.names ??= this.read())
    const rootType = schema.getRootType(operation.operation)
    const coerced = coerceVariables(schema, operation, variables)
    // Of what does not fit the sizes say nothing: others of the same sizes may.
    if (coerced.errors || !rootType) return unfit
    const { values } = coerced
    const chosen = Object.fromEntries(this.conditions.flatMap((name) => (name in values ? [[name, values[name]]] : [])))
    const walk = new CostWalk({ schema, fragments: this.fragments, conditions: chosen }, values)
    const objects = walk.objectsOf(rootType, operation.selectionSet)
    const verdict =
      objects <= this.limits.objects
        ? { objects, hasPages: walk.hasPages, error: null }
        : this.refused('operation-objects', objects)
    const key = keyOf(names, variables)
    if (verdicts.size < maxVerdicts && key.length <= maxVerdictKeyLength) verdicts.set(key, verdict)
    return verdict
  }

  private read(): readonly string[] {
    this.fragments = fragmentsOf(this.document)
    this.conditions = conditionNames([this.operation, ...Object.values(this.fragments)])
    return sizingVariables(this.schema, this.document)
  }

  private refused(limit: 'operation-plan' | 'operation-objects', objects: number): Verdict {
    const originalError = overBudget(limit, { objects }, this.limits)
    return { objects, hasPages: true, error: new GraphQLError(originalError.message, { originalError }) }
  }
}

function keyOf(names: readonly string[], variables: Variables): string {
  const given = names.filter((one) => Object.hasOwn(variables, one)).map((one) => [one, sizeOf(variables[one])])
  return given.length === 0 ? '' : JSON.stringify(given)
}
