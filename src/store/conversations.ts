import type { Database } from './database.ts'
import {
  conversationColumns,
  memberColumns,
  messageColumns,
  pickConversation,
  pickMember,
  pickMessage,
  type Conversation,
  type EntryRow,
  type Message,
} from './rows.ts'

export interface EntryKey {
  viewerId: string
  conversationId: string
}

export interface InboxPosition {
  pinned: boolean
  /** Milliseconds since 1970. */
  lastActivityAtMs: number
  conversationId: string
}

export interface InboxRequest {
  viewerId: string
  filter: 'ACTIVE' | 'ARCHIVED' | 'UNREAD' | 'ALL'
  after: InboxPosition | null
  before: InboxPosition | null
  backward: boolean
  limit: number
}

export interface InboxCounts {
  headEventSeq: number
  unreadConversationCount: number
}

export interface ConversationStore {
  byIds(ids: readonly string[]): Promise<Conversation[]>
  /** For each key the entry of an active member; null for anybody else. One statement. */
  entries(keys: readonly EntryKey[]): Promise<{ entries: (EntryRow | null)[]; viewerHeads: Map<string, number> }>
  /** A page of the inbox with the newest message of each conversation: one statement, at any size. */
  inbox(request: InboxRequest): Promise<{ viewerHeadEventSeq: number; entries: InboxRow[] }>
  /** Head of the personal stream, read together with how many entries have something unread. */
  inboxCounts(viewerId: string): Promise<InboxCounts>
  /** For each key the membership of an active member; null for anybody else. One statement. */
  activeMemberships(keys: readonly EntryKey[]): Promise<(Membership | null)[]>
  /**
   * For each viewer their streams: the personal one, and the conversations; of those they left only the ones named. One
   * statement.
   */
  memberships(requests: readonly MembershipsRequest[]): Promise<Memberships[]>
}

export interface InboxRow extends EntryRow {
  lastMessage: Message | null
}

export interface Membership {
  conversationId: string
  headEventSeq: number
  floorEventSeq: number
  joinedEventSeq: number
  /** False for somebody who left or was removed. */
  active: boolean
}

export interface MembershipsRequest {
  viewerId: string
  alsoLeft: readonly string[]
}

export interface Memberships {
  own: { headEventSeq: number; floorEventSeq: number }
  conversations: Membership[]
}

const unread = `parley_unread(c.id, m.user_id, c.head_seq, m.own_read_seq, m.last_sent_seq)`
const entryColumns = `${conversationColumns('c', 'c_')}, ${memberColumns('m', 'm_')}`

const readByIds = {
  name: 'read_conversations',
  text: `SELECT ${conversationColumns('c', '')} FROM conversations c WHERE c.id = ANY ($1::uuid[])`,
}

const readEntries = {
  name: 'read_entries',
  text: `SELECT k.user_id AS "viewerId", u.head_event_seq AS "viewerHeadEventSeq", ${entryColumns},
      CASE WHEN c.id IS NOT NULL THEN ${unread} END AS "unreadCount"
    FROM unnest($1::uuid[], $2::uuid[]) AS k(user_id, conversation_id)
    JOIN users u ON u.id = k.user_id
    LEFT JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    LEFT JOIN conversations c ON c.id = m.conversation_id`,
}

const readMemberships = {
  name: 'read_memberships',
  text: `SELECT r.place::int, u.head_event_seq AS "ownHeadEventSeq", u.floor_event_seq AS "ownFloorEventSeq",
      c.id AS "conversationId", c.head_event_seq AS "headEventSeq", c.floor_event_seq AS "floorEventSeq",
      m.joined_event_seq AS "joinedEventSeq", m.left_at IS NULL AS active
    FROM unnest($1::uuid[]) WITH ORDINALITY AS r(user_id, place)
    JOIN users u ON u.id = r.user_id
    LEFT JOIN members m ON m.user_id = u.id AND (m.left_at IS NULL
      OR (r.place, m.conversation_id) IN (SELECT * FROM unnest($2::bigint[], $3::uuid[])))
    LEFT JOIN conversations c ON c.id = m.conversation_id`,
}

const readActiveMemberships = {
  name: 'read_active_memberships',
  text: `SELECT k.place::int, c.id AS "conversationId", c.head_event_seq AS "headEventSeq",
      c.floor_event_seq AS "floorEventSeq", m.joined_event_seq AS "joinedEventSeq", true AS active
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS k(user_id, conversation_id, place)
    JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    JOIN conversations c ON c.id = m.conversation_id`,
}

const readInboxCounts = {
  name: 'read_inbox_counts',
  text: `SELECT u.head_event_seq AS "headEventSeq", (
      SELECT count(*)::int FROM members m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.user_id = u.id AND m.left_at IS NULL AND NOT m.archived
         AND (m.muted_until IS NULL OR m.muted_until <= now()) AND ${unread} > 0) AS "unreadConversationCount"
    FROM users u WHERE u.id = $1`,
}

const inboxFilters = {
  ACTIVE: 'NOT m.archived',
  ARCHIVED: 'm.archived',
  UNREAD: `c.head_seq > m.own_read_seq AND ${unread} > 0`,
  ALL: 'true',
}

/** One fixed statement for each filter and direction, so that each is prepared once. */
function readInbox(filter: InboxRequest['filter'], backward: boolean) {
  const order = backward ? 'ASC' : 'DESC'
  const place = '(m.pinned, c.last_activity_at, c.id)'
  return {
    name: `read_inbox_${filter.toLowerCase()}_${order.toLowerCase()}`,
    // The page first, and only then the counts of its rows.
    text: `SELECT u.head_event_seq AS "viewerHeadEventSeq", page.*,
        parley_unread("c_id", $1, "c_headSeq", "m_ownReadSeq", "m_lastSentSeq") AS "unreadCount"
      FROM users u LEFT JOIN LATERAL (
      SELECT ${entryColumns}, ${messageColumns('l', 'l_')} FROM members m JOIN conversations c ON c.id = m.conversation_id
        LEFT JOIN messages l ON l.conversation_id = c.id AND l.seq = c.head_seq
       WHERE m.user_id = $1 AND m.left_at IS NULL AND ${inboxFilters[filter]}
         AND ($2::boolean IS NULL OR ${place} < ($2, $3::timestamptz, $4::uuid))
         AND ($5::boolean IS NULL OR ${place} > ($5, $6::timestamptz, $7::uuid))
       ORDER BY m.pinned ${order}, c.last_activity_at ${order}, c.id ${order} LIMIT $8) AS page ON true
      WHERE u.id = $1
      ORDER BY "m_pinned" ${order}, "c_lastActivityAt" ${order}, "c_id" ${order}`,
  }
}

const position = (at: InboxPosition | null) =>
  at ? [at.pinned, new Date(at.lastActivityAtMs), at.conversationId] : [null, null, null]

function toEntry(row: { unreadCount: number }): EntryRow | null {
  const conversation = pickConversation(row, 'c_')
  const member = pickMember(row, 'm_')
  return conversation && member ? { conversation, member, unreadCount: row.unreadCount } : null
}

export function createConversationStore(db: Database): ConversationStore {
  return {
    byIds: (ids) => db.run<Conversation & Record<string, unknown>>(readByIds, [ids]),
    async entries(keys) {
      const rows = await db.run<{ viewerId: string; viewerHeadEventSeq: number; unreadCount: number }>(readEntries, [
        keys.map((key) => key.viewerId),
        keys.map((key) => key.conversationId),
      ])
      const viewerHeads = new Map(rows.map((row) => [row.viewerId, row.viewerHeadEventSeq]))
      const found = new Map<string, EntryRow>()
      for (const row of rows) {
        const entry = toEntry(row)
        if (entry) found.set(`${row.viewerId} ${entry.conversation.id}`, entry)
      }
      return { entries: keys.map((key) => found.get(`${key.viewerId} ${key.conversationId}`) ?? null), viewerHeads }
    },
    async inbox(request) {
      const rows = await db.run<{ viewerHeadEventSeq: number; unreadCount: number }>(
        readInbox(request.filter, request.backward),
        [request.viewerId, ...position(request.after), ...position(request.before), request.limit],
      )
      const entries = rows.flatMap((row) => {
        const entry = toEntry(row)
        return entry ? [{ ...entry, lastMessage: pickMessage(row, 'l_') }] : []
      })
      return { viewerHeadEventSeq: rows[0]?.viewerHeadEventSeq ?? 0, entries }
    },
    async inboxCounts(viewerId) {
      const [row] = await db.run<InboxCounts & Record<string, unknown>>(readInboxCounts, [viewerId])
      return row ?? { headEventSeq: 0, unreadConversationCount: 0 }
    },
    async activeMemberships(keys) {
      const rows = await db.run<Membership & { place: number }>(readActiveMemberships, [
        keys.map((key) => key.viewerId),
        keys.map((key) => key.conversationId),
      ])
      const found: (Membership | null)[] = keys.map(() => null)
      for (const { place, ...membership } of rows) found[place - 1] = membership
      return found
    },
    async memberships(requests) {
      type Row = Membership & { place: number; ownHeadEventSeq: number; ownFloorEventSeq: number }
      const rows = await db.run<Row>(readMemberships, [
        requests.map(({ viewerId }) => viewerId),
        requests.flatMap(({ alsoLeft }, index) => alsoLeft.map(() => index + 1)),
        requests.flatMap(({ alsoLeft }) => alsoLeft),
      ])
      const found = requests.map((): Memberships => ({ own: { headEventSeq: 0, floorEventSeq: 0 }, conversations: [] }))
      for (const { place, ownHeadEventSeq, ownFloorEventSeq, ...membership } of rows) {
        const memberships = found[place - 1]
        if (!memberships) continue
        memberships.own = { headEventSeq: ownHeadEventSeq, floorEventSeq: ownFloorEventSeq }
        // The one row of somebody without conversations names none.
        if ((membership.conversationId as string | null) !== null) memberships.conversations.push(membership)
      }
      return found
    },
  }
}
