/**
 * How far the whole log had got at one moment: what one snapshot of the database shows. The events of a stream that it
 * shows are always the stream's first ones, because each event took its number under the lock of the head row. So one
 * watermark is a position in every stream.
 *
 * The snapshot is cut off at the newest event that it shows. It shows the same events without the rest, and transaction ids
 * that PostgreSQL gives again after a crash count as not seen.
 */
export interface Watermark {
  /** Transaction of the newest event, as the log counts them; 0 in an empty log. */
  xid: bigint
  /** Mark of an event of that transaction, which tells this history of the log from others. */
  mark: string
  /** Transactions before that one that had not ended, in ascending order. */
  running: readonly bigint[]
}

/** The watermark of an empty log. */
export const logStart: Watermark = { xid: 0n, mark: '0', running: [] }

/** The watermark as PostgreSQL writes a snapshot, with the transaction ids of the log. */
export const snapshotText = ({ xid, running }: Watermark): string =>
  `${String(running[0] ?? xid + 1n)}:${String(xid + 1n)}:${running.join(',')}`

/** A statement joins this table to read its own watermark: one row, for `watermarkOf`. */
export const watermarkTable = `(SELECT pg_current_snapshot()::text AS snapshot, parley_xid_offset()::text AS "xidOffset") AS clock
  LEFT JOIN (SELECT xid::text AS "newestXid", mark AS "newestMark" FROM events ORDER BY xid DESC LIMIT 1) AS newest ON true`

/** Its columns, and their names in a row. */
export const watermarkColumns = {
  snapshot: 'snapshot',
  '"xidOffset"': 'xidOffset',
  '"newestXid"': 'newestXid',
  '"newestMark"': 'newestMark',
}

export interface WatermarkRow {
  snapshot: string
  xidOffset: string
  /** Null in an empty log. */
  newestXid: string | null
  newestMark: string | null
}

export function watermarkOf({ snapshot, xidOffset, newestXid, newestMark }: WatermarkRow): Watermark {
  const xid = BigInt(newestXid ?? 0)
  const offset = BigInt(xidOffset)
  const [, , ids = ''] = snapshot.split(':')
  const running = ids === '' ? [] : ids.split(',').map((id) => BigInt(id) + offset)
  return { xid, mark: newestMark ?? '0', running: running.filter((id) => id < xid) }
}

/**
 * Whether the log has the history of this watermark. A watermark whose events retention has removed is accepted: nothing
 * can disprove it.
 */
export const isKnown = (xid: string, mark: string): string =>
  `(${xid} = '0' OR EXISTS (SELECT FROM events WHERE xid = ${xid} AND mark = ${mark})
    OR ${xid} <= (SELECT retired_xid FROM log_clock))`
