import DataLoader from 'dataloader'
import type { EventType } from '../../log/event-types.ts'
import { Cursor, type LogItem, type LostPlace } from '../../log/cursor.ts'
import type { Hub } from '../../log/hub.ts'
import { streamStart } from '../../log/mark.ts'
import type { ReadLog } from '../../log/read.ts'
import { oncePerTurn } from '../../flow/turn.ts'
import type {
  ConversationStore,
  Membership,
  Memberships,
  MembershipsRequest,
  StreamExtent,
} from '../../store/conversations.ts'
import type { EventStore } from '../../store/events.ts'
import { NotFoundError, UnavailableError, ValidationError } from '../errors.ts'
import { Feed } from './feed.ts'
import { checkPositions, placesOf, startAt, type StreamPosition } from './position.ts'
import { createMembershipOf } from '../conversations/memberships.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'

export interface StreamResync {
  streamId: string
  items: LogItem[]
  hasMore: boolean
  eventSeq: number
  mark: string
}

export interface Streams {
  /** Only the types given, or all. Ends with the viewer's own MEMBER_LEFT. */
  conversation(
    viewer: Viewer,
    conversationId: string,
    position: Omit<StreamPosition, 'streamId'> | null,
    types?: readonly EventType[],
  ): Promise<Feed>
  /** All streams of the viewer, also those that are joined later. */
  inbox(viewer: Viewer, positions: readonly StreamPosition[]): Promise<Feed>
  resync(
    viewer: Viewer,
    positions: readonly StreamPosition[],
    limit: number,
  ): Promise<{ streams: StreamResync[]; own: StreamExtent }>
}

export interface StreamsOptions {
  hub: Hub
  readLog: ReadLog
  events: EventStore
  conversations: ConversationStore
  watch: SessionWatch
}

/** Events one resync answers at the most, over all its streams. */
const maxResyncEvents = 10_000

/** Each may be in thousands of conversations. */
const maxInboxesPerStatement = 20
/** Milliseconds for which a resync waits for its turn at the log, behind readers that can wait longer. */
const maxResyncWaitMs = 2_500

const noStream = () => new NotFoundError('There is no such stream here.')

/** A subscription may wait as long as it takes; a request is promised an answer. */
async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new UnavailableError('Too many are catching up. Try again shortly.', maxResyncWaitMs))
    }, maxResyncWaitMs)
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    clearTimeout(timer)
  }
}

export function createStreams({ hub, readLog, events, conversations, watch }: StreamsOptions): Streams {
  // Thousands may come back at once: those of one turn are one statement.
  const membershipsOf = new DataLoader<MembershipsRequest, Memberships>(
    (requests) => conversations.memberships(requests),
    { cache: false, batchScheduleFn: oncePerTurn, maxBatchSize: maxInboxesPerStatement },
  )
  const membershipOf = createMembershipOf(conversations)

  /** The viewer's streams. A named one that was never theirs is refused with the words for one that does not exist. */
  const streamsOf = async (viewer: Viewer, named: ReadonlyMap<string, StreamPosition>) => {
    const { own, conversations: memberships } = await membershipsOf.load({
      viewerId: viewer.userId,
      named: placesOf(named),
    })
    const known = new Set(memberships.map((membership) => membership.conversationId))
    for (const streamId of named.keys()) if (streamId !== viewer.userId && !known.has(streamId)) throw noStream()
    return {
      own,
      active: memberships.filter(({ active }) => active),
      left: memberships.filter(({ active }) => !active),
    }
  }

  /** Whoever left may still name the stream: there is nothing more for them, and a fresh read will tell them why. */
  const lostFor = ({ conversationId }: Membership): LostPlace => ({
    streamId: conversationId,
    reason: 'UNKNOWN_CURSOR',
    ...streamStart,
  })

  const newFeed = (viewer: Viewer) => new Feed(viewer, new Cursor(hub, readLog), watch, membershipOf)

  return {
    async conversation(viewer, conversationId, position, types) {
      if (position && position.eventSeq < 0) {
        const message = '`after` is the eventSeq of a cursor: 0 or more.'
        throw new ValidationError(message, [{ path: ['after'], reason: message }])
      }
      const membership = await membershipOf(viewer, conversationId, position?.eventSeq)
      if (!membership) throw new NotFoundError('There is no such conversation here.')
      const feed = newFeed(viewer)
      const start = startAt(conversationId, position && { streamId: conversationId, ...position }, membership)
      await feed.start([start], [membership], { endsOnLeaving: true, types })
      return feed
    },

    async inbox(viewer, positions) {
      const named = checkPositions('after', positions)
      const { own, active, left } = await streamsOf(viewer, named)
      const ownPosition = named.get(viewer.userId) ?? null
      const ownStart = startAt(viewer.userId, ownPosition, own)
      // Joined since the cursor of the personal stream, and so not yet named: these are read from where they were joined.
      const joins =
        ownStart.afterSeq < own.headEventSeq ? await events.joinsAfter(viewer.userId, ownStart.afterSeq) : []
      const joined = new Set(joins.map((join) => join.conversationId))
      const feed = newFeed(viewer)
      const starts = [
        ownStart,
        ...active.map((membership) => {
          const { conversationId: streamId, joinedEventSeq: eventSeq } = membership
          const joinedAt = joined.has(streamId) ? { streamId, eventSeq, mark: null } : null
          return startAt(streamId, named.get(streamId) ?? joinedAt, membership)
        }),
      ]
      await feed.start(starts, active, { endsOnLeaving: false, lost: left.map(lostFor) })
      return feed
    },

    async resync(viewer, positions, limit) {
      if (limit < 1 || limit > 1_000) {
        const message = '`limit` must be from 1 to 1000.'
        throw new ValidationError(message, [{ path: ['limit'], reason: message }])
      }
      const named = checkPositions('cursors', positions)
      const { own, active, left } = await streamsOf(viewer, named)
      const perStream = Math.max(1, Math.min(limit, Math.floor(maxResyncEvents / Math.max(1, named.size))))
      const heads = new Map(active.map((membership) => [membership.conversationId, membership]))
      const gone = new Map(left.map((membership) => [membership.conversationId, lostFor(membership)]))
      const reading = Promise.all(
        [...named].map(async ([streamId, position]): Promise<StreamResync> => {
          const head = streamId === viewer.userId ? own : heads.get(streamId)
          const start = head && startAt(streamId, position, head)
          const lost = start ? start.lost : gone.get(streamId)
          if (lost) {
            return { streamId, items: [{ lost }], hasMore: false, eventSeq: lost.headEventSeq, mark: lost.headMark }
          }
          if (!start) throw noStream()
          const { afterSeq } = start
          const found = afterSeq < head.headEventSeq ? await readLog({ streamId, afterSeq, limit: perStream }) : []
          // Of a place that was named the statement always knows the mark.
          const last = found.at(-1) ?? { seq: afterSeq, mark: start.mark ?? streamStart.headMark }
          const items = found.filter(({ type }) => type !== 'UNKNOWN').map((event) => ({ event }))
          return { streamId, items, hasMore: last.seq < head.headEventSeq, eventSeq: last.seq, mark: last.mark }
        }),
      )
      return { streams: await inTime(reading), own }
    },
  }
}
