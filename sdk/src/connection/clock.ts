/** Time, for tests to make their own. */
export interface Clock {
  /** Milliseconds of the wall clock: the others stand still in a device that sleeps. */
  now(): number
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

const lookMs = 5_000
/** A timer that is later than this was not just kept waiting by a busy page. */
const jumpMs = 15_000

/** Calls `jumped` when the clock went on without this code: the device slept, or the page was frozen or held back. */
export function watchClock(clock: Clock, jumped: () => void): () => void {
  let cancel: () => void
  const look = () => {
    const expectedMs = clock.now() + lookMs
    cancel = clock.after(lookMs, () => {
      const lateMs = clock.now() - expectedMs
      look()
      if (Math.abs(lateMs) > jumpMs) jumped()
    })
  }
  look()
  return () => cancel()
}
