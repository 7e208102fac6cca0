export interface Rounds {
  /** Has the next round begin soon, also when one is under way. */
  hurry(): void
  /** Ends after the round that is under way. */
  stop(): Promise<void>
}

/** Milliseconds between a round and one that is wanted before its time. */
const hurryMs = 25

/**
 * Work that goes by the clock: a round every `intervalMs`, counted from the end of the one before, so that a slow database is
 * not asked twice at once. A round never rejects; a long one looks at `isStopping` between its steps.
 */
export function startRounds(intervalMs: number, round: (isStopping: () => boolean) => Promise<void>): Rounds {
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let isHurried = false
  const plan = () => {
    if (stopping) return
    const delayMs = isHurried ? Math.min(hurryMs, intervalMs) : intervalMs
    timer = setTimeout(() => {
      timer = undefined
      isHurried = false
      running = round(() => stopping).then(plan)
    }, delayMs)
  }
  plan()
  return {
    hurry() {
      if (isHurried) return
      isHurried = true
      // Under way: the next one is planned after it.
      if (!timer) return
      clearTimeout(timer)
      plan()
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      await running
    },
  }
}
