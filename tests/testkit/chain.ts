import { expect } from 'vitest'
import type { TestDatabase } from './database.ts'

/** Checks that each event of the log names the mark of the event before it, and each head row that of the newest event. */
export async function expectWholeChain(database: TestDatabase): Promise<void> {
  const broken = await database.query(`
    SELECT stream_id, seq, type, mark_before, before FROM (
      SELECT *, lag(mark, 1, CASE WHEN seq = 1 THEN '0' END) OVER (PARTITION BY stream_id ORDER BY seq) AS before FROM events) chained
     WHERE mark_before IS DISTINCT FROM before AND (before IS NOT NULL OR seq = 1)`)
  expect(broken).toEqual([])
  const heads = await database.query(`
    SELECT h.id, h.head_event_seq, h.head_mark, e.mark
      FROM (SELECT id, head_event_seq, head_mark FROM conversations UNION ALL SELECT id, head_event_seq, head_mark FROM users) h
      LEFT JOIN events e ON e.stream_id = h.id AND e.seq = h.head_event_seq
     WHERE h.head_mark IS DISTINCT FROM coalesce(e.mark, '0')`)
  expect(heads).toEqual([])
  const [written] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM events')
  expect(written!.count).toBeGreaterThan(0)
}
