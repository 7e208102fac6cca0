import { channel } from 'node:diagnostics_channel'

/**
 * A kind of thing that happens, published for metrics and logs on a channel of node:diagnostics_channel named
 * `parley:<name>`. Check `hasSubscribers` before making a payload: without a subscriber a fact costs only that check.
 * Subscribers run synchronously, so they must be quick, and must not throw: that would be an uncaught exception.
 */
export interface Fact<Payload extends object> {
  /** Of its channel. */
  readonly name: string | symbol
  readonly hasSubscribers: boolean
  publish(payload: Payload): void
}

/**
 * What takes time, and in whose course other facts happen. The channel `parley:<name>` can have stores bound to it
 * (Channel.bindStore), which hold from its beginning through all that it waits for; `parley:<name>-ended` is told at its end.
 */
export interface Course<Payload extends object> {
  readonly begun: Fact<Payload>
  readonly ended: Fact<Payload>
  /** `note` adds to the payload what is known at the end. */
  run<Result>(
    payloadOf: () => Payload,
    work: () => Result,
    note?: (payload: Payload, result: Awaited<Result>) => void,
  ): Result
}

function course<Payload extends object>(name: string): Course<Payload> {
  const begun = channel(`parley:${name}`)
  const ended = channel(`parley:${name}-ended`)
  return {
    ...{ begun, ended },
    run(payloadOf, work, note) {
      if (!begun.hasSubscribers) return work()
      const payload = payloadOf()
      return begun.runStores(payload, () => {
        const result = work()
        if (result instanceof Promise) {
          const end = () => ended.publish(payload)
          result.then((value: unknown) => {
            note?.(payload, value as never)
            end()
          }, end)
        } else {
          note?.(payload, result as never)
          ended.publish(payload)
        }
        return result
      })
    },
  }
}

const fact = <Payload extends object>(name: string): Fact<Payload> => channel(`parley:${name}`)

/** An operation is executed, or a subscription opened, for a request. */
export const operated = course<{
  kind: 'query' | 'mutation' | 'subscription'
  /** As its document names it. */
  name?: string
  traceId: string
  /** The W3C traceparent with which it came. */
  traceparent?: string
  /** At its end: its answer has errors. */
  isFailed?: boolean
}>('operation')

/** Commands of sendMessage; the second one is that of staff who are no members. */
export const sendCommands: readonly string[] = ['sendMessage', 'answerSupport']

/** A write was answered by the database: durable when it was accepted. */
export const committed = fact<{
  /** The command's type, for example `sendMessage`. */
  type: string
  /** ACCEPTED, DUPLICATE, or why it was refused. */
  outcome: string
  /** Of what it appended to the log. */
  events: readonly Appended[]
  /** From the request to the answer, waiting for a shared statement included. */
  durationMs: number
  /** Who asked for it; not there when nobody did. */
  actorId?: string
}>('committed')

/** What facts say of an event of the log: never what somebody wrote. */
export interface Appended {
  streamId: string
  seq: number
  type: string
  /** The W3C traceparent of what published it, where that is traced: a listener sets it, and it goes over the bus. */
  trace?: string
}

/** An event that was committed was announced to the processes, or that failed. */
export const announced = fact<{ event: Appended; isAnnounced: boolean }>('announced')

/** A write got no answer, or one that it was not made for: whether it was done may be unknown. */
export const writeFailed = fact<{
  type: string
  actorId?: string
  /** The code that its client gets. */
  code: string
  durationMs: number
}>('write-failed')

/** An event reached the hub of this process: from a writer here, or over the bus. */
export const offered = fact<Appended & { hasReaders: boolean }>('offered')

/** An event was executed, once for all subscriptions that get the same of it. */
export const executed = course<{ type: string; trace?: string }>('event-executed')

/** A subscription took the result of an event that was executed for another one. */
export const shared = fact<{ type: string }>('event-shared')

/** An operation or an event was executed, or given up: what it came to. */
export const answered = fact<{ objects: number; byteSize: number; processorMs: number; isGivenUp: boolean }>('answered')

/** Events were written to a WebSocket, all of one turn in one write. */
export const delivered = fact<{
  eventCount: number
  byteSize: number
  /** When the first of them that came live was committed; not there when all are replayed. */
  committedAtMs?: number
}>('delivered')

/** An event was put into what a reader's connection gets in this turn. */
export const handedOver = fact<{
  event: Appended
  viewerId?: string
}>('event-handed-over')

/** A WebSocket said who it is, or that it is nobody in particular. */
export const connected = fact<{ userId?: string; kind?: string }>('socket-connected')

/** A WebSocket that had said who it is came to its end, from whichever side. */
export const disconnected = fact<{ userId?: string; code: number; durationMs: number }>('socket-disconnected')

/** Somebody's presence is another one than it was before; told in each process where somebody follows them. */
export const presenceChanged = fact<{ userId: string; status: string }>('presence-changed')

/** An error goes to a client, as the part of its answer that says so. */
export const erred = fact<{ code: string; traceId: string; isUnexpected: boolean }>('erred')

/** A statement came to an end, waiting for a connection included. */
export const stated = fact<{
  lane: 'reads' | 'writes'
  /** Of the statement; of one without a name its first word. */
  name: string
  durationMs: number
  isAnswered: boolean
}>('stated')

/** The way of a lane to PostgreSQL was cut, as it does not answer, or it is open again. */
export const laneSwitched = fact<{ lane: 'reads' | 'writes'; isOpen: boolean }>('lane-switched')

/** A write of a kind that shares statements waits for one; the object is that of `gathered`. */
export const joined = fact('write-joined')

/** Writes of one kind went to PostgreSQL in one statement. */
export const gathered = course<{ size: number; members: readonly object[] }>('gathered')

/** The relay has asked the log for what moved: how many streams had, or null when it got no answer. */
export const looked = fact<{ durationMs: number; movedCount: number | null }>('relay-looked')

/** A stretch of a stream was read from the log, as it is not in memory: for all readers of the stream, or for one that is behind. */
export const stretchRead = fact<{ eventCount: number; isGap: boolean }>('stretch-read')

/** A reader took its next event from memory; or that is not there, and it has to read a stretch of the log. */
export const readerTook = fact<{ isInMemory: true } | { isInMemory: false; behindCount: number }>('reader-took')

/** A message went to Redis and came back. */
export const roundTripped = fact<{ durationMs: number }>('bus-round-trip')

/** A file that somebody sent was taken, or refused for its size, its type or a cut connection. */
export const uploaded = fact<{ byteSize: number; isTaken: boolean }>('uploaded')

/** The server closed a WebSocket. */
export const closed = fact<{ code: number | undefined }>('socket-closed')

/** Something was refused, ended or put off because of a limit. */
export const limited = fact<{
  code: 'RATE_LIMITED' | 'QUERY_TOO_COMPLEX' | 'UNAVAILABLE'
  /** Which limit, in kebab-case; docs/limits.md lists them. */
  limit: string
  /** Who reached it: a person's id or `address:…`, where it is known. */
  payer?: string
}>('limited')

/** Somebody of the staff answered a support conversation for the first time: how long after it was opened. */
export const supportAnswered = fact<{ durationMs: number }>('support-answered')

/** A support conversation was resolved for the first time: how long after it was opened. */
export const supportResolved = fact<{ durationMs: number }>('support-resolved')

/** A client told what it has counted since its last report: events, and what must never happen. */
export const diagnosed = fact<{
  userId: string
  eventCount: number
  acksWithoutEvent: number
  duplicateEvents: number
  duplicateMessages: number
  readsWentBack: number
}>('diagnosed')

/** A webhook is sent. At its end `status` is that of the answer, null when there was none. */
export const webhookSent = course<{
  /** Of the event, as the log calls it, and where it is in the log; a test of an endpoint has no event. */
  type: string
  streamId: string | null
  seq: number | null
  endpointId: string
  /** The W3C traceparent that the request gets, where that is traced: a listener sets it. */
  traceparent?: string
  status?: number | null
}>('webhook')

/** A webhook was attempted: `status` is that of the answer, null when there was none. */
export const webhookAttempted = fact<{
  endpointId: string
  /** Of the event, as the log calls it. */
  type: string
  state: 'DELIVERED' | 'RETRYING' | 'FAILED'
  status: number | null
  durationMs: number
  /** From the event to the end of this attempt; not there for those that somebody asked for. */
  lagMs?: number
}>('webhook-attempted')

/** A webhook endpoint gets nothing any more, by what it answered, or because nothing could be delivered for a day. */
export const webhookEnded = fact<{ endpointId: string; state: string; reason: string }>('webhook-ended')

/** A query whose answer may be kept was asked: what of it was there, and was proven to be so still. */
export const keptAsked = fact<{ found: 'all' | 'part' | 'none' }>('kept-asked')

/** Kept answers were dropped: something moved that they rest on, others needed their room, or the log could not be asked. */
export const dropped = fact<{ reason: 'moved' | 'room' | 'replaced' | 'lost'; count: number }>('kept-dropped')
