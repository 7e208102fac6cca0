import { setImmediate } from 'node:timers'

/**
 * Batches requests over one turn of the event loop. In a turn each socket has a callback of its own, and DataLoader by
 * itself batches only within one callback. For its `batchScheduleFn`.
 */
export const oncePerTurn = (run: () => void): void => {
  setImmediate(run)
}
