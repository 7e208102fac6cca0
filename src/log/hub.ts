import type { Bus } from '../bus/bus.ts'
import { topics } from '../bus/topics.ts'
import type { EventStore } from '../store/events.ts'
import { parseEvent, type EventJson, type LogEvent } from '../store/rows.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ReadLog } from './read.ts'
import { Ring, RingMemory } from './ring.ts'
import { Stream } from './stream.ts'

/** The streams that somebody in this process reads, each with one bus subscription however many readers it has. */
export interface Hub {
  /** Opens streams, or joins those that are open. Each must be released once. */
  acquire(streamIds: readonly string[]): Promise<Stream[]>
  release(streamIds: readonly string[]): void
  /** A committed event, from wherever it was heard of. */
  offer(event: LogEvent): void
  /** A stream's head, heard of without the event. */
  announce(streamId: string, headEventSeq: number): void
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
  logger: Logger
}

interface Entry {
  stream: Stream
  readerCount: number
  /** Resolves once events reach the stream and its head is known. */
  ready: Promise<void>
  unsubscribe: () => void
}

/** The part of all that one stream may take: a few with very long messages must not leave nothing to the others. */
const streamShare = 1 / 16

export function createHub({ bus, events, readLog, ringSize, ringMemoryByteSize, logger }: HubOptions): Hub {
  const ringMemory = new RingMemory(ringMemoryByteSize)
  const ringLimits = { maxEvents: ringSize, maxByteSize: ringMemoryByteSize * streamShare }
  const entries = new Map<string, Entry>()

  const onPayload = (payload: string) => {
    try {
      const event = parseEvent(JSON.parse(payload) as EventJson)
      // A stream counts on it: with anything else it would look for a gap for ever.
      if (!Number.isSafeInteger(event.seq) || event.seq < 1) throw new Error('an event without its number')
      offer(event)
    } catch (error) {
      logger.warn({ err: error }, 'the bus carried something that is no event')
    }
  }

  const offer = (event: LogEvent) => entries.get(event.streamId)?.stream.offer(event)

  const open = (streamIds: string[]): void => {
    const opened = streamIds.map((streamId) => {
      const stream = new Stream({
        streamId,
        ring: new Ring(ringLimits, ringMemory),
        readLog,
        readHead: async () => (await events.heads([streamId]))[0]?.headEventSeq ?? 0,
        onError: (error) => {
          logger.warn({ err: error, streamId }, 'could not read a gap from the log; will try again')
        },
      })
      const entry: Entry = { stream, readerCount: 0, ready: Promise.resolve(), unsubscribe: () => undefined }
      entries.set(streamId, entry)
      return entry
    })
    // The bus first and the head after it: an event between the two is then either counted in the head or delivered.
    const ready = (async () => {
      await Promise.all(
        opened.map(async (entry) => {
          const unsubscribe = await bus.subscribe(topics.stream(entry.stream.streamId), onPayload)
          if (entries.get(entry.stream.streamId) === entry) entry.unsubscribe = unsubscribe
          else unsubscribe()
        }),
      )
      const heads = new Map((await events.heads(streamIds)).map((head) => [head.streamId, head.headEventSeq]))
      for (const { stream } of opened) stream.start(heads.get(stream.streamId) ?? 0)
    })()
    for (const entry of opened) entry.ready = ready
  }

  const release = (streamIds: readonly string[]) => {
    for (const streamId of streamIds) {
      const entry = entries.get(streamId)
      if (!entry || --entry.readerCount > 0) continue
      entries.delete(streamId)
      entry.stream.close()
      entry.unsubscribe()
    }
  }

  return {
    async acquire(streamIds) {
      const missing = streamIds.filter((streamId) => !entries.has(streamId))
      if (missing.length > 0) open([...new Set(missing)])
      const joined = streamIds.map((streamId) => {
        const entry = entries.get(streamId)
        if (!entry) throw new Error(`stream ${streamId} is not open`)
        entry.readerCount++
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
    get openStreamCount() {
      return entries.size
    },
    close() {
      for (const entry of entries.values()) {
        entry.stream.close()
        entry.unsubscribe()
      }
      entries.clear()
    },
  }
}
