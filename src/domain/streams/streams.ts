import DataLoader from 'dataloader'
import type { EventType } from '../../log/event-types.ts'
import { Cursor } from '../../log/cursor.ts'
import { TrackedCursor } from '../../log/tracked-cursor.ts'
import type { LostPlace } from '../../log/items.ts'
import type { Hub } from '../../log/hub.ts'
import { streamStart } from '../../log/mark.ts'
import type { ReadLog } from '../../log/read.ts'
import type { ResumePoint } from '../../log/resume-point.ts'
import { oncePerTurn } from '../../flow/turn.ts'
import type {
  ConversationStore,
  Membership,
  Memberships,
  MembershipsRequest,
  StreamExtent,
} from '../../store/conversations.ts'
import type { EventStore } from '../../store/events.ts'
import type { Resumption, ResumptionStore } from '../../store/resumption.ts'
import { planBeginning } from './beginning.ts'
import type { ResumptionPlan } from './resumption.ts'
import { NotFoundError, ValidationError } from '../errors.ts'
import type { ResumeTokens } from '../inbox/resume-token.ts'
import { Feed } from './feed.ts'
import { checkPositions, placesOf, startAt, type StreamPosition } from './position.ts'
import { createFollowedBy, createMembershipOf } from '../conversations/memberships.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'
import { createResuming, noStream } from './resuming.ts'
import { checkLimit, resyncAfter, resyncNamed, type Resync } from './resync.ts'

export interface Streams {
  /**
   * Events of the given types, or of all. Ends with the viewer's own MEMBER_LEFT. Rejects with NOT_FOUND when the
   * conversation is not the viewer's, VALIDATION_ERROR for an invalid position, and UNAVAILABLE when the log does not
   * answer in time.
   */
  conversation(
    viewer: Viewer,
    conversationId: string,
    position: Omit<StreamPosition, 'streamId'> | null,
    types?: readonly EventType[],
  ): Promise<Feed>
  /** All streams of the viewer, also those joined later; after a resume token if one is given. Rejects as above. */
  inbox(viewer: Viewer, from: InboxStart): Promise<Feed>
  /** Events of the named streams, and with a resume token of all streams that moved since. Rejects as above. */
  resync(
    viewer: Viewer,
    positions: readonly StreamPosition[],
    limit: number,
    resume?: string | null,
  ): Promise<ResyncAnswer>
}

export interface InboxStart {
  positions: readonly StreamPosition[]
  resume?: string | null
  /** Whether each item has a resume token. */
  isTracked: boolean
}

export interface ResyncAnswer extends Pick<Resync, 'streams' | 'own'> {
  resume: string
}

export interface StreamsOptions {
  hub: Hub
  readLog: ReadLog
  events: EventStore
  conversations: ConversationStore
  resumptions: ResumptionStore
  tokens: ResumeTokens
  watch: SessionWatch
}

/** Each viewer may be in thousands of conversations. */
const maxInboxesPerStatement = 20

export function createStreams(options: StreamsOptions): Streams {
  const { hub, readLog, events, conversations, resumptions, tokens, watch } = options
  // Thousands may come back at once: all requests of one turn share a statement.
  const membershipsOf = new DataLoader<MembershipsRequest, Memberships>(
    (requests) => conversations.memberships(requests),
    { cache: false, batchScheduleFn: oncePerTurn, maxBatchSize: maxInboxesPerStatement },
  )
  const membershipOf = createMembershipOf(conversations)
  const followedBy = createFollowedBy(conversations)
  const resuming = createResuming(resumptions)

  /** The viewer's streams. Rejects for a named stream that never was the viewer's as if it did not exist. */
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

  /** A viewer who left may still name the stream. It has no more events for them, and a fresh read tells them why. */
  const lostFor = ({ conversationId }: Membership): LostPlace => ({
    streamId: conversationId,
    reason: 'UNKNOWN_CURSOR',
    ...streamStart,
  })

  /** A feed of all streams in a plan. Each item has a token if tokens are tracked. */
  const plannedInbox = async (viewer: Viewer, plan: ResumptionPlan, found: Resumption, isTracked: boolean) => {
    const active = found.conversations.filter((membership) => membership.active)
    if (!isTracked) {
      const lost = plan.sweeps.flatMap(({ steps }) => steps.flatMap((step) => step.lost ?? []))
      const feed = newFeed(viewer)
      await feed.start(plan.starts, active, { endsOnLeaving: false, lost })
      return feed
    }
    const own = tokens.viewerText(viewer.userId)
    const tokenOf = (point: ResumePoint) => ({ shared: tokens.pointText(point), own })
    const cursor = new TrackedCursor(hub, readLog)
    const feed = new Feed(viewer, cursor, watch, membershipOf)
    // Lost positions are steps of the plan.
    const starts = plan.starts.map(({ streamId, afterSeq, mark }) => ({ streamId, afterSeq, mark }))
    await feed.start(starts, active, { endsOnLeaving: false, tokenOf })
    cursor.track(plan)
    feed.firstPlace = tokens.encode(plan.point, viewer.userId)
    return feed
  }

  /**
   * Where each stream begins that is named, or was joined since the cursor of the personal stream; all others begin live.
   */
  const startsOf = async (
    viewer: Viewer,
    named: ReadonlyMap<string, StreamPosition>,
    own: StreamExtent,
    active: readonly Membership[],
  ) => {
    const ownStart = startAt(viewer.userId, named.get(viewer.userId) ?? null, own)
    // Conversations that were joined since and so are not named: they are read from the joining on.
    const joins = ownStart.afterSeq < own.headEventSeq ? await events.joinsAfter(viewer.userId, ownStart.afterSeq) : []
    const joined = new Set(joins.map((join) => join.conversationId))
    const starts = active.map((membership) => {
      const { conversationId: streamId, joinedEventSeq: eventSeq } = membership
      const joinedAt = joined.has(streamId) ? { streamId, eventSeq, mark: null } : null
      return startAt(streamId, named.get(streamId) ?? joinedAt, membership)
    })
    return [ownStart, ...starts]
  }

  const newFeed = (viewer: Viewer) => new Feed(viewer, new Cursor(hub, readLog), watch, membershipOf)

  return {
    async conversation(viewer, conversationId, position, types) {
      if (position && position.eventSeq < 0) {
        const message = '`after` is the eventSeq of a cursor: 0 or more.'
        throw new ValidationError(message, [{ path: ['after'], reason: message }])
      }
      const membership = await followedBy(viewer, conversationId, position?.eventSeq)
      if (!membership) throw new NotFoundError('There is no such conversation here.')
      const feed = newFeed(viewer)
      const start = startAt(conversationId, position && { streamId: conversationId, ...position }, membership)
      await feed.start([start], [membership], { endsOnLeaving: true, types })
      return feed
    },

    async inbox(viewer, { positions, resume = null, isTracked }) {
      const named = checkPositions('after', positions)
      if (resume !== null) {
        const { found, ...plan } = await resuming.after(viewer, tokens.decode(resume, viewer.userId), named)
        return plannedInbox(viewer, plan, found, isTracked)
      }
      if (isTracked) {
        const found = await resuming.now(viewer, named)
        const active = found.conversations.filter((membership) => membership.active)
        const starts = await startsOf(viewer, named, found.own, active)
        return plannedInbox(viewer, planBeginning(viewer.userId, found, starts, named), found, true)
      }
      const { own, active, left } = await streamsOf(viewer, named)
      const feed = newFeed(viewer)
      const starts = await startsOf(viewer, named, own, active)
      await feed.start(starts, active, { endsOnLeaving: false, lost: left.map(lostFor) })
      return feed
    },

    async resync(viewer, positions, limit, resume = null) {
      checkLimit(limit)
      const named = checkPositions('cursors', positions)
      const token = resume === null ? null : tokens.decode(resume, viewer.userId)
      const { streams, own, point } = token
        ? await resyncAfter(readLog, viewer, await resuming.after(viewer, token, named), named, limit)
        : await resyncNamed({ resuming, readLog }, viewer, named, limit)
      return { streams, own, resume: tokens.encode(point, viewer.userId) }
    },
  }
}
