/** What comes back over time, and how much of it can be saved up. */
export interface Rate {
  perSecond: number
  burst: number
}

/** Counts over time without a timer: what came back meanwhile is added when it is looked at. */
export class TokenBucket {
  private tokens: number
  private atMs = performance.now()

  constructor(private readonly rate: Rate) {
    this.tokens = rate.burst
  }

  /** Also what is not there: whatever was done is paid afterwards. */
  spend(count = 1): void {
    this.refill()
    this.tokens -= count
  }

  get isEmpty(): boolean {
    if (this.tokens > 0) return false
    this.refill()
    return this.tokens <= 0
  }

  /** Whether more was spent than could ever be saved up. */
  get isFarOver(): boolean {
    return this.tokens < -this.rate.burst
  }

  private refill(): void {
    const nowMs = performance.now()
    const { perSecond, burst } = this.rate
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.atMs) / 1_000) * perSecond)
    this.atMs = nowMs
  }
}
