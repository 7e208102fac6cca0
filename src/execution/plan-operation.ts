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
import type { Work } from '../fairness/work.ts'
import { answered } from '../telemetry/facts.ts'
import { Budget, OverBudget, defaultOperationLimits, type OperationLimits } from './costs/budget.ts'
import { Execution, runField, runFields, type Turns } from './execution.ts'
import { conditionNames, type SelectionPlan } from './plan.ts'
import { Plans } from './plans.ts'
import { coerceVariables } from './variables.ts'

type Values = Record<string, unknown>

export interface Input {
  contextValue?: unknown
  variableValues?: Readonly<Values> | null | undefined
  rootValue?: unknown
}

/** Runs one operation as graphql-js's execute() does; never rejects. */
export type RunOperation = (input: Input) => ExecutionResult | Promise<ExecutionResult>

/** How an operation is run. */
export interface RunOptions {
  limits?: OperationLimits
  /** Whom its time is charged to; nobody without. */
  payer?: string
  /** Whether it goes on until it is done, as it is little and others wait for it. */
  isUrgent?: boolean
}

export interface PlanOptions {
  /** Where the plans are kept. */
  plans?: Plans
  /** Without, operations run in one piece and are charged to nobody. */
  work?: Work
}

/** Plans an operation of a valid document once, to run it many times. */
export function planOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { plans = new Plans(), work }: PlanOptions = {},
): (input: Input, options?: RunOptions) => ExecutionResult | Promise<ExecutionResult> {
  const fragments = fragmentsOf(document)
  const rootType = schema.getRootType(operation.operation)
  const names = conditionNames([operation, ...Object.values(fragments)])
  const id = plans.nextId()

  const planFor = (variables: Values, limits: OperationLimits) => {
    const conditions = Object.fromEntries(names.flatMap((name) => (name in variables ? [[name, variables[name]]] : [])))
    const key = names.length === 0 ? id : id + JSON.stringify(conditions)
    const known = plans.get(key)
    if (known) return known
    if (!rootType) throw new Error(`Schema is not configured to execute ${operation.operation} operation.`)
    return plans.make(key, { schema, operation, fragments, conditions }, rootType, limits)
  }

  return ({ contextValue, variableValues, rootValue }, { limits = defaultOperationLimits, payer, isUrgent } = {}) => {
    const coerced = coerceVariables(schema, operation, variableValues)
    if (coerced.errors) return { errors: coerced.errors }
    const { values } = coerced
    let plan
    try {
      plan = planFor(values, limits)
    } catch (error) {
      return { errors: [locatedError(error, undefined)], data: null }
    }
    const turns: Turns | null = work && payer !== undefined ? { work, payer } : null
    const budget = new Budget(limits, turns)
    const run = new Execution(plan.source, contextValue, values, rootValue, budget, isUrgent === true ? null : turns)
    if (operation.operation === OperationTypeNode.MUTATION) return runSerially(run, plan.root)
    let data: Values | null = null
    inBudget(run, () => {
      data = runFields(run, plan.root, rootValue, undefined)
    })
    return run.pending === 0 || run.isGivenUp ? answerOf(run, data) : run.whenSettled().then(() => answerOf(run, data))
  }
}

export function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as never
  for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments[one.name.value] = one
  return fragments
}

/** Runs what begins at the root. */
function inBudget(run: Execution, make: () => void): void {
  run.budget.start()
  try {
    make()
  } catch (error) {
    if (error instanceof OverBudget) run.giveUp(error)
    else run.putNull(undefined, error as GraphQLError)
  } finally {
    run.budget.stop()
  }
}

/** Each field when the one before it is done with all that is inside of it. */
async function runSerially(run: Execution, { fields, newObject, byteSize }: SelectionPlan): Promise<ExecutionResult> {
  const data = newObject()
  inBudget(run, () => run.budget.addObject(byteSize))
  for (const field of fields) {
    inBudget(run, () => runField(run, field, run.rootValue, undefined, data))
    if (run.pending > 0) await run.whenSettled()
    if (run.rootFailed) break
  }
  return answerOf(run, data)
}

function answerOf(run: Execution, data: Values | null): ExecutionResult {
  const { budget, isGivenUp } = run
  budget.settle()
  if (answered.hasSubscribers) {
    const { objects, byteSize, spentMs: processorMs } = budget
    answered.publish({ objects, byteSize, processorMs, isGivenUp })
  }
  // As a refusal before it began; an event has its place among others and is told all the same.
  if (isGivenUp && run.source.operation.operation !== OperationTypeNode.SUBSCRIPTION) return { errors: run.errors }
  const whole = run.rootFailed ? null : data
  return run.errors.length === 0 ? { data: whole } : { errors: run.errors, data: whole }
}
