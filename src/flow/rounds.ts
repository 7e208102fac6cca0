export interface Rounds {
  /** Ends after the round that is under way. */
  stop(): Promise<void>
}

/**
 * Work that goes by the clock: a round every `intervalMs`, counted from the end of the one before, so that a slow database is
 * not asked twice at once. A round never rejects; a long one looks at `isStopping` between its steps.
 */
export function startRounds(intervalMs: number, round: (isStopping: () => boolean) => Promise<void>): Rounds {
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const plan = () => {
    if (stopping) return
    timer = setTimeout(() => {
      running = round(() => stopping).then(plan)
    }, intervalMs)
  }
  plan()
  return {
    async stop() {
      stopping = true
      clearTimeout(timer)
      await running
    },
  }
}
