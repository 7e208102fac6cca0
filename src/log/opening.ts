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
 * Events that are read when a stream is opened for a reader behind. Who is further behind goes live first and catches up by
 * pages: all streams of an inbox are opened together, and wait for one another.
 */
const maxHeadStart = 256
/** Milliseconds for which opening waits for them: beyond that their reader catches up by pages as well. */
const headStartTimeoutMs = 1_000
/** Milliseconds for which opening waits for the bus, should the bus not keep its own promise. */
const busPatienceMs = 300
/** Milliseconds that opening may take in all, and for each stream besides: an inbox may have 10,000 of them. */
const openTimeoutMs = 5_000
const openTimeoutPerStreamMs = 1
const openRetryAfterMs = 1_000
const notOpened = 'What you follow could not be opened in time. Try again shortly.'
/** The part of all memory that one stream may take: a few with very long messages must leave something to the others. */
const streamShare = 1 / 16

/** A stream that somebody in this process reads, or did a moment ago. */
export class OpenStream {
  readerCount = 0
  /** Resolves once events reach the stream and its head is known. */
  ready: Promise<void> = Promise.resolve()
  isOpen = false
  private isEnded = false
  private unsubscribe: (() => void) | null = null

  constructor(
    readonly stream: Stream,
    /** Where the reader stands for whom it is opened. */
    readonly afterSeq: number,
  ) {}

  /** The bus brings its events; `unsubscribe` is called when the stream ends, at once when it has ended already. */
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
  /** Newest events kept in memory of each stream, and bytes that those of all streams may come to. */
  ringSize: number
  ringMemoryByteSize: number
  logger: Logger
  /** What the bus brings for a stream. */
  onPayload: (stream: Stream, payload: string) => void
}

/** Opens streams: subscribes to the bus, reads the head, and begins there or, for a reader near it, where the reader stands. */
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

  /** A stream that is not open yet. */
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

  /** Begins to open them together; their `ready` says when, or rejects with UnavailableError after 5 s and 1 ms for each. */
  open(prepared: readonly OpenStream[]): void {
    // Readers that come during it wait for it as well: it must end.
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
    // All of them or none: they are waited for together, and one that failed would be kept for the next reader.
    for (const one of prepared) one.isOpen = true
  }

  /** Resolves when the bus brings what happens in the stream, or soon without: it is there for speed only. */
  private async subscribe(one: OpenStream): Promise<void> {
    const { bus, logger, onPayload } = this.options
    const { stream } = one
    const { streamId } = stream
    // What was published before it came: found by the relay in any case, and so at once.
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
    // Unless retention took what comes next, which is for the reader to find out.
    const isWhole = events[0]?.seq === afterSeq + 1
    // First: a look that found more may only wait for the stream to begin.
    stream.watermarkSeq = headSeq
    stream.start(isWhole ? { headEventSeq: afterSeq, headMark: events[0]?.markBefore ?? head.headMark } : head)
    if (isWhole) for (const event of events) stream.offer(event)
    stream.announce(headSeq)
  }
}
