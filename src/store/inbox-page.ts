import { arrayParameter, type Statement } from './database/database.ts'
import {
  conversationColumns,
  entryMemberColumns,
  peopleOf,
  shownMessageColumns,
  type EntryRow,
  type Message,
} from './rows.ts'
import { watermarkColumns, watermarkTable } from './watermark.ts'
import { invitedMember, standing } from './requests.ts'
import { maybeUnread, unreadCount, unreadMentionCount } from './unread.ts'

export interface InboxPosition {
  pinned: boolean
  /** Milliseconds since 1970. */
  lastActivityAtMs: number
  conversationId: string
  /** The pages after it are in the order of this moment; without it in the present one. Only for `after`, and not backward. */
  asOfMs?: number
}

export interface InboxRequest {
  viewerId: string
  filter: 'ACTIVE' | 'ARCHIVED' | 'UNREAD' | 'MENTIONED' | 'REQUESTS' | 'ALL'
  after: InboxPosition | null
  before: InboxPosition | null
  backward: boolean
  limit: number
  /** Only these conversations, with the filter ACTIVE, ARCHIVED or ALL and without cursors: where each of them stands, if it does. */
  among?: readonly string[]
}

export interface InboxRow extends EntryRow {
  /** By which it is where it is on the page: `lastActivityAt`, or what that was at the moment that the request names. */
  activityAt: Date
  lastMessage: Message | null
}

/** How far members.inbox_at may be behind last_activity_at, exclusive: parley_touch_activity keeps to this. */
const behind = `interval '1 second'`

/** Bounds of last_activity_at for the pinned or the other entries, after applying the cursors of the request. */
const latest = (pinned: boolean) =>
  pinned
    ? `CASE WHEN $2::boolean IS NULL THEN 'infinity' WHEN $2 THEN $3::timestamptz ELSE '-infinity' END`
    : `CASE WHEN $2::boolean IS NULL OR $2 THEN 'infinity' ELSE $3::timestamptz END`
const earliest = (pinned: boolean) =>
  pinned
    ? `CASE WHEN $5::boolean IS NULL OR NOT $5 THEN '-infinity' ELSE $6::timestamptz END`
    : `CASE WHEN $5::boolean IS NULL THEN '-infinity' WHEN $5 THEN 'infinity' ELSE $6::timestamptz END`

/** Hidden entries are archived. */
const shown = (archived: boolean) => (archived ? ' AND NOT hidden' : '')

/**
 * A superset of the page's entries, from those that have their place in the member's row. That place is up to a second too
 * early. So this takes as many entries as the page needs from the range that is certainly within the cursors, and all
 * entries of the second around it.
 */
function placed(archived: boolean, pinned: boolean, backward: boolean): string {
  const mine = `user_id = $1 AND archived = ${String(archived)} AND pinned = ${String(pinned)} AND left_at IS NULL${shown(archived)}`
  const [from, to] = [earliest(pinned), latest(pinned)]
  return backward
    ? `(SELECT * FROM members WHERE ${mine} AND inbox_at > ${from} - ${behind} AND inbox_at <= least(${to}, ${behind} + (
        SELECT inbox_at FROM members WHERE ${mine} AND inbox_at > ${from} ORDER BY inbox_at OFFSET $8::int - 1 LIMIT 1)))`
    : `(SELECT * FROM members WHERE ${mine} AND inbox_at <= ${to} AND inbox_at > greatest(${from}, (
        SELECT inbox_at FROM members WHERE ${mine} AND inbox_at <= ${to} - ${behind} ORDER BY inbox_at DESC
        OFFSET $8::int - 1 LIMIT 1)) - ${behind})`
}

/** Most entries that may have moved ahead of the reader while they page. Beyond that those that moved last are not looked for. */
const maxMoved = 500

/**
 * Entries whose newest message may have come while the inbox was paged, so that their present place is ahead of the reader. For
 * the others, and those that `placed` has already, it adds nothing.
 */
const moved = (archived: boolean, pinned: boolean) =>
  `(SELECT * FROM members WHERE user_id = $1 AND archived = ${String(archived)} AND pinned = ${String(pinned)} AND left_at IS NULL${shown(archived)}
      AND inbox_at > greatest($9::timestamptz - ${behind}, ${latest(pinned)}) ORDER BY inbox_at LIMIT ${String(maxMoved)})`

/** When the newest message up to $9 came; without one, when the conversation was made. */
const activityThen = `CASE WHEN c.last_activity_at <= $9::timestamptz THEN c.last_activity_at ELSE coalesce(
  (SELECT x.created_at FROM messages x WHERE x.conversation_id = c.id AND x.seq = parley_seq_at(c, $9::timestamptz, 0)),
  CASE WHEN c.created_at <= $9::timestamptz THEN c.created_at END, c.last_activity_at) END`

/** Entries without a place: of members of large groups, and of conversations without a message since the member joined. */
const unplaced = (archived: boolean) =>
  `(SELECT * FROM members WHERE user_id = $1 AND archived = ${String(archived)} AND left_at IS NULL${shown(archived)} AND inbox_at IS NULL)`

/** Direct conversations that others began, and invitations to groups, for which a row is made. */
const requests = `SELECT m.* FROM requests r JOIN conversations c ON c.id = r.conversation_id
    JOIN members m ON m.conversation_id = r.conversation_id AND m.user_id = r.user_id AND m.requested WHERE r.user_id = $1 AND ${standing('c', 'r')}
  UNION ALL SELECT m.* FROM requests r JOIN conversations c ON c.id = r.conversation_id AND c.kind = 'GROUP'
    CROSS JOIN LATERAL ${invitedMember('c', 'r')} m WHERE r.user_id = $1 AND ${standing('c', 'r')}`

/** Members' rows of the conversations in $9 that the filter has. */
const amongThese = (archived: boolean) =>
  `SELECT m.* FROM unnest(${arrayParameter('uuid', 9)}) AS wanted(id) CROSS JOIN LATERAL (SELECT * FROM members
    WHERE conversation_id = wanted.id AND user_id = $1 AND archived = ${String(archived)} AND left_at IS NULL${shown(archived)} OFFSET 0) m`

/** Whether archived entries, or the others, are among those of a filter that has nothing else to ask. */
const archivedIn = { ACTIVE: [false], ARCHIVED: [true], ALL: [false, true] }

/** Rows of members from which the page is chosen: few more than the page has, however many conversations there are. */
function candidates(filter: InboxRequest['filter'], backward: boolean, asOf: boolean): string {
  const notCaughtUp = 'SELECT * FROM members m WHERE user_id = $1 AND left_at IS NULL AND NOT caught_up AND NOT hidden'
  if (filter === 'UNREAD') return notCaughtUp
  if (filter === 'REQUESTS') return requests
  // Few of these have ever mentioned the viewer: a set made once, and a look into an index that is nearly empty.
  if (filter === 'MENTIONED')
    return `${notCaughtUp} AND (conversation_id IN (SELECT conversation_id FROM mentions WHERE user_id = $1 AND counts)
      OR EXISTS (SELECT FROM messages x WHERE x.conversation_id = m.conversation_id AND x.seq > m.own_read_seq AND x.mentions_everyone
        AND x.created_at >= m.joined_at))`
  return archivedIn[filter]
    .flatMap((archived) => [
      ...[true, false].flatMap((pinned) => [
        placed(archived, pinned, backward),
        ...(asOf ? [moved(archived, pinned)] : []),
      ]),
      unplaced(archived),
    ])
    .join(' UNION ALL ')
}

/** Filters that only have entries of which something counts. */
const counted = { UNREAD: unreadCount, MENTIONED: unreadMentionCount }

/** Columns about the page as a whole, only in its first row: in every row they would be a sixth of all values. */
const inFirstRow = (alias: string, columns: Record<string, string>) =>
  Object.entries(columns)
    .map(([column, name]) => `CASE WHEN place IS NULL OR place = 1 THEN ${alias}.${column} END AS "${name}"`)
    .join(', ')

/** One fixed statement for each filter, direction and kind of order, so that each is prepared once. */
function statementOf(filter: InboxRequest['filter'], backward: boolean, asOf: boolean, among: boolean): Statement {
  const direction = backward ? 'ASC' : 'DESC'
  const activity = asOf ? 'a.activity_at' : 'c.last_activity_at'
  const place = `(m.pinned, ${activity}, c.id)`
  const order = `m.pinned ${direction}, ${activity} ${direction}, c.id ${direction}`
  return {
    name: `read_inbox_${filter.toLowerCase()}_${direction.toLowerCase()}${asOf ? '_as_of' : ''}${among ? '_among' : ''}`,
    // First choose the entries, then read the columns that each of them shows.
    text: `WITH mark AS MATERIALIZED (SELECT * FROM ${watermarkTable}), page AS MATERIALIZED (
        SELECT m.place, m.activity_at AS "activityAt", ${conversationColumns('c', 'c_')}, ${entryMemberColumns('m', 'm_')}, ${shownMessageColumns('l', 'c', 'l_')},
          ${unreadCount('c', 'm')} AS "unreadCount",
          ${unreadMentionCount('c', 'm')} AS "unreadMentionCount"
        FROM (
          SELECT m.*, ${activity} AS activity_at, row_number() OVER (ORDER BY ${order}) AS place
            FROM (${among && filter in archivedIn ? archivedIn[filter as keyof typeof archivedIn].map(amongThese).join(' UNION ALL ') : candidates(filter, backward, asOf)}) m JOIN conversations c ON c.id = m.conversation_id
            ${asOf ? `CROSS JOIN LATERAL (SELECT ${activityThen} AS activity_at OFFSET 0) a` : ''}
           WHERE ($2::boolean IS NULL OR ${place} < ($2, $3::timestamptz, $4::uuid))
             AND ($5::boolean IS NULL OR ${place} > ($5, $6::timestamptz, $7::uuid))
             ${filter in counted ? `AND ${maybeUnread('c', 'm')} AND ${counted[filter as keyof typeof counted]('c', 'm')} > 0` : ''}
           ORDER BY ${order} LIMIT $8) m
        JOIN conversations c ON c.id = m.conversation_id
        LEFT JOIN messages l ON l.conversation_id = c.id AND l.seq = c.head_seq${filter === 'REQUESTS' ? ` AND c.kind = 'DIRECT'` : ''})
      SELECT ${inFirstRow('v', { head_event_seq: 'viewerHeadEventSeq', head_mark: 'viewerHeadMark' })},
        ${inFirstRow('mark', watermarkColumns)}, ${inFirstRow('t', { read_at: 'readAt' })}, page.*, CASE WHEN place = 1 THEN ${peopleOf(others)} END AS people
      FROM users v CROSS JOIN mark CROSS JOIN (SELECT statement_timestamp() AS read_at) t LEFT JOIN page ON true WHERE v.id = $1 ORDER BY place`,
  }
}

/** The users that the page shows: peers, senders, people mentioned, and the viewer, each once. */
const others = `SELECT CASE "c_kind" WHEN 'DIRECT' THEN replace(replace("c_pairKey", $1::text, ''), ':', '')::uuid
  ELSE "l_senderId" END FROM page UNION SELECT unnest("l_mentionIds") FROM page UNION SELECT $1`

const position = (at: InboxPosition | null) =>
  at ? [at.pinned, new Date(at.lastActivityAtMs), at.conversationId] : [null, null, null]

export function readInbox(request: InboxRequest): { statement: Statement; values: unknown[] } {
  const { filter, backward, after, among } = request
  const asOfMs = backward ? undefined : after?.asOfMs
  return {
    statement: statementOf(filter, backward, asOfMs !== undefined, among !== undefined),
    values: [
      request.viewerId,
      ...position(after),
      ...position(request.before),
      request.limit,
      ...(asOfMs === undefined ? [] : [new Date(asOfMs)]),
      ...(among === undefined ? [] : [among]),
    ],
  }
}
