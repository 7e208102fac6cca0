import {
  Kind,
  OperationTypeNode,
  locatedError,
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import { Execution, runField, runFields } from './execution.ts'
import { conditionNames, planSelection, type PlanSource, type SelectionPlan } from './plan.ts'
import { coerceVariables } from './variables.ts'

/** Plans kept for an operation whose fields depend on variables: one for each set of their values. */
const maxPlansPerOperation = 8

type Values = Record<string, unknown>

export interface Input {
  contextValue?: unknown
  variableValues?: Readonly<Values> | null | undefined
  rootValue?: unknown
}

/** Runs one operation as graphql-js's execute() does; never rejects. */
export type RunOperation = (input: Input) => ExecutionResult | Promise<ExecutionResult>

/** Plans an operation of a valid document once, to run it many times. */
export function planOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): RunOperation {
  const definitions = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as never
  for (const fragment of definitions) fragments[fragment.name.value] = fragment
  const rootType = schema.getRootType(operation.operation)
  const names = conditionNames([operation, ...definitions])
  const plans = new Map<string, { source: PlanSource; root: SelectionPlan }>()

  const planFor = (variables: Values) => {
    const conditions = Object.fromEntries(names.flatMap((name) => (name in variables ? [[name, variables[name]]] : [])))
    const key = names.length === 0 ? '' : JSON.stringify(conditions)
    const known = plans.get(key)
    if (known) return known
    if (!rootType) throw new Error(`Schema is not configured to execute ${operation.operation} operation.`)
    const source: PlanSource = {
      schema,
      operation,
      fragments,
      conditions,
      planSelection: (type, selectionSets) => planSelection(source, type, selectionSets),
    }
    const plan = { source, root: planSelection(source, rootType, [operation.selectionSet]) }
    if (plans.size < maxPlansPerOperation) plans.set(key, plan)
    return plan
  }

  return ({ contextValue, variableValues, rootValue }) => {
    const coerced = coerceVariables(schema, operation, variableValues)
    if (coerced.errors) return { errors: coerced.errors }
    const { values } = coerced
    let plan
    try {
      plan = planFor(values)
    } catch (error) {
      return { errors: [locatedError(error, undefined)], data: null }
    }
    const run = new Execution(plan.source, contextValue, values, rootValue)
    if (operation.operation === OperationTypeNode.MUTATION) return runSerially(run, plan.root)
    let data: Values | null = null
    try {
      data = runFields(run, plan.root, rootValue, undefined)
    } catch (error) {
      run.putNull(undefined, error as GraphQLError)
    }
    return run.pending === 0 ? answerOf(run, data) : run.whenSettled().then(() => answerOf(run, data))
  }
}

/** Each field when the one before it is done with all that is inside of it. */
async function runSerially(run: Execution, { fields, newObject }: SelectionPlan): Promise<ExecutionResult> {
  const data = newObject()
  for (const field of fields) {
    try {
      runField(run, field, run.rootValue, undefined, data)
    } catch (error) {
      run.putNull(undefined, error as GraphQLError)
    }
    if (run.pending > 0) await run.whenSettled()
    if (run.rootFailed) break
  }
  return answerOf(run, data)
}

function answerOf(run: Execution, data: Values | null): ExecutionResult {
  const whole = run.rootFailed ? null : data
  return run.errors.length === 0 ? { data: whole } : { errors: run.errors, data: whole }
}
