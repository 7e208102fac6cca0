import DataLoader from 'dataloader'
import type { Bus } from '../bus/bus.ts'
import { topics } from '../bus/topics.ts'
import { UnavailableError } from '../domain/errors.ts'
import { settlesWithin, within } from '../flow/deadline.ts'
import { oncePerTurn } from '../flow/turn.ts'
import type { EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import type { Logger } from '../telemetry/logger.ts'
import { streamStart } from './mark.ts'
import type { ReadLog } from './read.ts'
import { Ring, RingMemory } from './ring.ts'
import { Stream, type StreamHead } from './stream.ts'

/**
 * Most events that are read when a stream is opened for a reader that is behind. A reader further behind goes live first
 * and catches up by pages: all streams of an inbox are opened together, and wait for one another.
 */
const maxHeadStart = 256
/** Milliseconds for which opening waits for these events; after that the reader catches up by pages as well. */
const headStartTimeoutMs = 1_000
/** Milliseconds for which opening waits for the bus, should the bus break its own promise of a quarter of a second. */
const busPatienceMs = 300
/** Milliseconds that opening may take in all, plus some for each stream: an inbox may have 10,000 of them. */
const openTimeoutMs = 5_000
const openTimeoutPerStreamMs = 1
const openRetryAfterMs = 1_000
const notOpened = 'What you follow could not be opened in time. Try again shortly.'
/** The part of all ring memory that one stream may take: a few with very long messages must leave room for the others. */
const streamShare = 1 / 16

/** A stream that has readers in this process, or had one a moment ago. */
export class OpenStream {
  readerCount = 0
  /** Resolves once events reach the stream and its head is known. */
  ready: Promise<void> = Promise.resolve()
  isOpen = false
  private isEnded = false
  private unsubscribe: (() => void) | null = null

  constructor(
    readonly stream: Stream,
    /** Position of the reader for whom it is opened. */
    readonly afterSeq: number,
  ) {}

  /**
   * Called once the bus subscription exists. `unsubscribe` is called when the stream ends, at once if it has ended already.
   */
  subscribed(unsubscribe: () => void): void {
    if (this.isEnded) unsubscribe()
    else this.unsubscribe = unsubscribe
  }

  end(): void {
    this.isEnded = true
    this.stream.close()
    this.unsubscribe?.()
  }
}

export interface StreamOpenerOptions {
  bus: Bus
  events: Pick<EventStore, 'heads'>
  readLog: ReadLog
  /** Newest events of each stream kept in memory, and the bytes that those of all streams may take. */
  ringSize: number
  ringMemoryByteSize: number
  logger: Logger
  /** Gets each payload that the bus delivers for a stream. */
  onPayload: (stream: Stream, payload: string) => void
}

/**
 * Opens streams: subscribes to the bus, reads the head, and begins there or, for a reader near it, at the reader's
 * position.
 */
export class StreamOpener {
  private readonly ringMemory: RingMemory
  private readonly headOf: DataLoader<string, StreamHead>

  constructor(private readonly options: StreamOpenerOptions) {
    this.ringMemory = new RingMemory(options.ringMemoryByteSize)
    this.headOf = new DataLoader<string, StreamHead>(
      async (streamIds) => {
        const heads = new Map((await options.events.heads(streamIds)).map((head) => [head.streamId, head]))
        return streamIds.map((streamId) => heads.get(streamId) ?? streamStart)
      },
      { cache: false, batchScheduleFn: oncePerTurn },
    )
  }

  /** Makes a stream that is not open yet. */
  prepare(streamId: string, afterSeq: number): OpenStream {
    const { readLog, ringSize, ringMemoryByteSize, logger } = this.options
    const limits = { maxEvents: ringSize, maxByteSize: ringMemoryByteSize * streamShare }
    const stream = new Stream({
      streamId,
      ring: new Ring(limits, this.ringMemory),
      readLog: (request) => readLog({ ...request, isGap: true }),
      readHead: () => this.headOf.load(streamId),
      onError: (error) => {
        logger.warn({ err: error, streamId }, 'could not read missing events from the log; will try again')
      },
    })
    return new OpenStream(stream, afterSeq)
  }

  /**
   * Begins to open them together. Their `ready` resolves when they are open, or rejects with UnavailableError after 5 s
   * plus 1 ms for each.
   */
  open(prepared: readonly OpenStream[]): void {
    // Readers that come meanwhile wait for it as well, so it must end.
    const ready = within(
      openTimeoutMs + prepared.length * openTimeoutPerStreamMs,
      this.openAll(prepared),
      () => new UnavailableError(notOpened, openRetryAfterMs),
    )
    for (const one of prepared) one.ready = ready
  }

  private async openAll(prepared: readonly OpenStream[]): Promise<void> {
    // The bus first and the head after it: an event between the two is then either counted in the head or delivered.
    await Promise.all(prepared.map((one) => this.subscribe(one)))
    const heads = await Promise.all(prepared.map(({ stream }) => this.headOf.load(stream.streamId)))
    await Promise.all(prepared.map((one, index) => this.begin(one, heads[index] ?? streamStart)))
    // Only when all have opened: they are waited for together, and one that failed would be kept for the next reader.
    for (const one of prepared) one.isOpen = true
  }

  /** Resolves when the bus delivers the stream's events, or soon without that: the bus is there for speed only. */
  private async subscribe(one: OpenStream): Promise<void> {
    const { bus, logger, onPayload } = this.options
    const { stream } = one
    const { streamId } = stream
    // The relay would find what was published before the subscription was live. Reading the head finds it at once.
    const catchUp = () => {
      this.headOf.load(streamId).then(
        ({ headEventSeq }) => stream.announce(headEventSeq),
        () => undefined,
      )
    }
    let isLate = false
    const subscribing = bus.subscribe(topics.stream(streamId), (payload) => onPayload(stream, payload), catchUp)
    const taken = subscribing.then(
      (unsubscribe) => {
        one.subscribed(unsubscribe)
        if (isLate) catchUp()
      },
      (error: unknown) => {
        logger.warn(
          { err: error, streamId },
          'could not subscribe to the bus; the readers of this stream get its events from the log',
        )
      },
    )
    isLate = !(await settlesWithin(busPatienceMs, taken))
  }

  private async begin({ stream, afterSeq }: OpenStream, head: StreamHead): Promise<void> {
    const { readLog, ringSize } = this.options
    const headSeq = head.headEventSeq
    const isNear = afterSeq < headSeq && headSeq - afterSeq <= Math.min(ringSize, maxHeadStart)
    let events: LogEvent[] = []
    if (isNear) {
      const reading = readLog({ streamId: stream.streamId, afterSeq, limit: headSeq - afterSeq, isGap: true })
      if (await settlesWithin(headStartTimeoutMs, reading)) events = await reading
    }
    // Retention may have removed the next events. Then the reader finds that out by itself.
    const isWhole = events[0]?.seq === afterSeq + 1
    // Before start(): a look of the relay may wait for this stream alone, and then sets a newer watermark.
    stream.watermarkSeq = headSeq
    stream.start(isWhole ? { headEventSeq: afterSeq, headMark: events[0]?.markBefore ?? head.headMark } : head)
    if (isWhole) for (const event of events) stream.offer(event)
    stream.announce(headSeq)
  }
}
