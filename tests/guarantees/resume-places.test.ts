import { Client } from 'pg'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})

afterAll(() => client.end())

const user = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Transactions of a stream's events in order: each was appended after the one before had committed, in any order of their ids. */
const stream = fc
  .record({
    xids: fc.uniqueArray(fc.integer({ min: 10, max: 400 }), { minLength: 1, maxLength: 150 }),
    repeats: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 150, maxLength: 150 }),
    visibleCount: fc.nat(),
    floor: fc.nat(),
  })
  .map(({ xids, repeats, visibleCount, floor }) => {
    // Some transactions append several events, which are seen together.
    const events = xids.flatMap((xid, index) => Array.from({ length: repeats[index] ?? 1 }, () => xid))
    const shown = new Set(xids.slice(0, visibleCount % (xids.length + 1)))
    const visible = events.filter((xid) => shown.has(xid)).length
    return { events, shown, visible, floor: floor % (visible + 1) }
  })

test('the place of a stream in a snapshot is that of its last event which the snapshot shows', async () => {
  await fc.assert(
    fc.asyncProperty(stream, async ({ events, shown, visible, floor }) => {
      if (visible === events.length) return
      const max = Math.max(0, ...shown)
      const running = [...new Set(events)].filter((xid) => !shown.has(xid) && xid < max).sort((a, b) => a - b)
      const snapshot = `${running[0] ?? max + 1}:${max + 1}:${running.join(',')}`
      await client.query('BEGIN')
      await client.query(
        `INSERT INTO events (stream_id, seq, type, occurred_at, xid) SELECT $1, n, 'CONVERSATION_UPDATED', now(), xid::text::xid8
         FROM unnest($2::int[]) WITH ORDINALITY AS e(xid, n) WHERE n > $3`,
        [user, events, floor],
      )
      const { rows } = await client.query<{ seq: number }>('SELECT parley_visible_seq($1, $2, $3, $4) AS seq', [
        user,
        floor,
        events.length,
        snapshot,
      ])
      await client.query('ROLLBACK')
      expect(rows[0]!.seq).toBe(visible)
    }),
    { numRuns: 150 },
  )
})
