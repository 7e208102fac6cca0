/** What comes back over time, and how much of it can be saved up. */
export interface Rate {
  perSecond: number
  burst: number
}

const thousandth = 1_000

/**
 * Counts over time without a timer: what came back meanwhile is added when it is looked at. In whole milliseconds and
 * thousandths of tokens, as integers of 32 bits: V8 keeps those in the object itself, and there is a bucket for each socket.
 */
export class TokenBucket {
  private thousandths: number
  private atMs = nowMs()

  constructor(private readonly rate: Rate) {
    this.thousandths = (rate.burst * thousandth) | 0
  }

  /** Also what is not there: whatever was done is paid afterwards. */
  spend(count = 1): void {
    this.refill()
    this.thousandths = (this.thousandths - count * thousandth) | 0
  }

  get isEmpty(): boolean {
    if (this.thousandths > 0) return false
    this.refill()
    return this.thousandths <= 0
  }

  /** Whether more was spent than could ever be saved up. */
  get isFarOver(): boolean {
    return this.thousandths < -this.rate.burst * thousandth
  }

  private refill(): void {
    const { perSecond, burst } = this.rate
    const now = nowMs()
    const back = ((now - this.atMs) | 0) * perSecond
    this.thousandths = Math.min(burst * thousandth, this.thousandths + back) | 0
    this.atMs = now
  }
}

/** It begins again every 50 days, at which differences stay right. */
const nowMs = () => performance.now() | 0
