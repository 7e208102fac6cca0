import { channel } from 'node:diagnostics_channel'

/**
 * A kind of thing that happens, published for metrics and logs on a channel of node:diagnostics_channel named
 * `parley:<name>`. Check `hasSubscribers` before making a payload: without a subscriber a fact costs only that check.
 * Subscribers run synchronously, so they must be quick, and must not throw: that would be an uncaught exception.
 */
export interface Fact<Payload extends object> {
  readonly hasSubscribers: boolean
  publish(payload: Payload): void
}

const fact = <Payload extends object>(name: string): Fact<Payload> => channel(`parley:${name}`)

/** A write was answered by the database: durable when it was accepted. */
export const committed = fact<{
  /** The command's type, for example `sendMessage`. */
  type: string
  /** ACCEPTED, DUPLICATE, or why it was refused. */
  outcome: string
  eventCount: number
  /** From the request to the answer, waiting for a shared statement included. */
  durationMs: number
}>('committed')

/** An event reached the hub of this process: from a writer here, or over the bus. */
export const offered = fact<{ streamId: string; seq: number; type: string; hasReaders: boolean }>('offered')

/** An event was executed, once for all subscriptions that get the same of it. */
export const executed = fact<{ type: string }>('event-executed')

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

/** A statement came to an end, waiting for a connection included. */
export const stated = fact<{ lane: 'reads' | 'writes'; durationMs: number; isAnswered: boolean }>('stated')

/** The way of a lane to PostgreSQL was cut, as it does not answer, or it is open again. */
export const laneSwitched = fact<{ lane: 'reads' | 'writes'; isOpen: boolean }>('lane-switched')

/** Writes of one kind went to PostgreSQL in one statement. */
export const gathered = fact<{ size: number }>('gathered')

/** The relay has asked the log for what moved: how many streams had, or null when it got no answer. */
export const looked = fact<{ durationMs: number; movedCount: number | null }>('relay-looked')

/** A stretch of a stream was read from the log, as it is not in memory: for all readers of the stream, or for one that is behind. */
export const stretchRead = fact<{ eventCount: number; isGap: boolean }>('stretch-read')

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

/** A webhook was attempted: `status` is that of the answer, null when there was none. */
export const webhookAttempted = fact<{
  endpointId: string
  /** Of the event, as the log calls it. */
  type: string
  state: 'DELIVERED' | 'RETRYING' | 'FAILED'
  status: number | null
  durationMs: number
}>('webhook-attempted')

/** A webhook endpoint gets nothing any more, by what it answered, or because nothing could be delivered for a day. */
export const webhookEnded = fact<{ endpointId: string; state: string; reason: string }>('webhook-ended')
