/**
 * How far the whole log had got at one moment: what one snapshot of the database shows. What it shows of a stream are always the
 * stream's first events, as each took its number under the lock of the head row; so one watermark is a place in every stream.
 *
 * Cut off at the newest event that it shows. That is the same for events, and transaction ids that are given again after a
 * crash count as not seen.
 */
export interface Watermark {
  /** Transaction of the newest event, as the log counts them; 0 in an empty log. */
  xid: bigint
  /** Mark of an event of that transaction, by which this history of the log is told from others. */
  mark: string
  /** Transactions before it that had not ended, in ascending order. */
  running: readonly bigint[]
}

/** Of an empty log. */
export const logStart: Watermark = { xid: 0n, mark: '0', running: [] }

/** As PostgreSQL writes a snapshot, with the transaction ids of the log. */
export const snapshotText = ({ xid, running }: Watermark): string =>
  `${String(running[0] ?? xid + 1n)}:${String(xid + 1n)}:${running.join(',')}`

/** What a statement reads its own watermark from: one row, for `watermarkOf`. */
export const watermarkTable = `(SELECT pg_current_snapshot()::text AS snapshot, parley_xid_offset()::text AS "xidOffset") AS clock
  LEFT JOIN (SELECT xid::text AS "newestXid", mark AS "newestMark" FROM events ORDER BY xid DESC LIMIT 1) AS newest ON true`

/** Its columns, and what they are called in a row. */
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

/** Whether the log is of the same history as this watermark. What retention took proves nothing, and is believed. */
export const isKnown = (xid: string, mark: string): string =>
  `(${xid} = '0' OR EXISTS (SELECT FROM events WHERE xid = ${xid} AND mark = ${mark})
    OR ${xid} <= (SELECT retired_xid FROM log_clock))`
