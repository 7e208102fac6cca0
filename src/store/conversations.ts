import { arrayParameter, soleOf, tableOfParameters, type Database } from './database/database.ts'
import { readInbox, type InboxRequest, type InboxRow } from './inbox-page.ts'
import { startMark } from './log-event.ts'
import {
  conversationColumns,
  entryMemberColumns,
  parsePeople,
  pickConversation,
  pickEntryMember,
  pickMessage,
  type Conversation,
  type EntryRow,
  type User,
  type UserJson,
} from './rows.ts'
import { logStart, watermarkOf, type Watermark, type WatermarkRow } from './watermark.ts'
import { maybeUnread, unreadCount, unreadMentionCount } from './unread.ts'

export type { InboxPosition, InboxRequest, InboxRow } from './inbox-page.ts'

export interface EntryKey {
  viewerId: string
  conversationId: string
}

/** The head of a person's personal stream. */
export interface ViewerHead {
  headEventSeq: number
  headMark: string
}

export interface InboxCounts extends ViewerHead {
  unreadConversationCount: number
}

/**
 * Reads of conversations, inbox entries and memberships. Every method rejects with UNAVAILABLE when the database does not
 * answer in time.
 */
export interface ConversationStore {
  /** The conversations that exist, in no order. */
  byIds(ids: readonly string[], payer?: string): Promise<Conversation[]>
  /** For each key the entry of an active member; null if the person is not an active member. One statement. */
  entries(keys: readonly EntryKey[]): Promise<{ entries: (EntryRow | null)[]; viewerHeads: Map<string, ViewerHead> }>
  /**
   * A page of the inbox with the newest message of each conversation, and the people they show: one statement, at any size.
   */
  inbox(request: InboxRequest): Promise<InboxPageRows>
  /** Head of the personal stream, and in the same statement the number of entries that have unread messages. */
  inboxCounts(viewerId: string): Promise<InboxCounts>
  /** Conversations of the viewer with messages after their own read position, in the order of ids, and their heads. */
  behind(
    viewerId: string,
    afterId: string | null,
    limit: number,
  ): Promise<{ conversationId: string; headSeq: number }[]>
  /**
   * For each key the membership of an active member; null if the person is not an active member. Staff have one in each
   * support conversation for this. One statement.
   */
  activeMemberships(keys: readonly MembershipKey[]): Promise<(Membership | null)[]>
  /**
   * For each viewer their streams: the personal one, and their conversations. A conversation that they left is included
   * only if the request names it. One statement.
   */
  memberships(requests: readonly MembershipsRequest[]): Promise<Memberships[]>
}

export interface InboxPageRows {
  viewerHead: ViewerHead
  /** How far the log has got in the snapshot of the page. */
  watermark: Watermark
  /** By the clock of the database. */
  readAt: Date
  entries: InboxRow[]
  people: User[]
}

/** How far a stream has got, and from which position on the log still has it. */
export interface StreamExtent {
  headEventSeq: number
  headMark: string
  floorEventSeq: number
  floorMark: string
  /** Mark of the event at the requested position; null when the log has no event there. */
  markThere: string | null
}

export interface MembershipKey extends EntryKey {
  /** A position in the conversation's stream. */
  eventSeq?: number
  /** Whether the viewer counts as a member of every support conversation. */
  isStaff?: boolean
}

export interface Membership extends StreamExtent {
  conversationId: string
  joinedEventSeq: number
  /** False for a member who left or was removed. */
  active: boolean
  /** True for staff who are not a member. */
  asStaff?: boolean
  /** Messages up to this seq are withheld from the member. */
  historyFromSeq: number
}

export interface MembershipsRequest {
  viewerId: string
  /** Positions in their streams, by stream. */
  named: ReadonlyMap<string, number>
}

export interface Memberships {
  own: StreamExtent
  conversations: Membership[]
}

const readByIds = {
  name: 'read_conversations',
  text: `SELECT ${conversationColumns('c', '')} FROM conversations c WHERE c.id = ANY (${arrayParameter('uuid')})`,
}

const readEntries = {
  name: 'read_entries',
  text: `SELECT k.user_id AS "viewerId", u.head_event_seq AS "viewerHeadEventSeq", u.head_mark AS "viewerHeadMark",
      ${conversationColumns('c', 'c_')},
      ${entryMemberColumns('m', 'm_')}, CASE WHEN c.id IS NOT NULL THEN ${unreadCount('c', 'm')} END AS "unreadCount",
      CASE WHEN c.id IS NOT NULL THEN ${unreadMentionCount('c', 'm')} END AS "unreadMentionCount"
    FROM ${tableOfParameters('uuid', 'uuid')} AS k(user_id, conversation_id)
    JOIN users u ON u.id = k.user_id
    LEFT JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    LEFT JOIN conversations c ON c.id = m.conversation_id`,
}

/** Columns of the stream whose head row is `head`; `there` is the event at the requested position. */
export const extentColumns = (
  head: string,
  there: string,
) => `${head}.head_event_seq AS "headEventSeq", ${head}.head_mark AS "headMark",
  ${head}.floor_event_seq AS "floorEventSeq", ${head}.floor_mark AS "floorMark", ${there}.mark AS "markThere"`

// The personal stream has a row of its own. The mark at a position is looked up in the statement that reads the head: a
// stream in memory may be one that was lost since.
const readMemberships = {
  name: 'read_memberships',
  text: `WITH named AS (SELECT * FROM unnest(${arrayParameter('bigint', 2)}, ${arrayParameter('uuid', 3)}, ${arrayParameter('int', 4)})
      AS n(place, stream_id, seq)),
    asked AS (SELECT * FROM ${tableOfParameters('uuid')} WITH ORDINALITY AS r(user_id, place))
    SELECT r.place::int, NULL AS "conversationId", ${extentColumns('u', 'e')}, 0 AS "joinedEventSeq", true AS active, 0 AS "historyFromSeq"
    FROM asked r JOIN users u ON u.id = r.user_id
    LEFT JOIN named n ON n.place = r.place AND n.stream_id = u.id
    LEFT JOIN events e ON e.stream_id = n.stream_id AND e.seq = n.seq
    UNION ALL
    SELECT r.place::int, c.id, ${extentColumns('c', 'e')}, m.joined_event_seq, m.left_at IS NULL, m.history_from_seq
    FROM asked r
    JOIN members m ON m.user_id = r.user_id AND (m.left_at IS NULL OR (r.place, m.conversation_id) IN (SELECT place, stream_id FROM named))
    JOIN conversations c ON c.id = m.conversation_id
    LEFT JOIN named n ON n.place = r.place AND n.stream_id = c.id
    LEFT JOIN events e ON e.stream_id = n.stream_id AND e.seq = n.seq`,
}

const readActiveMemberships = {
  name: 'read_active_memberships',
  text: `SELECT k.place::int, c.id AS "conversationId", ${extentColumns('c', 'e')}, coalesce(m.joined_event_seq, 0) AS "joinedEventSeq",
      true AS active, m.user_id IS NULL AS "asStaff", coalesce(m.history_from_seq, 0) AS "historyFromSeq"
    FROM ${tableOfParameters('uuid', 'uuid', 'int', 'boolean')} WITH ORDINALITY AS k(user_id, conversation_id, seq, is_staff, place)
    LEFT JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    JOIN conversations c ON c.id = k.conversation_id AND (m.user_id IS NOT NULL OR k.is_staff AND c.kind = 'SUPPORT')
    LEFT JOIN events e ON e.stream_id = k.conversation_id AND e.seq = k.seq`,
}

const readInboxCounts = {
  name: 'read_inbox_counts',
  text: `SELECT u.head_event_seq AS "headEventSeq", u.head_mark AS "headMark", (
      SELECT count(*)::int FROM members m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.user_id = u.id AND m.left_at IS NULL AND NOT m.archived
         AND (m.muted_until IS NULL OR m.muted_until <= now())
         AND ${maybeUnread('c', 'm')} AND ${unreadCount('c', 'm')} > 0) AS "unreadConversationCount"
    FROM users u WHERE u.id = $1`,
}

type InboxPageRow = ViewerHeadRow &
  WatermarkRow &
  EntryCounts & { activityAt: Date; readAt: Date | null; people: UserJson[] | null }
type EntryCounts = Pick<EntryRow, 'unreadCount' | 'unreadMentionCount'>
const readBehind = {
  name: 'read_behind',
  text: `SELECT m.conversation_id AS "conversationId", c.head_seq AS "headSeq"
    FROM members m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.user_id = $1 AND m.left_at IS NULL AND NOT m.requested AND ${maybeUnread('c', 'm')} AND ($2::uuid IS NULL OR m.conversation_id > $2)
    ORDER BY m.conversation_id LIMIT $3`,
}

interface ViewerHeadRow {
  viewerHeadEventSeq: number
  viewerHeadMark: string
}

const viewerHeadOf = ({ viewerHeadEventSeq, viewerHeadMark }: ViewerHeadRow): ViewerHead => ({
  headEventSeq: viewerHeadEventSeq,
  headMark: viewerHeadMark,
})

/** The head of a stream without events. */
const noHead: ViewerHead = { headEventSeq: 0, headMark: startMark }
const noExtent: StreamExtent = { ...noHead, floorEventSeq: 0, floorMark: startMark, markThere: null }

function toEntry(row: EntryCounts): EntryRow | null {
  const conversation = pickConversation(row, 'c_')
  const member = pickEntryMember(row, 'm_')
  const { unreadCount, unreadMentionCount } = row
  return conversation && member ? { conversation, member, unreadCount, unreadMentionCount } : null
}

export function createConversationStore(db: Database): ConversationStore {
  return {
    byIds: (ids, payer) => db.run<Conversation & Record<string, unknown>>(readByIds, [ids], payer),
    async entries(keys) {
      const viewerIds = keys.map((key) => key.viewerId)
      const rows = await db.run<ViewerHeadRow & EntryCounts & { viewerId: string }>(
        readEntries,
        [viewerIds, keys.map((key) => key.conversationId)],
        soleOf(viewerIds),
      )
      const viewerHeads = new Map(rows.map((row) => [row.viewerId, viewerHeadOf(row)]))
      const found = new Map<string, EntryRow>()
      for (const row of rows) {
        const entry = toEntry(row)
        if (entry) found.set(`${row.viewerId} ${entry.conversation.id}`, entry)
      }
      return { entries: keys.map((key) => found.get(`${key.viewerId} ${key.conversationId}`) ?? null), viewerHeads }
    },
    async inbox(request) {
      const { statement, values } = readInbox(request)
      const rows = await db.run<InboxPageRow>(statement, values, request.viewerId)
      const entries = rows.flatMap((row) => {
        const entry = toEntry(row)
        return entry ? [{ ...entry, activityAt: row.activityAt, lastMessage: pickMessage(row, 'l_') }] : []
      })
      const [first] = rows
      const viewerHead = first ? viewerHeadOf(first) : noHead
      const watermark = first ? watermarkOf(first) : logStart
      return {
        viewerHead,
        watermark,
        readAt: first?.readAt ?? new Date(0),
        entries,
        people: parsePeople(first?.people ?? null),
      }
    },
    async inboxCounts(viewerId) {
      const [row] = await db.run<InboxCounts & Record<string, unknown>>(readInboxCounts, [viewerId], viewerId)
      return row ?? { ...noHead, unreadConversationCount: 0 }
    },
    behind: (viewerId, afterId, limit) => db.run(readBehind, [viewerId, afterId, limit], viewerId),
    async activeMemberships(keys) {
      const viewerIds = keys.map((key) => key.viewerId)
      const rows = await db.run<Membership & { place: number }>(
        readActiveMemberships,
        [
          viewerIds,
          keys.map((key) => key.conversationId),
          keys.map((key) => key.eventSeq ?? null),
          keys.map((key) => key.isStaff ?? false),
        ],
        soleOf(viewerIds),
      )
      const found: (Membership | null)[] = keys.map(() => null)
      for (const { place, ...membership } of rows) found[place - 1] = membership
      return found
    },
    async memberships(requests) {
      const named = requests.flatMap((request, index) =>
        [...request.named].map(([streamId, eventSeq]) => ({ place: index + 1, streamId, eventSeq })),
      )
      type Row = Omit<Membership, 'conversationId'> & { place: number; conversationId: string | null }
      const viewerIds = requests.map(({ viewerId }) => viewerId)
      const rows = await db.run<Row>(
        readMemberships,
        [
          viewerIds,
          named.map(({ place }) => place),
          named.map(({ streamId }) => streamId),
          named.map(({ eventSeq }) => eventSeq),
        ],
        soleOf(viewerIds),
      )
      const found = requests.map((): Memberships => ({ own: noExtent, conversations: [] }))
      for (const { place, conversationId, ...membership } of rows) {
        const memberships = found[place - 1]
        if (conversationId === null) {
          if (memberships) memberships.own = membership
        } else memberships?.conversations.push({ conversationId, ...membership })
      }
      return found
    },
  }
}
