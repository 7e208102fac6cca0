import type { Attempted, Settlement, WebhookHold } from '../../store/webhook-deliveries.ts'
import type { LogPosition, LogReading } from '../../store/webhook-log.ts'

/** A minute: a transaction that began before may show its events only now. */
const lateCommitMs = 60_000

/**
 * What one endpoint's courier knows and has not written yet: how far the log was taken, what became of attempts, and which
 * conversations wait. All of it is written together, or none.
 */
export class Ledger {
  readonly holds = new Map<string, WebhookHold>()
  private changed = new Set<string>()
  private attempted = new Map<string, Attempted>()
  private outcome: Settlement['outcome'] = null
  private taken: Pick<LogReading, 'isAll' | 'takenAtMs'> | null = null

  constructor(
    /** Everything up to here was delivered, or waits in `holds`. */
    public position: LogPosition,
    holds: readonly WebhookHold[],
  ) {
    for (const hold of holds) this.holds.set(hold.conversationId, hold)
  }

  /** Whether there is something that has to be written before more is taken. */
  get isUnwritten(): boolean {
    return this.attempted.size > 0 || this.changed.size > 0
  }

  hold(hold: WebhookHold): void {
    this.holds.set(hold.conversationId, hold)
    this.changed.add(hold.conversationId)
  }

  free(conversationId: string): void {
    if (this.holds.delete(conversationId)) this.changed.add(conversationId)
  }

  attempt(attempted: Attempted): void {
    const before = this.attempted.get(attempted.id)
    this.attempted.set(attempted.id, { ...attempted, attempts: attempted.attempts + (before?.attempts ?? 0) })
    this.outcome = attempted.state === 'DELIVERED' ? 'SUCCEEDED' : (this.outcome ?? 'FAILED')
  }

  advance({ next, isAll, takenAtMs }: Pick<LogReading, 'next' | 'isAll' | 'takenAtMs'>): void {
    this.position = next
    this.taken = { isAll, takenAtMs }
  }

  /** Takes out what is to be written. */
  settlement(): Settlement {
    const { changed, attempted, outcome, taken } = this
    this.changed = new Set()
    this.attempted = new Map()
    this.outcome = null
    const ids = [...changed]
    return {
      position: this.position,
      takenUntilMs: taken?.isAll === true ? taken.takenAtMs - lateCommitMs : null,
      attempted: [...attempted.values()],
      holds: ids.flatMap((id) => this.holds.get(id) ?? []),
      freed: ids.filter((id) => !this.holds.has(id)),
      outcome,
    }
  }

  /** It could not be written: it is to be, with what has come since. */
  takeBack({ attempted, holds, freed, outcome }: Settlement): void {
    for (const one of attempted) {
      const since = this.attempted.get(one.id)
      this.attempted.set(one.id, since ? { ...since, attempts: since.attempts + one.attempts } : one)
    }
    for (const id of [...holds.map(({ conversationId }) => conversationId), ...freed]) this.changed.add(id)
    this.outcome = this.outcome === 'SUCCEEDED' ? 'SUCCEEDED' : (outcome ?? this.outcome)
  }
}
