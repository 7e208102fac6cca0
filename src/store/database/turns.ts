/** Somebody waited for their turn in vain. */
export class NoTurnError extends Error {
  override name = 'NoTurnError'
  constructor(
    /** Whether nobody else had one either: what is waited for does not move at all. */
    readonly isStuck: boolean,
  ) {
    super(isStuck ? 'no connection became free' : 'too many wait for a connection')
  }
}

export interface TurnsOptions {
  /** How many may have a turn at once. */
  size: number
  /** Milliseconds without anybody's success after which waiting is given up. */
  patienceMs: number
  /** Milliseconds after which it is given up in any case. */
  maxWaitMs: number
  /** Milliseconds after which a lowered number is tried again in full. */
  recoverAfterMs: number
}

export interface Turns {
  /**
   * Resolves when it is one's turn. Who had one already says when they asked for it first, and goes before the others.
   * Rejects with NoTurnError.
   */
  take(firstAskedAtMs?: number): Promise<void>
  /** Ends a turn. */
  give(outcome: 'success' | 'failure'): void
  /** There is no room for more than these, at least for a while. */
  lower(to: number): void
  /** There is room for these at least. */
  raise(to: number): void
  stop(): void
}

interface Waiting {
  askedAtMs: number
  start: () => void
  fail: (error: Error) => void
  timer?: NodeJS.Timeout
}

/**
 * Turns at something of which there may be fewer than were hoped for. As long as it moves on everybody waits their turn; when
 * it does not, nobody waits long.
 */
export function createTurns({ size, patienceMs, maxWaitMs, recoverAfterMs }: TurnsOptions): Turns {
  let limit = size
  let taken = 0
  let movedAtMs = -Infinity
  let recovery: NodeJS.Timeout | undefined
  const queue: Waiting[] = []

  const next = () => {
    while (taken < limit) {
      const waiting = queue.shift()
      if (!waiting) return
      taken++
      clearTimeout(waiting.timer)
      waiting.start()
    }
  }

  const watch = (waiting: Waiting) => {
    const look = () => {
      const now = performance.now()
      const stuckInMs = Math.max(waiting.askedAtMs, movedAtMs) + patienceMs - now
      const overInMs = waiting.askedAtMs + maxWaitMs - now
      const leftMs = Math.min(stuckInMs, overInMs)
      if (leftMs > 0) {
        waiting.timer = setTimeout(look, leftMs + 1)
        return
      }
      queue.splice(queue.indexOf(waiting), 1)
      waiting.fail(new NoTurnError(stuckInMs <= 0))
    }
    look()
  }

  return {
    take(firstAskedAtMs) {
      if (taken < limit && queue.length === 0) {
        taken++
        return Promise.resolve()
      }
      return new Promise((start, fail) => {
        const waiting: Waiting = { askedAtMs: firstAskedAtMs ?? performance.now(), start, fail }
        if (firstAskedAtMs === undefined) queue.push(waiting)
        else queue.unshift(waiting)
        next()
        if (queue.includes(waiting)) watch(waiting)
      })
    },
    give(outcome) {
      taken--
      if (outcome === 'success') movedAtMs = performance.now()
      next()
    },
    lower(to) {
      limit = Math.max(1, Math.min(to, size))
      clearTimeout(recovery)
      recovery = setTimeout(() => {
        limit = size
        next()
      }, recoverAfterMs)
      recovery.unref()
    },
    raise(to) {
      if (to <= limit) return
      limit = Math.min(to, size)
      next()
    },
    stop() {
      clearTimeout(recovery)
    },
  }
}
