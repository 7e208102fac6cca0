import type { LogItem } from '../../log/items.ts'
import { streamStart } from '../../log/mark.ts'
import type { ReadLog } from '../../log/read.ts'
import { byStreamId, type Exception, type ResumePoint } from '../../log/resume-point.ts'
import type { Head } from '../horizon.ts'
import { UnavailableError, ValidationError } from '../errors.ts'
import type { Viewer } from '../viewer.ts'
import { startAt, type StreamPosition } from './position.ts'
import type { Resumed, Resuming } from './resuming.ts'
import type { Step } from './resumption.ts'

export interface StreamResync {
  streamId: string
  items: LogItem[]
  hasMore: boolean
  eventSeq: number
  mark: string
}

export interface Resync {
  streams: StreamResync[]
  /** Position of the answer in the personal stream. */
  own: Head
  /** Position of the answer in all streams. */
  point: ResumePoint
}

/** Events one resync answers at the most, over all its streams: as many as one answer has room for (docs/limits.md). */
const maxEvents = 5_000
/** Most streams of which it returns only a part: each is an exception in the token. */
const maxPartlyTold = 4
/** Streams read at a time. */
const batchSize = 50
/** Milliseconds for which a resync waits for its turn to read the log, behind readers that can wait longer. */
const maxWaitMs = 2_500

/** A subscription may wait as long as it takes; a request must be answered in time. */
async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new UnavailableError('Too many are catching up. Try again shortly.', maxWaitMs))
    }, maxWaitMs)
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    clearTimeout(timer)
  }
}

export function checkLimit(limit: number): void {
  if (limit >= 1 && limit <= 1_000) return
  const message = '`limit` must be from 1 to 1000.'
  throw new ValidationError(message, [{ path: ['limit'], reason: message }])
}

/**
 * The events of a stream after a position, up to its head and no further: the positions of an answer must be of one moment.
 */
async function readStep(readLog: ReadLog, step: Step, limit: number, headEventSeq: number): Promise<StreamResync> {
  const { streamId, from, until, lost } = step
  if (lost) {
    const { headEventSeq: eventSeq, headMark: mark } = lost
    return { streamId, items: [{ lost }], hasMore: eventSeq < headEventSeq, eventSeq, mark }
  }
  const wanted = Math.min(limit, until.seq - from.seq)
  const read = wanted > 0 ? await readLog({ streamId, afterSeq: from.seq, limit: wanted }) : []
  // Retention may have run in between. Then the next call, from the same position, reports the loss.
  const found = read[0]?.seq === from.seq + 1 ? read : []
  const last = found.at(-1) ?? from
  const items = found.filter(({ type }) => type !== 'UNKNOWN').map((event) => ({ event }))
  const mark = last.mark ?? streamStart.headMark
  return { streamId, items, hasMore: last.seq < headEventSeq, eventSeq: last.seq, mark }
}

/** Resync of the named streams only. */
export async function resyncNamed(
  { resuming, readLog }: { resuming: Resuming; readLog: ReadLog },
  viewer: Viewer,
  named: ReadonlyMap<string, StreamPosition>,
  limit: number,
): Promise<Resync> {
  const found = await resuming.now(viewer, named)
  const heads = new Map(found.conversations.flatMap((one) => (one.active ? [[one.conversationId, one]] : [])))
  const perStream = Math.max(1, Math.min(limit, Math.floor(maxEvents / Math.max(1, named.size))))
  const reading = [...named].map(([streamId, position]) => {
    const extent = streamId === viewer.userId ? found.own : heads.get(streamId)
    // A viewer who left may still name the stream. It has no more events for them, and a fresh read tells them why.
    const start = extent
      ? startAt(streamId, position, extent)
      : {
          afterSeq: 0,
          mark: streamStart.headMark,
          lost: { streamId, reason: 'UNKNOWN_CURSOR' as const, ...streamStart },
        }
    const head = extent ?? streamStart
    const from = { seq: start.afterSeq, mark: start.mark }
    const until = { seq: head.headEventSeq, mark: head.headMark }
    return readStep(readLog, { streamId, from, until, lost: start.lost }, perStream, head.headEventSeq)
  })
  const streams = await inTime(Promise.all(reading))
  const exceptions = streams.filter(({ hasMore }) => hasMore).map(exceptionAt)
  return { streams, own: found.own, point: { base: found.now, sweep: null, exceptions: exceptions.sort(byStreamId) } }
}

const exceptionAt = ({ streamId, eventSeq: seq, mark }: StreamResync): Exception => ({ streamId, seq, mark })

/** Resync of all streams that moved since the token was given, as many as one answer holds. */
export async function resyncAfter(
  readLog: ReadLog,
  viewer: Viewer,
  resumed: Resumed,
  named: ReadonlyMap<string, StreamPosition>,
  limit: number,
): Promise<Resync> {
  return inTime(new ResyncSweep(readLog, viewer.userId, resumed, limit).run(named))
}

/** Runs one sweep of the plan: streams in the order of their ids. */
class ResyncSweep {
  private readonly streams: StreamResync[] = []
  private readonly exceptions: Map<string, Exception>
  private readonly partlyTold = new Set<string>()
  private readonly heads: ReadonlyMap<string, Head>
  private eventCount = 0
  private upTo: string

  constructor(
    private readonly readLog: ReadLog,
    private readonly viewerId: string,
    private readonly resumed: Resumed,
    private readonly limit: number,
  ) {
    const { point, found } = resumed
    this.exceptions = new Map(point.exceptions.map((exception) => [exception.streamId, exception]))
    this.upTo = point.sweep?.upTo ?? ''
    this.heads = new Map<string, Head>([
      [viewerId, found.own],
      ...found.conversations.map((one) => [one.conversationId, one] as const),
    ])
  }

  async run(named: ReadonlyMap<string, StreamPosition>): Promise<Resync> {
    const [sweep, next] = this.resumed.sweeps
    if (!sweep) throw new Error('a plan has a sweep')
    const open = await this.tell(sweep.steps)
    const following = open ?? next?.steps[0]
    // Lists the next stream to show that there is more, if no other stream of the answer shows it.
    if (following && (open || !this.streams.some(({ hasMore }) => hasMore))) await this.listNext(following)
    const { point } = this.resumed
    const isLast = !next
    const left = [...this.exceptions.values()]
    const exceptions = isLast && !open ? left.filter(({ streamId }) => this.partlyTold.has(streamId)) : left
    const after: ResumePoint = open
      ? { base: point.base, sweep: { target: sweep.target, upTo: this.upTo }, exceptions: exceptions.sort(byStreamId) }
      : { base: sweep.target, sweep: null, exceptions: exceptions.sort(byStreamId) }
    for (const streamId of named.keys()) this.listUnmoved(streamId)
    return { streams: this.streams, own: this.ownPlace(), point: after }
  }

  /** Returns the step at which it stopped; null after the last one. */
  private async tell(steps: readonly Step[]): Promise<Step | null> {
    for (let index = 0; index < steps.length;) {
      const batch: Step[] = []
      let wanted = 0
      for (const step of steps.slice(index, index + batchSize)) {
        wanted += step.lost ? 1 : Math.min(this.limit, step.until.seq - step.from.seq)
        if (batch.length > 0 && this.eventCount + wanted > maxEvents) break
        batch.push(step)
      }
      const read = await Promise.all(batch.map((step) => this.read(step, this.limit)))
      for (const [nth, stream] of read.entries()) {
        const step = batch[nth]
        if (!step) break
        if (this.isFull) return step
        this.note(step, stream)
      }
      index += batch.length
      const following = steps[index]
      if (this.isFull && following) return following
    }
    return null
  }

  private get isFull(): boolean {
    return this.eventCount >= maxEvents || this.partlyTold.size >= maxPartlyTold
  }

  private read(step: Step, limit: number): Promise<StreamResync> {
    return readStep(this.readLog, step, limit, this.heads.get(step.streamId)?.headEventSeq ?? 0)
  }

  private note(step: Step, stream: StreamResync): void {
    const { streamId } = step
    this.streams.push(stream)
    this.eventCount += stream.items.length
    if (streamId > this.upTo) this.upTo = streamId
    if (step.lost || stream.eventSeq >= step.until.seq) this.exceptions.delete(streamId)
    else {
      this.partlyTold.add(streamId)
      this.exceptions.set(streamId, exceptionAt(stream))
    }
  }

  private async listNext(step: Step): Promise<void> {
    const { streamId, from } = step
    if (this.streams.some((stream) => stream.streamId === streamId)) return
    const { seq: eventSeq, mark } = from
    if (mark !== null) this.streams.push({ streamId, items: [], hasMore: true, eventSeq, mark })
    else {
      // The position of a joining has no mark. The event after it has one.
      const stream = await this.read(step, 1)
      this.streams.push(stream)
      this.exceptions.set(streamId, exceptionAt(stream))
      this.partlyTold.add(streamId)
    }
  }

  /** Adds a named stream that has no new events. */
  private listUnmoved(streamId: string): void {
    const head = this.heads.get(streamId)
    if (!head || this.streams.some((stream) => stream.streamId === streamId)) return
    const isWaiting = this.resumed.sweeps.some(({ steps }) => steps.some((step) => step.streamId === streamId))
    if (isWaiting) return
    const { headEventSeq: eventSeq, headMark: mark } = head
    this.streams.push({ streamId, items: [], hasMore: false, eventSeq, mark })
  }

  private ownPlace(): Head {
    const told = this.streams.find(({ streamId }) => streamId === this.viewerId)
    if (told) return { headEventSeq: told.eventSeq, headMark: told.mark }
    const from = this.resumed.sweeps
      .flatMap(({ steps }) => steps)
      .find(({ streamId }) => streamId === this.viewerId)?.from
    const { own } = this.resumed.found
    return from ? { headEventSeq: from.seq, headMark: from.mark ?? own.floorMark } : own
  }
}
