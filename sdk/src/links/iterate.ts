interface ResultSink<Result> {
  next(result: Result): void
  error(error: unknown): void
  complete(): void
}

/**
 * The results of a subscription, for `for await`. Unread results are kept in a queue. Leaving the loop unsubscribes.
 * `next()` rejects with the subscription's `error`, after the results before it.
 */
export function iterateOver<Result>(
  subscribe: (sink: ResultSink<Result>) => () => void,
): AsyncIterableIterator<Result> & AsyncGenerator<Result, void> {
  const waiting: Result[] = []
  let ended = null as { error?: unknown } | null
  let wake: () => void = () => undefined
  const end = (how: { error?: unknown }) => {
    ended ??= how
    wake()
  }
  const stop = subscribe({
    next(result) {
      waiting.push(result)
      wake()
    },
    error: (error) => end({ error }),
    complete: () => end({}),
  })
  const generator = (async function* () {
    for (;;) {
      for (let result = waiting.shift(); result !== undefined; result = waiting.shift()) yield result
      if (ended && 'error' in ended) throw ended.error
      if (ended) return
      await new Promise<void>((resolve) => (wake = resolve))
    }
  })()
  // A generator that is waiting cannot be ended by its own return().
  generator.return = async () => {
    waiting.length = 0
    end({})
    stop()
    return { done: true, value: undefined }
  }
  return generator
}
