import { beforeAll, expect, test } from 'vitest'
import { conditionsOf } from '../../src/domain/search/search.ts'
import { matchText, parseSearchQuery, wholeText } from '../../src/domain/text/search-query.ts'
import { createDatabase, type Database } from '../../src/store/database/database.ts'
import { createSearchStore } from '../../src/store/search.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { searchWorld, viewerId } from './search-world.ts'

/** A hundredth of the world that docs/performance.md has figures of. */
const messages = 50_000
const conversations = 200
const talks = 100

let database: TestDatabase
let db: Database

beforeAll(async () => {
  database = await createTestDatabase()
  await database.query(`BEGIN; ${searchWorld(messages, conversations, talks).slice(0, -1).join(';\n')}; COMMIT`)
  await database.query('ANALYZE')
  db = createDatabase({ connectionString: database.url, poolSize: 1, logger: createLogger('silent') })
}, 60_000)

atEnd(() => db.close())

/** Pages of 8 KB that a search touches, in memory or on disk. */
async function pagesOf(text: string): Promise<number> {
  const query = parseSearchQuery(text)
  if (typeof query === 'string') throw new Error(query)
  const conditions = conditionsOf(query, { senderId: null, hasAttachment: null })
  const [plain, whole] = [matchText(query), wholeText(query)]
  const bounds = { fromMs: null, toMs: null, below: null, downTo: null }
  const find = () =>
    createSearchStore(db).find(
      { viewerId, isStaff: false, conversationId: null, ...conditions, plain, whole, ...bounds, wanted: 100 },
      viewerId,
    )
  const here = '(SELECT oid FROM pg_database WHERE datname = current_database())'
  for (let time = 0; time < 7; time++) await find()
  await database.query(`SELECT pg_stat_statements_reset(0, ${here}, 0)`)
  await find()
  const [row] = await database.query<{ pages: number }>(
    `SELECT max(shared_blks_hit + shared_blks_read)::int AS pages FROM pg_stat_statements
      WHERE dbid = ${here} AND toplevel AND calls = 1 AND query NOT LIKE '%pg_stat_statements%'`,
  )
  return row!.pages
}

test('a search touches few pages, however frequent its words are', async () => {
  const queries = ['word1', 'word30', 'word300', 'word30000', 'nobody', 'word3 word20', 'word2000 word1', 'word30000 word2', '"word1 word2"', 'word40 -word1', 'word9 or word77'] // prettier-ignore
  const costs: Record<string, number> = {}
  for (const query of queries) costs[query] = await pagesOf(query)
  // The viewer’s conversations have some 20,000 messages, and each that is looked at by itself is a page or more.
  expect(
    Object.entries(costs).filter(([, pages]) => pages > 16_000),
    JSON.stringify(costs),
  ).toEqual([])
})
