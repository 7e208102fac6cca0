/**
 * What time it is for all processes of a deployment alike: PostgreSQL's time, by which messages are dated. The clock of a machine may be
 * minutes off, or be put right while we run; what one process says is good until ten past has to be so for the others (decision 0109).
 * Spans of time are measured by performance.now(), which nobody puts right.
 */
export interface Clock {
  /** Milliseconds since 1970, as Date.now(). Before PostgreSQL was asked it is that. */
  timeMs: () => number
  /** Milliseconds by which the machine's clock is ahead of PostgreSQL's; null before that was asked. */
  aheadMs: () => number | null
  /** Takes PostgreSQL's time, as it answered a question that was asked at this moment of performance.now(). */
  learnTime: (answeredMs: number, askedAtMs: number) => void
}

/** Milliseconds by which the machine's own clock may differ and is still taken, as it is the better one between two looks. */
const agreedMs = 1_000
/** An answer that took longer says too little of what time it was when it came. */
const slowestMs = 2_000

export function createClock(): Clock {
  let known: { theirMs: number; atMs: number } | null = null
  const theirMs = () => (known === null ? null : known.theirMs + performance.now() - known.atMs)
  return {
    timeMs() {
      const ownMs = Date.now()
      const theirs = theirMs()
      return theirs === null || Math.abs(theirs - ownMs) < agreedMs ? ownMs : Math.round(theirs)
    },
    aheadMs() {
      const theirs = theirMs()
      return theirs === null ? null : Date.now() - theirs
    },
    learnTime(answeredMs, askedAtMs) {
      const nowAtMs = performance.now()
      // Any answer is better than none; after that only one that is near enough.
      if (known !== null && nowAtMs - askedAtMs > slowestMs) return
      known = { theirMs: answeredMs, atMs: (askedAtMs + nowAtMs) / 2 }
    },
  }
}

/** That of the process, as Date.now() is: all that runs in one has one PostgreSQL. */
export const { timeMs, aheadMs, learnTime } = createClock()
