import type { Bus } from '../bus/bus.ts'
import type { EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import { offered } from '../telemetry/facts.ts'
import type { Logger } from '../telemetry/logger.ts'
import { StreamOpener, type OpenStream } from './opening.ts'
import { fromPayload, markOf, seqOf } from './payload.ts'
import type { ReadLog } from './read.ts'
import type { Stream } from './stream.ts'
import { Watermarks } from './watermarks.ts'

/** The streams that have readers in this process, each with one bus subscription however many readers it has. */
export interface Hub {
  /**
   * Opens streams, or joins open ones. Each must be released once. `afterSeqs` are the positions of their reader: a stream
   * that is opened for a reader not far behind begins there, so that the ring serves everybody who comes later.
   */
  acquire(streamIds: readonly string[], afterSeqs?: readonly number[]): Promise<Stream[]>
  release(streamIds: readonly string[]): void
  /** A committed event, from a writer in this process or from the bus. */
  offer(event: LogEvent): void
  /** A new head of a stream, known without the event. */
  announce(streamId: string, headEventSeq: number): void
  /**
   * To be called when the log may have another history than the events known here. Readers of a stream whose newest event
   * is not in the log are told so, and continue live.
   */
  verify(): Promise<void>
  readonly watermarks: Watermarks
  readonly openStreamCount: number
  close(): void
}

export interface HubOptions {
  bus: Bus
  events: EventStore
  readLog: ReadLog
  /** Newest events of each stream kept in memory, and the bytes that those of all streams may take. */
  ringSize: number
  ringMemoryByteSize: number
  /**
   * Milliseconds for which a stream stays open without a reader. Clients that lost their connections all at once find their
   * events in the ring when they come back. 0: the stream is closed at once.
   */
  lingerMs?: number
  logger: Logger
}

/** Most streams kept open without a reader; beyond that the one left longest ago is closed. */
const maxIdleStreams = 1_000

export const createHub = (options: HubOptions): Hub => new StreamHub(options)

class StreamHub implements Hub {
  readonly watermarks: Watermarks
  private readonly entries = new Map<string, OpenStream>()
  /** Open streams without a reader, the one left longest ago first, each with the time until which it stays open. */
  private readonly idle = new Map<string, number>()
  private readonly opener: StreamOpener
  private readonly lingerMs: number
  private sweeping: NodeJS.Timeout | undefined

  constructor(private readonly options: HubOptions) {
    const { entries } = this
    this.lingerMs = options.lingerMs ?? 0
    this.opener = new StreamOpener({
      ...options,
      onPayload: (stream, payload) => {
        this.takePayload(stream, payload)
      },
    })
    this.watermarks = new Watermarks({
      get: (streamId) => entries.get(streamId)?.stream,
      all: function* () {
        for (const { stream } of entries.values()) yield stream
      },
    })
  }

  get openStreamCount(): number {
    return this.entries.size
  }

  async acquire(streamIds: readonly string[], afterSeqs: readonly number[] = []): Promise<Stream[]> {
    const missing = new Map(streamIds.map((streamId, index) => [streamId, afterSeqs[index] ?? Infinity]))
    for (const streamId of streamIds) if (this.entries.has(streamId)) missing.delete(streamId)
    if (missing.size > 0) this.open(missing)
    const joined = streamIds.map((streamId) => {
      const entry = this.entries.get(streamId)
      if (!entry) throw new Error(`stream ${streamId} is not open`)
      entry.readerCount++
      this.idle.delete(streamId)
      return entry
    })
    try {
      await Promise.all(new Set(joined.map((entry) => entry.ready)))
    } catch (error) {
      // A stream that failed to open is gone once everyone who waits for it has released it. Then it can be opened again.
      this.release(streamIds)
      throw error
    }
    return joined.map((entry) => entry.stream)
  }

  release(streamIds: readonly string[]): void {
    const { entries, idle, lingerMs } = this
    for (const streamId of streamIds) {
      const entry = entries.get(streamId)
      if (!entry || --entry.readerCount > 0) continue
      // A stream that failed to open must go, so that it can be opened again.
      if (lingerMs === 0 || !entry.isOpen) this.end(streamId, entry)
      else idle.set(streamId, performance.now() + lingerMs)
    }
    if (idle.size > maxIdleStreams) clearTimeout(this.sweeping)
    else if (this.sweeping || idle.size === 0) return
    this.sweep()
  }

  offer(event: LogEvent): void {
    const entry = this.entries.get(event.streamId)
    if (offered.hasSubscribers) {
      const { streamId, seq, type, trace } = event
      const hasReaders = (entry?.readerCount ?? 0) > 0
      offered.publish({ streamId, seq, type, hasReaders, ...(trace !== undefined && { trace }) })
    }
    entry?.stream.offer(event)
  }

  announce(streamId: string, headEventSeq: number): void {
    this.entries.get(streamId)?.stream.announce(headEventSeq)
  }

  async verify(): Promise<void> {
    const served = [...this.entries.values()].flatMap(({ stream }) => {
      const { streamId, history, tipSeq: seq, tipMark: mark } = stream
      return seq > 0 ? [{ stream, history, place: { streamId, seq, mark } }] : []
    })
    if (served.length === 0) return
    const areThere = await this.options.events.areThere(served.map(({ place }) => place))
    served.forEach(({ stream, history }, index) => {
      if (areThere[index] === false && stream.history === history) stream.startOver()
    })
  }

  close(): void {
    clearTimeout(this.sweeping)
    for (const [streamId, entry] of this.entries) this.end(streamId, entry)
  }

  private open(afterSeqs: ReadonlyMap<string, number>): void {
    const prepared = [...afterSeqs].map(([streamId, afterSeq]) => {
      const entry = this.opener.prepare(streamId, afterSeq)
      this.entries.set(streamId, entry)
      return entry
    })
    this.opener.open(prepared)
  }

  private takePayload(stream: Stream, payload: string): void {
    const seq = seqOf(payload)
    // The usual case: this process wrote the event, and had it before the bus delivered it.
    if (seq > 0 && seq <= stream.tipSeq) {
      const mark = markOf(payload)
      if (mark !== null && !stream.agreesWith(seq, mark)) stream.startOver()
      return
    }
    try {
      this.offer(fromPayload(payload))
    } catch (error) {
      // Perhaps a message of a former version: the log has the event.
      if (seq > 0) stream.announce(seq)
      this.options.logger.warn({ err: error }, 'ignored a message of the bus that is not an event')
    }
  }

  private end(streamId: string, entry: OpenStream): void {
    this.entries.delete(streamId)
    this.idle.delete(streamId)
    entry.end()
  }

  private sweep(): void {
    this.sweeping = undefined
    const nowMs = performance.now()
    for (const [streamId, untilMs] of this.idle) {
      if (untilMs > nowMs && this.idle.size <= maxIdleStreams) {
        this.sweeping = setTimeout(() => this.sweep(), untilMs - nowMs).unref()
        return
      }
      const entry = this.entries.get(streamId)
      if (entry) this.end(streamId, entry)
    }
  }
}
