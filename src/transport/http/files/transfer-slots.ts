import { RateLimitedError, UnavailableError } from '../../../domain/errors.ts'
import { limited } from '../../../telemetry/facts.ts'

export interface SlotLimits {
  /** Over all. */
  inAll: number
  /** For one payer. */
  perPayer: number
  /** What the log calls it. */
  limit: string
}

const retryAfterMs = 2_000

/** How many transfers go on at once, over all and for one payer. */
export class TransferSlots {
  private count = 0
  private readonly countByPayer = new Map<string, number>()

  constructor(private readonly limits: SlotLimits) {}

  /** Takes a slot, and returns how to give it back. Throws when there is none. Without a payer only all together count. */
  take(payer: string | null): () => void {
    const { inAll, perPayer, limit } = this.limits
    const taken = payer === null ? 0 : (this.countByPayer.get(payer) ?? 0)
    if (this.count >= inAll || taken >= perPayer) {
      const isOwn = taken >= perPayer
      const code = isOwn ? 'RATE_LIMITED' : 'UNAVAILABLE'
      if (limited.hasSubscribers) limited.publish({ code, limit, ...(isOwn && payer !== null && { payer }) })
      if (isOwn) throw new RateLimitedError(retryAfterMs, 'Too many transfers at once.')
      throw new UnavailableError('Too many transfers are under way. Try again.', retryAfterMs)
    }
    this.count++
    if (payer !== null) this.countByPayer.set(payer, taken + 1)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.count--
      if (payer === null) return
      const left = (this.countByPayer.get(payer) ?? 1) - 1
      if (left > 0) this.countByPayer.set(payer, left)
      else this.countByPayer.delete(payer)
    }
  }
}
