import { createSourceEventStream, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import { UnavailableError } from '../domain/errors.ts'
import { within } from '../flow/deadline.ts'
import type { EventArgs, EventResult, EventResults, OpenEventResults } from './event-results.ts'
import type { Watchdog, Watched } from './watchdog.ts'

/** Milliseconds in which a subscription has begun or is refused. */
const startTimeoutMs = 8_000
const retryAfterMs = 1_000

const unavailable = (what: string) => new UnavailableError(`${what} Come back with your cursor.`, retryAfterMs)
const done = { value: undefined, done: true } as const

/** The stream of a subscription, or why there is none: in time, whatever its beginning waits for. */
export async function startStream(args: ExecutionArgs): Promise<ExecutionResult | AsyncIterable<unknown>> {
  const starting = Promise.resolve(createSourceEventStream(args))
  try {
    return await within(startTimeoutMs, starting, () => unavailable('The subscription could not begin in time.'))
  } catch (error) {
    // One that begins after all has nobody to read it.
    starting.then(endStream, () => undefined)
    const originalError = error as Error
    return { errors: [new GraphQLError(originalError.message, { originalError })] }
  }
}

function endStream(stream: ExecutionResult | AsyncIterable<unknown>): void {
  if (isAsyncIterable(stream))
    stream[Symbol.asyncIterator]()
      .return?.()
      .catch(() => undefined)
}

/** A subscription read one event at a time, as server-sent events are: each event's result is the shared one. */
export async function subscribeOneByOne(
  args: ExecutionArgs & EventArgs,
  openEventResults: OpenEventResults,
  watchdog?: Watchdog,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const stream = await startStream(args)
  if (!isAsyncIterable(stream)) return stream
  const reading = new OneByOne(stream, openEventResults(args))
  watchdog?.add(reading)
  return reading
}

/** Not an async generator: its return() would wait for the next event, and a client that has gone would stay. */
class OneByOne implements AsyncIterableIterator<ExecutionResult>, Watched {
  isOver = false
  private doneCount = 0
  /** Null while nobody asks for the next event. */
  private fail: ((error: Error) => void) | null = null
  private readonly source: AsyncIterator<unknown> & Partial<Watched>

  constructor(
    stream: AsyncIterable<unknown>,
    private readonly results: EventResults,
  ) {
    this.source = stream[Symbol.asyncIterator]()
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    try {
      const value = await new Promise<ExecutionResult | null>((resolve, reject) => {
        this.fail = reject
        this.nextResult().then(resolve, reject)
      })
      this.fail = null
      this.doneCount++
      if (value) return { done: false, value }
    } catch (error) {
      this.finish()
      this.source.return?.().catch(() => undefined)
      throw error
    }
    this.finish()
    return done
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.finish()
    await this.source.return?.()
    return done
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get isBehind(): boolean {
    return this.fail !== null && (this.source.isBehind ?? false)
  }

  get progress(): number {
    return this.doneCount + (this.source.progress ?? 0)
  }

  get waitsFor(): string {
    return this.source.waitsFor ?? ''
  }

  giveUp(): void {
    this.fail?.(unavailable('This subscription does not get on.'))
  }

  private async nextResult(): Promise<ExecutionResult | null> {
    const step = await this.source.next()
    if (step.done) return null
    let result: EventResult
    do {
      result = this.results.of(step.value)
      await new Promise<void>((resolve) => result.whenSettled(resolve))
    } while (!this.results.isOwn(result))
    return result.value ?? {}
  }

  private finish(): void {
    if (!this.isOver) this.results.close()
    this.isOver = true
  }
}
