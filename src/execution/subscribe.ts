import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import type { EventArgs, EventResult, EventResults, OpenEventResults } from './event-results.ts'

/** A subscription read one event at a time, as server-sent events are: each event's result is the shared one. */
export async function subscribeOneByOne(
  args: ExecutionArgs & EventArgs,
  openEventResults: OpenEventResults,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const stream = await createSourceEventStream(args)
  if (!isAsyncIterable(stream)) return stream
  const source = stream[Symbol.asyncIterator]()
  const results = openEventResults(args)
  const done = { value: undefined, done: true } as const
  let isOver = false
  const finish = () => {
    if (!isOver) results.close()
    isOver = true
  }
  // Not an async generator: its return() would wait for the next event, and a client that has gone would stay.
  const iterator: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      try {
        const step = await source.next()
        if (!step.done) return { done: false, value: await ownResult(results, step.value) }
      } catch (error) {
        finish()
        throw error
      }
      finish()
      return done
    },
    async return() {
      finish()
      await source.return?.()
      return done
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

async function ownResult(results: EventResults, item: unknown): Promise<ExecutionResult> {
  let result: EventResult
  do {
    result = results.of(item)
    await new Promise<void>((resolve) => result.whenSettled(resolve))
  } while (!results.isOwn(result))
  return result.value ?? {}
}
