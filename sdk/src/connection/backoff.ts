const firstMs = 1_000
const mostMs = 30_000
const soonMs = 500
const laterMs = 5_000

/** Milliseconds until the next attempt. Random, so that clients that were cut off together do not come back together. */
export class Backoff {
  private attempts = 0
  constructor(private readonly random: () => number = Math.random) {}

  reset(): void {
    this.attempts = 0
  }

  /** 1, 2, 4 … 30 s, a quarter more or less. */
  next(): number {
    const baseMs = Math.min(mostMs, firstMs * 2 ** Math.min(this.attempts++, 10))
    return baseMs * (0.75 + this.random() / 2)
  }

  /** The first time almost at once. */
  soon(): number {
    if (this.attempts > 0) return this.next()
    this.attempts++
    return this.random() * soonMs
  }

  later(): number {
    return Math.max(laterMs * (1 + this.random()), this.next())
  }
}
