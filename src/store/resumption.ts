import type { Membership, StreamExtent } from './conversations.ts'
import { arrayParameter, soleOf, tableOfParameters, type Database, type Statement } from './database/database.ts'
import { isKnown, snapshotText, watermarkOf, watermarkTable, type Watermark, type WatermarkRow } from './watermark.ts'

export interface ResumptionRequest {
  viewerId: string
  /** Positions in their streams, by stream. */
  named: ReadonlyMap<string, number>
  /** Watermarks at which the position of each stream is wanted. */
  base: Watermark | null
  target: Watermark | null
}

/** Where a stream was at a watermark. */
export interface Passed {
  /** seq of the last event that the watermark shows; null when retention has removed events that it does not show. */
  seq: number | null
  mark: string
}

export interface ResumableStream extends StreamExtent {
  /** Null when no such watermark was given. */
  base: Passed | null
  target: Passed | null
}

export interface ResumableMembership extends ResumableStream, Membership {}

export interface Resumption {
  /** How far the log has got in the snapshot of this read. */
  now: Watermark
  isBaseKnown: boolean
  isTargetKnown: boolean
  own: ResumableStream
  conversations: ResumableMembership[]
}

/** A joining or leaving, as the personal stream has it. */
export interface MembershipChange {
  /** seq in the personal stream. */
  seq: number
  conversationId: string
  left: boolean
  /** eventSeq of the conversation: just before the joining, or of the MEMBER_LEFT; null in events of former versions. */
  eventSeq: number | null
}

/** Where streams were, for resume tokens. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface ResumptionStore {
  /**
   * For each viewer their streams, with the positions at the watermarks; null for a viewer who does not exist. One
   * statement.
   */
  resumptions(requests: readonly ResumptionRequest[]): Promise<(Resumption | null)[]>
  /** The changes in one personal stream, in order. */
  membershipChanges(userId: string, afterSeq: number, upToSeq: number): Promise<MembershipChange[]>
}

/**
 * seq of the stream whose head row is `head` at a snapshot; -1 when its floor is past that. Reads events only of streams
 * that moved since.
 */
const seqAt = (head: string, snapshot: string) => `CASE WHEN ${snapshot} IS NULL THEN NULL
    WHEN pg_visible_in_snapshot(${head}.head_xid, ${snapshot}) THEN ${head}.head_event_seq
    WHEN NOT pg_visible_in_snapshot(${head}.floor_xid, ${snapshot}) THEN -1
    ELSE parley_visible_seq(${head}.id, ${head}.floor_event_seq, ${head}.head_event_seq, ${snapshot}) END`

const markAt = (head: string, seq: string) => `CASE WHEN ${seq} = ${head}.head_event_seq THEN ${head}.head_mark
    WHEN ${seq} >= 0 THEN coalesce((SELECT mark FROM events WHERE stream_id = ${head}.id AND seq = ${seq}), ${head}.floor_mark) END`

const streamColumns = (head: string) => `${head}.head_event_seq AS "headEventSeq", ${head}.head_mark AS "headMark",
  ${head}.floor_event_seq AS "floorEventSeq", ${head}.floor_mark AS "floorMark", e.mark AS "markThere",
  seqs.base AS "baseSeq", ${markAt(head, 'seqs.base')} AS "baseMark", seqs.target AS "targetSeq", ${markAt(head, 'seqs.target')} AS "targetMark"`

const joinPlaces = (head: string) => `LEFT JOIN named n ON n.place = r.place AND n.stream_id = ${head}.id
  LEFT JOIN events e ON e.stream_id = n.stream_id AND e.seq = n.seq
  CROSS JOIN LATERAL (SELECT ${seqAt(head, 'r.base')} AS base, ${seqAt(head, 'r.target')} AS target OFFSET 0) AS seqs`

// The personal stream has a row of its own. It has the columns that exist once for each viewer.
const readResumptions: Statement = {
  name: 'read_resumptions',
  text: `WITH asked AS (SELECT * FROM ${tableOfParameters('uuid', 'pg_snapshot', 'xid8', 'text', 'pg_snapshot', 'xid8', 'text')}
      WITH ORDINALITY AS r(user_id, base, base_xid, base_mark, target, target_xid, target_mark, place)),
    named AS (SELECT * FROM unnest(${arrayParameter('bigint', 8)}, ${arrayParameter('uuid', 9)}, ${arrayParameter('int', 10)})
      AS n(place, stream_id, seq)),
    mark AS MATERIALIZED (SELECT * FROM ${watermarkTable})
    SELECT r.place::int, NULL::uuid AS "conversationId", ${streamColumns('u')}, 0 AS "joinedEventSeq", true AS active, 0 AS "historyFromSeq", mark.*,
      r.base IS NULL OR ${isKnown('r.base_xid', 'r.base_mark')} AS "isBaseKnown",
      r.target IS NULL OR ${isKnown('r.target_xid', 'r.target_mark')} AS "isTargetKnown"
    FROM asked r JOIN users u ON u.id = r.user_id CROSS JOIN mark ${joinPlaces('u')}
    UNION ALL
    SELECT r.place::int, c.id, ${streamColumns('c')}, m.joined_event_seq, m.left_at IS NULL, m.history_from_seq, NULL, NULL, NULL, NULL, NULL, NULL
    FROM asked r
    JOIN members m ON m.user_id = r.user_id AND (m.left_at IS NULL OR (r.place, m.conversation_id) IN (SELECT place, stream_id FROM named))
    JOIN conversations c ON c.id = m.conversation_id ${joinPlaces('c')}`,
}

const readMembershipChanges: Statement = {
  name: 'read_membership_changes',
  text: `SELECT seq, data->>'conversationId' AS "conversationId", data ? 'left' AS left,
      coalesce(data->'joinedEventSeq', data->'leftEventSeq')::int AS "eventSeq"
    FROM events WHERE stream_id = $1 AND seq > $2 AND seq <= $3 AND (data ? 'joinedEventSeq' OR data ? 'left') ORDER BY seq`,
}

interface StreamRow extends StreamExtent, Record<string, unknown> {
  baseSeq: number | null
  baseMark: string | null
  targetSeq: number | null
  targetMark: string | null
}

type Row = StreamRow &
  WatermarkRow & {
    place: number
    conversationId: string | null
    joinedEventSeq: number
    active: boolean
    historyFromSeq: number
    isBaseKnown: boolean
    isTargetKnown: boolean
  }

const passed = (seq: number | null, mark: string | null): Passed | null =>
  seq === null ? null : { seq: seq < 0 ? null : seq, mark: mark ?? '0' }

const toStream = ({ headEventSeq, headMark, floorEventSeq, floorMark, markThere, ...places }: StreamRow) => ({
  headEventSeq,
  headMark,
  floorEventSeq,
  floorMark,
  markThere,
  base: passed(places.baseSeq, places.baseMark),
  target: passed(places.targetSeq, places.targetMark),
})

export function createResumptionStore(db: Database): ResumptionStore {
  return {
    async resumptions(requests) {
      const named = requests.flatMap((request, index) =>
        [...request.named].map(([streamId, seq]) => ({ place: index + 1, streamId, seq })),
      )
      const parametersOf = (watermarks: readonly (Watermark | null)[]) => [
        watermarks.map((one) => one && snapshotText(one)),
        watermarks.map((one) => one && String(one.xid)),
        watermarks.map((one) => one && one.mark),
      ]
      const viewerIds = requests.map(({ viewerId }) => viewerId)
      const rows = await db.run<Row>(
        readResumptions,
        [
          viewerIds,
          ...parametersOf(requests.map(({ base }) => base)),
          ...parametersOf(requests.map(({ target }) => target)),
          named.map(({ place }) => place),
          named.map(({ streamId }) => streamId),
          named.map(({ seq }) => seq),
        ],
        soleOf(viewerIds),
      )
      const conversations = requests.map((): ResumableMembership[] => [])
      const found = requests.map((): Resumption | null => null)
      for (const row of rows) {
        const { place, conversationId, joinedEventSeq, active, historyFromSeq, isBaseKnown, isTargetKnown } = row
        const stream = toStream(row)
        const memberships = conversations[place - 1] ?? []
        if (conversationId !== null)
          memberships.push({ conversationId, joinedEventSeq, active, historyFromSeq, ...stream })
        else
          found[place - 1] = {
            now: watermarkOf(row),
            isBaseKnown,
            isTargetKnown,
            own: stream,
            conversations: memberships,
          }
      }
      return found
    },
    membershipChanges: (userId, afterSeq, upToSeq) =>
      db.run(readMembershipChanges, [userId, afterSeq, upToSeq], userId),
  }
}
