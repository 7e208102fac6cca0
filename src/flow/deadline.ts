/** Calls `late` unless what it returns is called before. */
function startTimer(ms: number, late: () => void): () => void {
  // A process that was held up runs its timers first: what came in meanwhile is looked at before it counts as late.
  const timer = setTimeout(() => setImmediate(late), ms)
  return () => clearTimeout(timer)
}

/**
 * What the promise comes to, or the error that `late` makes when it has not settled in time. What it comes to after that
 * is nobody's: whoever needs to undo it looks at the promise itself.
 */
export function within<Value>(ms: number, promise: PromiseLike<Value>, late: () => Error): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = startTimer(ms, () => reject(late()))
    promise.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}

/** Whether the promise settles in time, one way or the other. Never rejects. */
export function settlesWithin(ms: number, promise: PromiseLike<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = startTimer(ms, () => resolve(false))
    const settle = () => {
      stop()
      resolve(true)
    }
    promise.then(settle, settle)
  })
}
