import type { WebhookEndpointStore, WebhookLease } from '../../store/webhook-endpoints.ts'
import { startRounds, type Rounds } from '../../flow/rounds.ts'

/** Times for which a process that was stopped looks at a lease that may be over. */
const waitMs = 50

/**
 * The right of this process to send to an endpoint, which it renews. Who was stopped or cut off for longer than it holds sends nothing more
 * until it has asked again, as another process may have taken it.
 */
export class Lease {
  isOver = false
  /** Called once, when it is over. */
  onOver: () => void = () => undefined
  private validUntilMs: number
  private readonly rounds: Rounds

  constructor(
    readonly key: WebhookLease,
    private readonly store: Pick<WebhookEndpointStore, 'renew' | 'release'>,
    private readonly ttlMs: number,
    /** performance.now() before it was asked for. */
    askedAtMs: number,
  ) {
    this.validUntilMs = askedAtMs + ttlMs
    this.rounds = startRounds(ttlMs / 5, () => this.renew())
  }

  get isValid(): boolean {
    return !this.isOver && performance.now() < this.validUntilMs
  }

  /** True as soon as it holds for certain; false when it is over. */
  async holds(): Promise<boolean> {
    while (!this.isValid) {
      if (this.isOver) return false
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    return true
  }

  /** Asks whether it still holds, without waiting for the next round. */
  check(): void {
    this.rounds.hurry()
  }

  /** It is over: somebody else has it, or the endpoint is not active any more. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    void this.rounds.stop()
    this.onOver()
  }

  /** Others may take it at once. */
  async giveUp(): Promise<void> {
    if (this.isOver) return
    this.end()
    await this.store.release(this.key)
  }

  private async renew(): Promise<void> {
    const askedAtMs = performance.now()
    try {
      if (await this.store.renew(this.key, this.ttlMs)) this.validUntilMs = askedAtMs + this.ttlMs
      else this.end()
    } catch {
      // The database is away: it runs out unless the next round can renew it.
    }
  }
}
