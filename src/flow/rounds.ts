export interface Rounds {
  /** Makes the next round begin soon, also when one is running. */
  hurry(): void
  /** Resolves after the round that is running. */
  stop(): Promise<void>
}

/** Milliseconds between a round and one that `hurry` asked for. */
const hurryMs = 25

/**
 * Periodic work: a round every `intervalMs`, counted from the end of the one before, so that a slow database is not asked
 * twice at once. A round never rejects; a long one checks `isStopping` between its steps.
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
      // A round is running, and plans the next one when it ends.
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
