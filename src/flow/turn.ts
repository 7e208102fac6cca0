import { setImmediate } from 'node:timers'

/**
 * Gathers what is asked for within one turn of the event loop: many sockets have their say in a turn, each in a callback
 * of its own, and DataLoader by itself gathers no further than one callback. For its `batchScheduleFn`.
 */
export const oncePerTurn = (run: () => void): void => {
  setImmediate(run)
}
