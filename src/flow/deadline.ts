/** Calls `late` after this time, unless the returned function is called first. */
function startTimer(ms: number, late: () => void): () => void {
  // A process that was blocked runs its timers first. Answers that came in meanwhile are handled before `late` is called.
  const timer = setTimeout(() => setImmediate(late), ms)
  return () => clearTimeout(timer)
}

/**
 * Settles as the promise does, or rejects with the error of `late` when that takes too long. How the promise settles after
 * that is ignored: a caller that needs to undo it watches the promise itself.
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

/** Whether the promise settles in time, with a value or an error. Never rejects. */
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
