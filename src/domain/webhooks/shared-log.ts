import type { WebhookLease } from '../../store/webhook-endpoints.ts'
import type { LogPosition, LogReading, WebhookEvent, WebhookFilter, WebhookLog } from '../../store/webhook-log.ts'
import type { Payloads } from './payload.ts'

/** What one endpoint gets of a reading. */
export interface Taken extends Pick<LogReading, 'next' | 'isAll' | 'takenAtMs'> {
  events: WebhookEvent[]
  /** Of all endpoints that get these events: what is the same for them is made once. */
  payloads: Payloads
}

const batchSize = 200
/**
 * Milliseconds for which a reading serves those who come to it later. Not for longer, as what it has of messages is as it was then.
 */
const maxAgeMs = 1_000
const maxKept = 8

interface Kept {
  from: LogPosition
  filter: WebhookFilter
  reading: LogReading
  payloads: Payloads
  atMs: number
}

interface Request {
  lease: WebhookLease
  position: LogPosition
  filter: WebhookFilter
  settle: (taken: Taken | null) => void
  fail: (error: unknown) => void
}

const isSame = (a: LogPosition, b: LogPosition) =>
  a.seenXid === b.seenXid && a.running.length === b.running.length && a.running.every((xid) => b.running.includes(xid))

/** Whether all that had not been seen at the one position had not been at the other either. */
function isBefore(from: LogPosition, position: LogPosition): boolean {
  const seen = BigInt(from.seenXid)
  return (
    seen <= BigInt(position.seenXid) &&
    position.running.every((xid) => BigInt(xid) >= seen || from.running.includes(xid))
  )
}

/** Has more than what was seen at the position, and all of it up to where it ends. */
const goesOnFrom = ({ from, reading }: Pick<Kept, 'from' | 'reading'>, position: LogPosition) =>
  isBefore(from, position) && BigInt(position.seenXid) < BigInt(reading.next.seenXid)

const hasAll = (all: WebhookFilter, { types, kinds }: WebhookFilter) =>
  types.every((type) => all.types.includes(type)) && kinds.every((kind) => all.kinds.includes(kind))

const serves = (one: Kept, { lease, position, filter }: Request) =>
  goesOnFrom(one, position) && hasAll(one.filter, filter) && one.reading.epochs.get(lease.endpointId) === lease.epoch

/**
 * The log for all endpoints that this process sends to. Those who ask at about the same time get one reading of it, from where the one
 * is who is furthest behind; each gets what it has not seen and has asked for. So they come to the same position, and stay there:
 * docs/decisions/0121.
 */
export class SharedLog {
  private readonly filters = new Map<string, WebhookFilter>()
  private waiting: Request[] = []
  private kept: Kept[] = []
  private isReading = false

  constructor(
    private readonly log: Pick<WebhookLog, 'read'>,
    private readonly newPayloads: () => Payloads,
  ) {}

  /** What comes after the position; null when the lease is over. One event or so, and read for this endpoint alone, where it is down. */
  async take(
    lease: WebhookLease,
    position: LogPosition,
    filter: WebhookFilter,
    isDown: boolean,
  ): Promise<Taken | null> {
    this.filters.set(lease.endpointId, filter)
    if (isDown) {
      const reading = await this.log.read(position, filter, 1)
      const alone = { from: position, filter, reading, payloads: this.newPayloads(), atMs: 0 }
      return this.takenFrom(alone, { lease, position, filter })
    }
    return await new Promise((settle, fail) => {
      this.waiting.push({ lease, position, filter, settle, fail })
      if (this.isReading) return
      this.isReading = true
      // After all who were woken by the same look have asked.
      setImmediate(() => void this.serve())
    })
  }

  /** Nobody sends to the endpoint from here any more. */
  leave({ endpointId }: WebhookLease): void {
    this.filters.delete(endpointId)
  }

  /** Lets go of what is too old to be given to anybody. */
  forget(): void {
    const nowMs = performance.now()
    this.kept = this.kept.filter(({ atMs }) => nowMs - atMs < maxAgeMs)
  }

  private async serve(): Promise<void> {
    while (this.waiting.length > 0) {
      this.forget()
      this.give((request) => this.kept.findLast((one) => serves(one, request)))
      if (this.waiting.length > 0) await this.readOnce()
    }
    this.isReading = false
  }

  private async readOnce(): Promise<void> {
    const asked = [...this.waiting]
    const { position } = asked.reduce((first, one) =>
      BigInt(one.position.seenXid) < BigInt(first.position.seenXid) ? one : first,
    )
    const all = [...this.filters.values(), ...asked.map(({ filter }) => filter)]
    const filter = {
      types: [...new Set(all.flatMap(({ types }) => types))],
      kinds: [...new Set(all.flatMap(({ kinds }) => kinds))],
    }
    try {
      const atMs = performance.now()
      const reading = await this.log.read(position, filter, batchSize)
      const one: Kept = { from: position, filter, reading, payloads: this.newPayloads(), atMs }
      this.kept = [...this.kept.slice(1 - maxKept), one]
      // Who came meanwhile may have a later lease than what was read.
      this.give((request) =>
        (asked.includes(request) && isSame(request.position, position)) || serves(one, request) ? one : undefined,
      )
    } catch (error) {
      for (const { fail } of this.waiting.splice(0)) fail(error)
    }
  }

  /** Serves those for whom there is a reading; the others go on waiting. */
  private give(readingFor: (request: Request) => Kept | undefined): void {
    const waiting = this.waiting
    this.waiting = []
    for (const request of waiting) {
      const one = readingFor(request)
      if (one) request.settle(this.takenFrom(one, request))
      else this.waiting.push(request)
    }
  }

  private takenFrom(
    { from, reading, payloads }: Kept,
    { lease, position, filter }: Pick<Request, 'lease' | 'position' | 'filter'>,
  ): Taken | null {
    if (reading.epochs.get(lease.endpointId) !== lease.epoch) return null
    const { next, isAll, takenAtMs, events } = reading
    const seen = BigInt(position.seenXid)
    const running = new Set(position.running.map(BigInt))
    const isNew = isSame(from, position) ? () => true : (xid: bigint) => xid >= seen || running.has(xid)
    return {
      ...{ next, isAll, takenAtMs, payloads },
      events: events.filter(
        ({ xid, kind, event }) => isNew(xid) && filter.kinds.includes(kind) && filter.types.includes(event.type),
      ),
    }
  }
}
