import {
  createSourceEventStream,
  getOperationAST,
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import { UnavailableError } from '../domain/errors.ts'
import { within } from '../flow/deadline.ts'
import type { Source } from '../flow/source.ts'
import type { Share } from '../fairness/shares.ts'
import type { EventArgs, EventResult, EventResults, OpenEventResults } from './event-results.ts'
import { variablesOfEvents } from './kept-variables.ts'
import { coerceVariables, keepCoerced, type Coerced } from './variables.ts'
import type { Watchdog, Watched } from './watchdog.ts'

/** Milliseconds for which a subscription may stay behind because its person's events cost more than their share. */
export const maxBehindMs = 60_000
/** Milliseconds in which a subscription has begun or is refused. */
const startTimeoutMs = 16_000
const retryAfterMs = 1_000

const unavailable = (what: string) => new UnavailableError(`${what} Come back with your cursor.`, retryAfterMs)

/** Told how many streams of events a subscription follows, once it has begun. */
export type OnOpened = (streamCount: number) => void

/**
 * The stream of a subscription, or why there is none: in time, whatever its beginning waits for. Of the variables `args` keeps
 * those that the events need, coerced.
 */
export async function startStream(
  args: ExecutionArgs,
  onOpened: OnOpened,
): Promise<ExecutionResult | AsyncIterable<unknown>> {
  const { values, errors } = coercedOf(args)
  if (errors) return { errors }
  const starting = Promise.resolve(createSourceEventStream(args))
  // Also for one that begins too late.
  starting.then(
    (stream) => isAsyncIterable(stream) && onOpened((stream as Partial<Source<unknown>>).streamCount ?? 1),
    () => undefined,
  )
  try {
    const late = () => unavailable('The subscription could not begin in time.')
    const stream = await within(startTimeoutMs, starting, late)
    if (isAsyncIterable(stream))
      args.variableValues = keepCoerced(variablesOfEvents({ ...args, variableValues: values }))
    return stream
  } catch (error) {
    // One that begins after all has nobody to read it.
    starting.then(endStream, () => undefined)
    const originalError = error as Error
    return { errors: [new GraphQLError(originalError.message, { originalError })] }
  }
}

function coercedOf({ schema, document, operationName, variableValues }: ExecutionArgs): Coerced {
  const operation = getOperationAST(document, operationName)
  return operation ? coerceVariables(schema, operation, variableValues) : { values: { ...variableValues } }
}

function endStream(stream: ExecutionResult | AsyncIterable<unknown>): void {
  if (isAsyncIterable(stream))
    stream[Symbol.asyncIterator]()
      .return?.()
      .catch(() => undefined)
}

export interface ReadEvent {
  /** What the subscription's source gave. */
  item: unknown
  result: EventResult
}

/** A source whose items have positions to continue from. */
interface Placed {
  placeAfter(item: unknown): string | null
}

/** A subscription read one event at a time, as server-sent events are: each event's result is the shared one. */
export class EventReader implements Watched {
  isOver = false
  private isResting = false
  /** Since when it has had to rest without having caught up in between. 0: it has not. */
  private behindSinceMs = 0
  private doneCount = 0
  /** Null while nobody asks for the next event. */
  private fail: ((error: Error) => void) | null = null
  private readonly iterator: AsyncIterator<unknown> & Partial<Watched & Placed>

  constructor(
    /** What the subscribe resolver gave. */
    readonly source: AsyncIterable<unknown>,
    private readonly results: EventResults,
    private readonly share?: Share,
  ) {
    this.iterator = source[Symbol.asyncIterator]()
  }

  /** Null at the end. Rejects when the source fails. One call at a time. */
  async next(): Promise<ReadEvent | null> {
    try {
      const event = await new Promise<ReadEvent | null>((resolve, reject) => {
        this.fail = reject
        this.nextEvent().then(resolve, reject)
      })
      this.fail = null
      this.doneCount++
      if (!event) this.finish()
      return event
    } catch (error) {
      this.finish()
      throw error
    }
  }

  /** Also while `next` waits, which then resolves with null: a client that goes must not wait for the next event. */
  async close(): Promise<void> {
    this.finish()
    await this.iterator.return?.()
  }

  /** The position to continue from after this item, or with null from where it begins; null when there are no positions. */
  placeAfter(item: unknown): string | null {
    return this.iterator.placeAfter?.(item) ?? null
  }

  get isBehind(): boolean {
    return this.fail !== null && !this.isResting && (this.iterator.isBehind ?? false)
  }

  get progress(): number {
    return this.doneCount + (this.iterator.progress ?? 0)
  }

  get waitsFor(): string {
    return this.iterator.waitsFor ?? ''
  }

  giveUp(): void {
    this.fail?.(unavailable('This subscription does not get on.'))
  }

  /** Slows down whose events cost more than their share: the next ones stay where they are in the log. */
  private async rest(share: Share): Promise<void> {
    this.behindSinceMs ||= performance.now()
    this.isResting = true
    while (share.isOverworked && !this.isOver) {
      if (performance.now() - this.behindSinceMs > maxBehindMs)
        throw unavailable('The events of your subscriptions cost too much.')
      await new Promise<void>((resolve) => share.whenRested(resolve))
    }
    this.isResting = false
  }

  private async nextEvent(): Promise<ReadEvent | null> {
    if (this.iterator.isBehind !== true) this.behindSinceMs = 0
    if (this.share?.isOverworked) await this.rest(this.share)
    const step = await this.iterator.next()
    if (step.done || this.isOver) return null
    const item = step.value
    let result: EventResult
    do {
      result = this.results.of(item)
      await new Promise<void>((resolve) => result.whenSettled(resolve))
    } while (!this.results.isOwn(result))
    return { item, result }
  }

  private finish(): void {
    if (!this.isOver) this.results.close()
    this.isOver = true
  }
}

/** A result is a refusal. */
export async function openEventReader(
  args: ExecutionArgs & EventArgs,
  openEventResults: OpenEventResults,
  onOpened: OnOpened,
  watchdog?: Watchdog,
): Promise<ExecutionResult | EventReader> {
  // Counts while it opens, too.
  const results = openEventResults(args)
  const stream = await startStream(args, onOpened)
  if (!isAsyncIterable(stream)) {
    results.close()
    return stream
  }
  const reader = new EventReader(stream, results, args.share)
  watchdog?.add(reader)
  return reader
}
