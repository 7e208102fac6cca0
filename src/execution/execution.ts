import { locatedError, responsePathAsArray, type ASTNode, type GraphQLError, type GraphQLResolveInfo } from 'graphql'
import type { FieldPlan, PlanSource, SelectionPlan } from './plan.ts'

type Values = Record<string, unknown>

/** Where a value of an answer goes. Also the `path` that resolvers see. */
export interface Place {
  readonly prev: Place | undefined
  readonly key: string | number
  readonly typename: string | undefined
  readonly holder: Values | unknown[]
  readonly nullable: boolean
  /** Null because of an error here or, at a place that is not nullable, further inside. */
  failed: boolean
}

export const itemPlace = (items: unknown[], key: number, prev: Place, nullable: boolean): Place => ({
  prev,
  key,
  typename: undefined,
  holder: items,
  nullable,
  failed: false,
})

/**
 * The place of a field, which is also what its resolver is told about it: one small object instead of two larger ones for
 * each field of each row.
 */
class FieldPlace implements Place, GraphQLResolveInfo {
  failed = false

  constructor(
    private readonly run: Execution,
    private readonly field: FieldPlan,
    readonly prev: Place | undefined,
    readonly holder: Values,
  ) {}

  get key() {
    return this.field.key
  }
  get typename() {
    return this.field.parentType.name
  }
  get nullable() {
    return this.field.nullable
  }
  get path() {
    return this
  }
  get fieldName() {
    return this.field.definition.name
  }
  get fieldNodes() {
    return this.field.nodes
  }
  get returnType() {
    return this.field.definition.type
  }
  get parentType() {
    return this.field.parentType
  }
  get schema() {
    return this.run.source.schema
  }
  get fragments() {
    return this.run.source.fragments
  }
  get operation() {
    return this.run.source.operation
  }
  get rootValue() {
    return this.run.rootValue
  }
  get variableValues() {
    return this.run.variables
  }
}

export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'

/**
 * One execution. graphql-js makes a promise for each object with something in it that comes later; here each late value
 * is put in its place when it comes, and a count says when all have come. That and the plans are the gain.
 */
export class Execution {
  readonly errors: GraphQLError[] = []
  /** Values that are still to come. */
  pending = 0
  /** Called when none is to come any more. */
  settled: (() => void) | undefined
  rootFailed = false
  private someFailed = false

  constructor(
    readonly source: PlanSource,
    readonly context: unknown,
    readonly variables: Values,
    readonly rootValue: unknown,
  ) {}

  /** While values are being made: null at this place, or an error for who makes the value around it. */
  fail(place: Place, nodes: readonly ASTNode[], raw: unknown): void {
    const error = locatedError(raw, nodes, responsePathAsArray(place))
    if (!place.nullable) throw error
    this.putNull(place, error)
  }

  /** When the values around are made: null at the nearest place that may be. */
  failLate(place: Place, nodes: readonly ASTNode[], raw: unknown): void {
    const error = locatedError(raw, nodes, responsePathAsArray(place))
    let at: Place | undefined = place
    while (at && !at.nullable) at = at.prev
    this.putNull(at, error)
  }

  /** Of what is inside of a place that has become null nothing is told any more. */
  putNull(place: Place | undefined, error: GraphQLError): void {
    if (this.isLost(place)) return
    this.someFailed = true
    this.errors.push(error)
    if (!place) {
      this.rootFailed = true
      return
    }
    place.failed = true
    ;(place.holder as Values)[place.key] = null
  }

  isLost(place: Place | undefined): boolean {
    if (!this.someFailed) return false
    for (let at = place; at; at = at.prev) if (at.failed) return true
    return this.rootFailed
  }

  release(): void {
    if (--this.pending === 0) this.settled?.()
  }

  whenSettled(): Promise<void> {
    return new Promise((resolve) => (this.settled = resolve))
  }
}

/** Has the value of a place come later. */
export function settleLater(
  run: Execution,
  place: Place,
  nodes: readonly ASTNode[],
  promise: PromiseLike<unknown>,
  complete: (value: unknown) => unknown,
): void {
  run.pending++
  // What is no promise of the language's own might call back at once, before its place is there.
  const later = promise instanceof Promise ? (promise as Promise<unknown>) : Promise.resolve(promise)
  later.then(
    (value) => {
      if (!run.isLost(place)) {
        try {
          ;(place.holder as Values)[place.key] = complete(value)
        } catch (error) {
          run.failLate(place, nodes, error)
        }
      }
      run.release()
    },
    (error: unknown) => {
      run.failLate(place, nodes, error)
      run.release()
    },
  )
}

export function runFields(run: Execution, selection: SelectionPlan, source: unknown, place: Place | undefined): Values {
  const object = selection.newObject()
  for (const field of selection.fields) runField(run, field, source, place, object)
  return object
}

export function runField(
  run: Execution,
  field: FieldPlan,
  source: unknown,
  parent: Place | undefined,
  object: Values,
): void {
  const { key, nodes } = field
  if (field.typeName !== null) {
    object[key] = field.typeName
    return
  }
  const place = new FieldPlace(run, field, parent, object)
  try {
    const result: unknown = field.resolve(source, field.argsFor(run.variables), run.context, place)
    if (isPromise(result)) {
      // Keeps its place in the order.
      object[key] = undefined
      settleLater(run, place, nodes, result, (value) => field.complete(run, place, value, place))
    } else {
      object[key] = field.complete(run, place, result, place)
    }
  } catch (error) {
    run.fail(place, nodes, error)
  }
}
