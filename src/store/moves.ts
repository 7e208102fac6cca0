import { arrayParameter, type Database } from './database/database.ts'
import { isStillThere, noXidIsNewer, type Place } from './events.ts'
import { startMark } from './log-event.ts'
import { watermarkOf, type WatermarkRow } from './watermark.ts'

/** Up to where a look has seen what moved. */
export interface Seen {
  /** The newest transaction that it saw, and those before it that had not ended. */
  xid: string
  running: readonly string[]
  /** The newest event; null in an empty log. */
  newest: Place | null
  /** This start of this server, with these tables: another server may have lost what was seen. */
  server: string
}

export interface Moved {
  id: string
  /** Shown differently, without an event. */
  isShown: boolean
  /** Perhaps something else than that messages came, were read or reacted to: what was written before may be shown differently. */
  isChanged: boolean
}

export interface Moves extends Seen {
  /** Streams with new events, and people and conversations that are shown differently without one. With repeats. */
  moved: Moved[]
  /** False: it is not the log that was seen before, or more has moved than is listed. */
  isWhole: boolean
}

export interface MoveStore {
  /**
   * What moved after `seen`, as of a snapshot that is taken after this was called. Each move is told once: transactions are compared, so
   * that one which stays open for hours makes no look dearer. Null: nothing, for the first look.
   */
  after(seen: Seen | null): Promise<Moves>
  /** Ids of the conversations that a person is in. */
  conversationsOf(userId: string): Promise<string[]>
}

/** More in one look is no list any more. */
const maxMoves = 5_000

// The limit also has the index used whatever the parameters are, so that the statement is planned once.
const after = (
  table: string,
  columns: string,
) => `(SELECT ${columns} FROM ${table} WHERE xid > $1::text::xid8 ORDER BY xid LIMIT ${String(maxMoves)})
      UNION ALL SELECT ${columns} FROM ${table} WHERE xid = ANY (${arrayParameter('xid8', 2)})`

/** Events that change nothing of how older messages are shown; reactions and receipts are never kept. */
const additions = `('MESSAGE_SENT', 'REACTION_TOGGLED', 'RECEIPT_ADVANCED')`

const readMoves = {
  name: 'read_moves',
  text: `SELECT concat(pg_postmaster_start_time(), ' ', 'events'::regclass::oid) AS server,
      newest.stream_id AS "newestStreamId", newest.seq AS "newestSeq", newest.mark AS "newestMark",
      greatest(newest.xid, shown.xid)::text AS "newestXid", pg_current_snapshot()::text AS snapshot,
      coalesce((SELECT xid_offset FROM log_clock WHERE server_started_at = pg_postmaster_start_time()), parley_xid_offset())::text AS "xidOffset",
      ${isStillThere('$3', '$4', '$5')} AS "isSameHistory",
      moved.id, moved."isShown", moved."isChanged"
    FROM (SELECT) AS one
    LEFT JOIN (SELECT stream_id, seq, mark, xid FROM events ORDER BY xid DESC LIMIT 1) AS newest ON true
    LEFT JOIN (SELECT xid FROM shown_moves ORDER BY xid DESC LIMIT 1) AS shown ON true
    LEFT JOIN (${after('events', `stream_id AS id, false AS "isShown", type NOT IN ${additions} AS "isChanged"`)}
      UNION ALL ${after('shown_moves', 'id, true, true')}) AS moved ON true`,
}

const readConversationsOf = {
  name: 'read_conversations_of',
  text: `SELECT conversation_id AS id FROM members WHERE user_id = $1 AND left_at IS NULL`,
}

interface MovedRow extends WatermarkRow, Record<string, unknown> {
  server: string
  newestStreamId: string | null
  newestSeq: number
  isSameHistory: boolean
  id: string | null
  isShown: boolean
  isChanged: boolean
}

export function createMoveStore(db: Database): MoveStore {
  return {
    async after(seen) {
      const rows = await db.run<MovedRow>(readMoves, [
        seen?.xid ?? noXidIsNewer,
        seen?.running ?? [],
        seen?.newest?.streamId ?? null,
        seen?.newest?.seq ?? null,
        seen?.newest?.mark ?? null,
      ])
      const [first] = rows
      if (!first) throw new Error('a look at the log answered nothing')
      const { server, isSameHistory, newestStreamId, newestSeq: seq } = first
      const { xid, running } = watermarkOf(first)
      const mark = first.newestMark ?? startMark
      return {
        server,
        xid: String(xid),
        running: running.map(String),
        newest: newestStreamId === null ? null : { streamId: newestStreamId, seq, mark },
        moved: rows.flatMap(({ id, isShown, isChanged }) => (id === null ? [] : [{ id, isShown, isChanged }])),
        isWhole: seen !== null && isSameHistory && server === seen.server && rows.length < maxMoves,
      }
    },
    conversationsOf: async (userId) =>
      (await db.run<{ id: string }>(readConversationsOf, [userId], userId)).map(({ id }) => id),
  }
}
