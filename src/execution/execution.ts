import { locatedError, responsePathAsArray, type ASTNode, type GraphQLError } from 'graphql'
import { isPromise } from '../flow/promise.ts'
import { OverBudget, type Budget, type Payment } from './costs/budget.ts'
import { FieldPlace, type Place } from './place.ts'
import type { FieldPlan, PlanSource, SelectionPlan } from './plan.ts'

type Values = Record<string, unknown>

/** Told of one answer; what else failed in it is null without an error of its own. */
const maxErrors = 100
/** In the budget of an answer: an error takes time too. */
const errorByteSize = 512

/** Whose turns the work is done in. */
export type Turns = Payment

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
  /** It was given up: nothing more is resolved, and what is still to come is for nobody. */
  isGivenUp = false
  private someFailed = false

  constructor(
    readonly source: PlanSource,
    readonly context: unknown,
    readonly variables: Values,
    readonly rootValue: unknown,
    readonly budget: Budget,
    /** Null for what goes on until it is done, as it is little and others wait for it. */
    private readonly turns: Turns | null,
  ) {}

  /** Whether what is left should be made in a later turn of the event loop. */
  get isTurnOver(): boolean {
    return this.turns !== null && this.turns.work.isTurnOver
  }

  /** Makes something that is left when it is the payer's turn; called from within a turn that is over. */
  later(make: () => void): void {
    this.pending++
    this.turns?.work.enqueue(this.turns.payer, () => {
      if (!this.isGivenUp) {
        const isOuter = this.budget.start()
        try {
          make()
        } catch (error) {
          this.giveUp(error)
        } finally {
          if (isOuter) this.budget.stop()
        }
      }
      this.release()
    })
  }

  /** Ends the whole operation with this error alone. */
  giveUp(raw: unknown): void {
    if (this.isGivenUp) return
    this.isGivenUp = this.someFailed = this.rootFailed = true
    this.errors.splice(0, Infinity, locatedError(raw, undefined))
    this.settled?.()
  }

  /** While values are being made: null at this place, or an error for who makes the value around it. */
  fail(place: Place, nodes: readonly ASTNode[], raw: unknown): void {
    if (this.isGivenUp || raw instanceof OverBudget) {
      this.giveUp(raw)
      throw raw
    }
    const error = locatedError(raw, nodes, responsePathAsArray(place))
    if (!place.nullable) throw error
    this.putNull(place, error)
  }

  /** When the values around are made: null at the nearest place that may be. */
  failLate(place: Place, nodes: readonly ASTNode[], raw: unknown): void {
    if (this.isGivenUp || raw instanceof OverBudget) {
      this.giveUp(raw)
      return
    }
    this.putNullAround(place, locatedError(raw, nodes, responsePathAsArray(place)))
  }

  /** Null at this place or at the nearest one around it that may be. */
  putNullAround(place: Place | undefined, error: GraphQLError): void {
    let at = place
    while (at && !at.nullable) at = at.prev
    this.putNull(at, error)
  }

  /** Of what is inside of a place that has become null nothing is told any more. */
  putNull(place: Place | undefined, error: GraphQLError): void {
    if (this.isLost(place)) return
    this.someFailed = true
    this.budget.byteSize += errorByteSize
    if (this.errors.length < maxErrors) this.errors.push(error)
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
    if (--this.pending === 0 && !this.isGivenUp) this.settled?.()
  }

  whenSettled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isGivenUp) resolve()
      else this.settled = resolve
    })
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
      if (run.isTurnOver) {
        lookAfter(value)
        run.later(() => putLate(run, place, nodes, value, complete))
      } else if (run.isGivenUp) lookAfter(value)
      else {
        run.budget.startForMicrotasks()
        putLate(run, place, nodes, value, complete)
      }
      run.release()
    },
    (error: unknown) => {
      if (!run.isGivenUp) run.budget.startForMicrotasks()
      run.failLate(place, nodes, error)
      run.release()
    },
  )
}

const ignore = () => undefined

/**
 * Of a value that is looked at in another turn, or not at all, as its place is lost: what is rejected in it meanwhile must not
 * count as an error that nobody handles, which ends a process.
 */
export function lookAfter(value: unknown): void {
  const parts: Iterable<unknown> = Array.isArray(value) || value instanceof Set ? value : [value]
  for (const part of parts) if (isPromise(part)) part.then(ignore, ignore)
}

function putLate(
  run: Execution,
  place: Place,
  nodes: readonly ASTNode[],
  value: unknown,
  complete: (value: unknown) => unknown,
): void {
  if (run.isLost(place)) {
    lookAfter(value)
    return
  }
  try {
    ;(place.holder as Values)[place.key] = complete(value)
  } catch (error) {
    run.failLate(place, nodes, error)
  }
}

export function runFields(run: Execution, selection: SelectionPlan, source: unknown, place: Place | undefined): Values {
  const object = selection.newObject()
  run.budget.addObject(selection.byteSize)
  if (run.isTurnOver) {
    // Keeps the places in the order.
    for (const { key } of selection.fields) object[key] = undefined
    run.later(() => {
      if (!run.isLost(place)) makeFields(run, selection, source, place, object)
    })
    return object
  }
  for (const field of selection.fields) runField(run, field, source, place, object)
  return object
}

/** The fields of an object that has its place already. */
function makeFields(
  run: Execution,
  { fields }: SelectionPlan,
  source: unknown,
  place: Place | undefined,
  object: Values,
): void {
  for (const field of fields) {
    try {
      runField(run, field, source, place, object)
    } catch (error) {
      // Of a field that may not be null.
      if (run.isGivenUp) return
      run.putNullAround(place, error as GraphQLError)
      return
    }
  }
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
