import { arrayParameter, tableOfParameters, type Database } from './database.ts'
import { inboxValues, readInbox, type InboxRequest } from './inbox-page.ts'
import {
  conversationColumns,
  entryMemberColumns,
  parsePeople,
  pickConversation,
  pickEntryMember,
  pickMessage,
  type Conversation,
  type EntryRow,
  type Message,
  type User,
  type UserJson,
} from './rows.ts'
import { maybeUnread, unreadCount } from './unread.ts'

export type { InboxPosition, InboxRequest } from './inbox-page.ts'

export interface EntryKey {
  viewerId: string
  conversationId: string
}

export interface InboxCounts {
  headEventSeq: number
  unreadConversationCount: number
}

export interface ConversationStore {
  byIds(ids: readonly string[]): Promise<Conversation[]>
  /** For each key the entry of an active member; null for anybody else. One statement. */
  entries(keys: readonly EntryKey[]): Promise<{ entries: (EntryRow | null)[]; viewerHeads: Map<string, number> }>
  /** A page of the inbox with the newest message of each conversation, and their people: one statement, at any size. */
  inbox(request: InboxRequest): Promise<{ viewerHeadEventSeq: number; entries: InboxRow[]; people: User[] }>
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

const readByIds = {
  name: 'read_conversations',
  text: `SELECT ${conversationColumns('c', '')} FROM conversations c WHERE c.id = ANY (${arrayParameter('uuid')})`,
}

const readEntries = {
  name: 'read_entries',
  text: `SELECT k.user_id AS "viewerId", u.head_event_seq AS "viewerHeadEventSeq", ${conversationColumns('c', 'c_')},
      ${entryMemberColumns('m', 'm_')}, CASE WHEN c.id IS NOT NULL THEN ${unreadCount('c', 'm')} END AS "unreadCount"
    FROM ${tableOfParameters('uuid', 'uuid')} AS k(user_id, conversation_id)
    JOIN users u ON u.id = k.user_id
    LEFT JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    LEFT JOIN conversations c ON c.id = m.conversation_id`,
}

const readMemberships = {
  name: 'read_memberships',
  text: `SELECT r.place::int, u.head_event_seq AS "ownHeadEventSeq", u.floor_event_seq AS "ownFloorEventSeq",
      c.id AS "conversationId", c.head_event_seq AS "headEventSeq", c.floor_event_seq AS "floorEventSeq",
      m.joined_event_seq AS "joinedEventSeq", m.left_at IS NULL AS active
    FROM ${tableOfParameters('uuid')} WITH ORDINALITY AS r(user_id, place)
    JOIN users u ON u.id = r.user_id
    LEFT JOIN members m ON m.user_id = u.id AND (m.left_at IS NULL
      OR (r.place, m.conversation_id) IN (SELECT * FROM unnest(${arrayParameter('bigint', 2)}, ${arrayParameter('uuid', 3)})))
    LEFT JOIN conversations c ON c.id = m.conversation_id`,
}

const readActiveMemberships = {
  name: 'read_active_memberships',
  text: `SELECT k.place::int, c.id AS "conversationId", c.head_event_seq AS "headEventSeq",
      c.floor_event_seq AS "floorEventSeq", m.joined_event_seq AS "joinedEventSeq", true AS active
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS k(user_id, conversation_id, place)
    JOIN members m ON m.conversation_id = k.conversation_id AND m.user_id = k.user_id AND m.left_at IS NULL
    JOIN conversations c ON c.id = m.conversation_id`,
}

const readInboxCounts = {
  name: 'read_inbox_counts',
  text: `SELECT u.head_event_seq AS "headEventSeq", (
      SELECT count(*)::int FROM members m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.user_id = u.id AND m.left_at IS NULL AND NOT m.archived
         AND (m.muted_until IS NULL OR m.muted_until <= now())
         AND ${maybeUnread('c', 'm')} AND ${unreadCount('c', 'm')} > 0) AS "unreadConversationCount"
    FROM users u WHERE u.id = $1`,
}

function toEntry(row: { unreadCount: number }): EntryRow | null {
  const conversation = pickConversation(row, 'c_')
  const member = pickEntryMember(row, 'm_')
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
      const rows = await db.run<{ viewerHeadEventSeq: number; unreadCount: number; people: UserJson[] | null }>(
        readInbox(request.filter, request.backward),
        inboxValues(request),
      )
      const entries = rows.flatMap((row) => {
        const entry = toEntry(row)
        return entry ? [{ ...entry, lastMessage: pickMessage(row, 'l_') }] : []
      })
      const [first] = rows
      return { viewerHeadEventSeq: first?.viewerHeadEventSeq ?? 0, entries, people: parsePeople(first?.people ?? null) }
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
