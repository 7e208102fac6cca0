import DataLoader from 'dataloader'
import type { Bus } from '../bus/bus.ts'
import { topics } from '../bus/topics.ts'
import type { EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import { offered } from '../telemetry/facts.ts'
import type { Logger } from '../telemetry/logger.ts'
import { fromPayload, markOf, seqOf } from './payload.ts'
import type { ReadLog } from './read.ts'
import { Ring, RingMemory } from './ring.ts'
import { streamStart } from './mark.ts'
import { Stream, type StreamHead } from './stream.ts'
import { Watermarks } from './watermarks.ts'
import { UnavailableError } from '../domain/errors.ts'
import { settlesWithin, within } from '../flow/deadline.ts'
import { oncePerTurn } from '../flow/turn.ts'

/** The streams that somebody in this process reads, each with one bus subscription however many readers it has. */
export interface Hub {
  /**
   * Opens streams, or joins those that are open. Each must be released once. `afterSeqs` says where their reader stands:
   * a stream that is opened for one not far behind begins there, so that all who come after it are served by the ring.
   */
  acquire(streamIds: readonly string[], afterSeqs?: readonly number[]): Promise<Stream[]>
  release(streamIds: readonly string[]): void
  /** A committed event, from this process, the bus or the log. */
  offer(event: LogEvent): void
  /** A stream's head, known without the event. */
  announce(streamId: string, headEventSeq: number): void
  /**
   * The log may be one of another history than the events that are known here: readers of streams whose newest event is not
   * in it are told so, and continue live.
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
  /** Newest events kept in memory of each stream, and bytes that those of all streams may come to. */
  ringSize: number
  ringMemoryByteSize: number
  /**
   * Milliseconds for which a stream stays open without a reader: those who lost their connection all at once find their
   * events in the ring when they come back. 0: not at all.
   */
  lingerMs?: number
  logger: Logger
}

interface Entry {
  stream: Stream
  /** Where the reader stands for whom it is opened. */
  afterSeq: number
  readerCount: number
  /** Resolves once events reach the stream and its head is known. */
  ready: Promise<void>
  isOpen: boolean
  unsubscribe: () => void
}

/**
 * Events that are read when a stream is opened for a reader behind. Who is further behind goes live first and catches up by
 * pages: all streams of an inbox are opened together, and wait for one another.
 */
const maxHeadStart = 256
/** Milliseconds for which opening waits for them: beyond that their reader catches up by pages as well. */
const headStartTimeoutMs = 1_000
/** Milliseconds for which opening waits for the bus, should the bus not keep its own promise. */
const busPatienceMs = 300
/** Milliseconds that opening may take in all. */
const openTimeoutMs = 5_000
const openRetryAfterMs = 1_000
const notOpened = 'What you follow could not be opened in time. Try again shortly.'
/** Streams without a reader that are kept open at the most; beyond that the one left longest ago is closed. */
const maxIdleStreams = 1_000
/** The part of all memory that one stream may take: a few with very long messages must leave something to the others. */
const streamShare = 1 / 16

export function createHub(options: HubOptions): Hub {
  const { bus, events, readLog, ringSize, ringMemoryByteSize, lingerMs = 0, logger } = options
  const ringMemory = new RingMemory(ringMemoryByteSize)
  const ringLimits = { maxEvents: ringSize, maxByteSize: ringMemoryByteSize * streamShare }
  const entries = new Map<string, Entry>()
  /** Open streams without a reader, the one left longest ago first, each with the time until which it stays. */
  const idle = new Map<string, number>()
  let sweeping: NodeJS.Timeout | undefined

  const headOf = new DataLoader<string, StreamHead>(
    async (streamIds) => {
      const heads = new Map((await events.heads(streamIds)).map((head) => [head.streamId, head]))
      return streamIds.map((streamId) => heads.get(streamId) ?? streamStart)
    },
    { cache: false, batchScheduleFn: oncePerTurn },
  )

  const offer = (event: LogEvent) => {
    const entry = entries.get(event.streamId)
    if (offered.hasSubscribers) {
      const { streamId, seq, type } = event
      offered.publish({ streamId, seq, type, hasReaders: (entry?.readerCount ?? 0) > 0 })
    }
    entry?.stream.offer(event)
  }

  const onPayload = (stream: Stream, payload: string) => {
    const seq = seqOf(payload)
    // The usual one: written by this very process, which had it before the bus did.
    if (seq > 0 && seq <= stream.tipSeq) {
      const mark = markOf(payload)
      if (mark !== null && !stream.agreesWith(seq, mark)) stream.startOver()
      return
    }
    try {
      offer(fromPayload(payload))
    } catch (error) {
      // One of a former version, perhaps: the log has it.
      if (seq > 0) stream.announce(seq)
      logger.warn({ err: error }, 'ignored a message of the bus that is not an event')
    }
  }

  /** Resolves when the bus brings what happens in the stream, or soon without: it is there for speed only. */
  const subscribe = async (entry: Entry) => {
    const { stream } = entry
    const { streamId } = stream
    // What was published before it came: found by the relay in any case, and so at once.
    const catchUp = () => {
      headOf.load(streamId).then(
        ({ headEventSeq }) => stream.announce(headEventSeq),
        () => undefined,
      )
    }
    let isLate = false
    const subscribing = bus.subscribe(topics.stream(streamId), (payload) => onPayload(stream, payload), catchUp)
    const taken = subscribing.then(
      (unsubscribe) => {
        if (entries.get(streamId) === entry) entry.unsubscribe = unsubscribe
        else unsubscribe()
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

  const begin = async (entry: Entry, head: StreamHead) => {
    const { stream, afterSeq } = entry
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

  const open = (afterSeqs: ReadonlyMap<string, number>): void => {
    const opened = [...afterSeqs].map(([streamId, afterSeq]) => {
      const stream = new Stream({
        streamId,
        ring: new Ring(ringLimits, ringMemory),
        readLog: (request) => readLog({ ...request, isGap: true }),
        readHead: () => headOf.load(streamId),
        onError: (error) => {
          logger.warn({ err: error, streamId }, 'could not read missing events from the log; will try again')
        },
      })
      const entry: Entry = {
        stream,
        afterSeq,
        readerCount: 0,
        ready: Promise.resolve(),
        isOpen: false,
        unsubscribe: () => undefined,
      }
      entries.set(streamId, entry)
      return entry
    })
    // The bus first and the head after it: an event between the two is then either counted in the head or delivered.
    const opening = (async () => {
      await Promise.all(opened.map(subscribe))
      const heads = await Promise.all(opened.map(({ stream }) => headOf.load(stream.streamId)))
      await Promise.all(opened.map((entry, index) => begin(entry, heads[index] ?? streamStart)))
      // All of them or none: they are waited for together, and one that failed would be kept for the next reader.
      for (const entry of opened) entry.isOpen = true
    })()
    // Readers that come during it wait for it as well: it must end.
    const ready = within(openTimeoutMs, opening, () => new UnavailableError(notOpened, openRetryAfterMs))
    for (const entry of opened) entry.ready = ready
  }

  const end = (streamId: string, { stream, unsubscribe }: Entry) => {
    entries.delete(streamId)
    idle.delete(streamId)
    stream.close()
    unsubscribe()
  }

  const sweep = () => {
    sweeping = undefined
    const nowMs = performance.now()
    for (const [streamId, untilMs] of idle) {
      if (untilMs > nowMs && idle.size <= maxIdleStreams) {
        sweeping = setTimeout(sweep, untilMs - nowMs).unref()
        return
      }
      const entry = entries.get(streamId)
      if (entry) end(streamId, entry)
    }
  }

  const release = (streamIds: readonly string[]) => {
    for (const streamId of streamIds) {
      const entry = entries.get(streamId)
      if (!entry || --entry.readerCount > 0) continue
      // One that failed to open must be gone, so that it can be opened again.
      if (lingerMs === 0 || !entry.isOpen) end(streamId, entry)
      else idle.set(streamId, performance.now() + lingerMs)
    }
    if (idle.size > maxIdleStreams) clearTimeout(sweeping)
    else if (sweeping || idle.size === 0) return
    sweep()
  }

  const watermarks = new Watermarks({
    get: (streamId) => entries.get(streamId)?.stream,
    all: function* () {
      for (const { stream } of entries.values()) yield stream
    },
  })

  return {
    watermarks,
    async acquire(streamIds, afterSeqs = []) {
      const missing = new Map(streamIds.map((streamId, index) => [streamId, afterSeqs[index] ?? Infinity]))
      for (const streamId of streamIds) if (entries.has(streamId)) missing.delete(streamId)
      if (missing.size > 0) open(missing)
      const joined = streamIds.map((streamId) => {
        const entry = entries.get(streamId)
        if (!entry) throw new Error(`stream ${streamId} is not open`)
        entry.readerCount++
        idle.delete(streamId)
        return entry
      })
      try {
        await Promise.all(new Set(joined.map((entry) => entry.ready)))
      } catch (error) {
        // Released by everyone who waits for it, a stream that failed to open is gone and can be opened again.
        release(streamIds)
        throw error
      }
      return joined.map((entry) => entry.stream)
    },
    release,
    offer,
    announce(streamId, headEventSeq) {
      entries.get(streamId)?.stream.announce(headEventSeq)
    },
    async verify() {
      const served = [...entries.values()].flatMap(({ stream }) => {
        const { streamId, history, tipSeq: seq, tipMark: mark } = stream
        return seq > 0 ? [{ stream, history, place: { streamId, seq, mark } }] : []
      })
      if (served.length === 0) return
      const areThere = await events.areThere(served.map(({ place }) => place))
      served.forEach(({ stream, history }, index) => {
        if (areThere[index] === false && stream.history === history) stream.startOver()
      })
    },
    get openStreamCount() {
      return entries.size
    },
    close() {
      clearTimeout(sweeping)
      for (const [streamId, entry] of entries) end(streamId, entry)
    },
  }
}
