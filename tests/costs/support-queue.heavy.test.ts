import { beforeAll, expect, test } from 'vitest'
import { readQueue } from '../../src/store/support.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

const size = 100_000

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const user = await signUp(server.url)
  await database.query(`INSERT INTO conversations (id, kind, edit_policy)
    SELECT gen_random_uuid(), 'SUPPORT', 'UNTIL_READ' FROM generate_series(1, ${String(size)})`)
  await database.query(
    `INSERT INTO support_cases (conversation_id, user_id, status, is_answered, queue_at)
     SELECT c.id, u.id, (CASE WHEN random() < 0.5 THEN 'OPEN' ELSE 'RESOLVED' END)::support_status, random() < 0.5,
       now() - random() * interval '30 days' FROM conversations c, users u WHERE c.kind = 'SUPPORT' AND u.handle = $1`,
    [user.handle],
  )
  await database.query('VACUUM ANALYZE support_cases, conversations')
}, 120_000)

interface Plan {
  'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }]
}

/** Blocks that one page of 25 reads. */
async function blocksOf(after: unknown[], isOneStatus = false): Promise<number> {
  const text = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${readQueue(isOneStatus).text}`
  const [row] = await database.query<Plan & Record<string, unknown>>(text, [...after, 26])
  const plan = row?.['QUERY PLAN'][0].Plan
  if (!plan) throw new Error('no plan')
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}

test('a page of the queue costs the same wherever it is among 100,000 conversations', async () => {
  const start = ['OPEN', false, '-infinity', '00000000-0000-0000-0000-000000000000']
  const deep = async (offset: number) => {
    const [row] = await database.query<{ place: unknown[] } & Record<string, unknown>>(
      `SELECT json_build_array(status, is_answered, queue_at, conversation_id) AS place FROM support_cases
       ORDER BY status, is_answered, queue_at, conversation_id OFFSET $1 LIMIT 1`,
      [offset],
    )
    return row?.place ?? []
  }
  const pages = [
    await blocksOf(start),
    await blocksOf(['RESOLVED', ...start.slice(1)], true),
    await blocksOf(await deep(size / 2)),
    await blocksOf(await deep(size - 100)),
    await blocksOf(await deep(size - 100), true),
  ]
  // 26 rows, each with its conversation behind an index of three levels.
  for (const blocks of pages) expect(blocks, pages.join(' ')).toBeLessThan(250)
})
