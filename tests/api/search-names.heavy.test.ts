import { describe, expect, inject, test } from 'vitest'
import { Client } from 'pg'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { casesOf, inFullRun } from '../testkit/effort.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

interface Found {
  searchUsers: { nodes: { displayName: string }[] }
}
const query = 'query ($text: String!) { searchUsers(query: $text, first: 100) { nodes { displayName } } }'
const find = async (person: Person, text: string) => {
  const { data, errors } = await ask<Found>(person, query, { text })
  expect(errors, text).toBeUndefined()
  return data?.searchUsers.nodes.map(({ displayName }) => displayName).sort()
}

const names = ['İbrahim Çelik', 'ΟΔΥΣΣΕΥΣ', 'Zoe\u0308 Stra\u00dfe', 'Łukasz', 'Nguyễn Ánh', 'Ёлка Смирнова', 'علي كريمي', 'שלום', '김민수', 'ガク', '100% Émile_X', 'O’Brien'] // prettier-ignore
const spellings: [name: string, ...spellings: string[]][] = [
  ['İbrahim Çelik', 'İbrahim Çelik', 'ibrahim çelik', 'IBRAHIM CELIK', 'I\u0307brahim C\u0327elik', 'İBR', 'ibrahim c'],
  ['ΟΔΥΣΣΕΥΣ', 'ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς', 'οδυσσευς', 'Οδυσσ', 'ΟΔΥΣ'],
  ['Zoe\u0308 Stra\u00dfe', 'Zoë Straße', 'ZOË STRASSE', 'zoe strasse', 'Zoë STRAẞE'],
  ['Łukasz', 'ŁUKASZ', 'lukasz'],
  ['Nguyễn Ánh', 'NGUYỄN ÁNH', 'Nguyễn Ánh'.normalize('NFD'), 'nguyen a'],
  ['Ёлка Смирнова', 'ЁЛКА', 'елка с'],
  ['علي كريمي', 'علي كريمي', 'علی کریمی'],
  ['שלום', 'שָׁלוֹם'],
  ['김민수', '김민수'.normalize('NFD'), '김'],
  ['ガク', 'ｶﾞｸ', 'ガク'.normalize('NFD')],
  ['100% Émile_X', '100% emile_', '100% É'],
  ['O’Brien', "O'Brien", 'O´BRIEN'],
]

/** Those that a PostgreSQL of this machine can have, each with rules of its own for lower() and for sorting. */
const locales: [name: string, options: string][] = [
  ['C', "LOCALE_PROVIDER libc LOCALE 'C'"],
  ['C.UTF-8 of PostgreSQL', "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"],
  ['ICU, American', "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"],
  ['ICU, Turkish', "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'"],
]

/** And the locales of the system, which differ from machine to machine. */
async function systemLocales(): Promise<[string, string][]> {
  const client = new Client({ connectionString: inject('clusterUrl') })
  await client.connect()
  const { rows } = await client.query<{ locale: string }>(
    "SELECT DISTINCT collcollate AS locale FROM pg_collation WHERE collprovider = 'c' AND collcollate ~* '^(C|en_US|tr_TR|de_DE)\\.utf-?8$'",
  )
  await client.end()
  return rows.map(({ locale }) => [`${locale} of the system`, `LOCALE_PROVIDER libc LOCALE '${locale}'`])
}

// Each makes all tables anew.
describe.each(casesOf([...locales, ...(await systemLocales())], ([name]) => name === locales.at(-1)?.[0]))(
  'in a database of locale %s',
  (_name, options) => {
    test('people are found by their names in any spelling, by whole ones and beginnings', async () => {
      const database = await createTestDatabase(`TEMPLATE template0 ENCODING 'UTF8' ${options}`)
      const server = await startServer({ databaseUrl: database.url, redisUrl: null })
      const people = await Promise.all(names.map((name) => signUp(server.url, name)))
      for (const [name, ...texts] of spellings) {
        for (const text of texts) expect(await find(people[0]!, text), text).toEqual([name])
      }
      expect(await find(people[0]!, 'x%')).toEqual([])
      // With more of the name, as a handle may be p100_….
      expect(await find(people[0]!, '100_ emile')).toEqual([])
      expect(await find(people[0]!, 'カ')).toEqual([])
      await server.stop()
      await database.drop()
    })
  },
)

describe('people from before, whose names the database had folded', () => {
  const insert = `INSERT INTO users (id, handle, display_name, search_name)
    SELECT gen_random_uuid(), 'before.' || n, $1, lower($1) FROM generate_series(1, $2::int) n`

  test('are found once the server runs, as many as there are', async () => {
    const database = await createTestDatabase()
    await database.query(insert, ['İbrahim Çelik', 2_345])
    // On a slow machine the last of them are folded in the first rounds.
    const env = { HOUSEKEEPING_INTERVAL_MS: '100' }
    const server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
    const ann = await signUp(server.url, 'Ann')
    expect(await find(ann, 'ibrahim celik')).toHaveLength(100)
    const left = 'SELECT count(*)::int AS count FROM users WHERE search_name_rule = 0'
    await expect.poll(() => database.query(left), { timeout: 20_000 }).toEqual([{ count: 0 }])
    const folded = await database.query('SELECT DISTINCT search_name FROM users WHERE handle LIKE $1', ['before%'])
    expect(folded).toEqual([{ search_name: 'ibrahim celik' }])
  })

  inFullRun(() =>
    test('are found also when a process of the former version adds them while others run', async () => {
      const database = await createTestDatabase()
      const env = { HOUSEKEEPING_INTERVAL_MS: '100' }
      const servers = await Promise.all([1, 2].map(() => startServer({ databaseUrl: database.url, env })))
      const ann = await signUp(servers[0]!.url, 'Ann')
      await database.query(insert, ['Ὀδυσσεύς', 700])
      await expect.poll(async () => (await find(ann, 'ΟΔΥΣΣΕΥΣ'))?.length).toBe(100)
      await expect
        .poll(() => database.query('SELECT count(*)::int AS count FROM users WHERE search_name_rule = 0'))
        .toEqual([{ count: 0 }])
      for (const server of servers) expect(server.logs()).not.toContain('could not be folded')
    }),
  )

  test('who were erased stay without a name', async () => {
    const database = await createTestDatabase()
    await database.query(insert, ['Ann', 1])
    await database.query("UPDATE users SET search_name = '', erased_at = now(), erasure_finished_at = now()")
    await startServer({ databaseUrl: database.url, redisUrl: null })
    expect(await database.query('SELECT search_name, search_name_rule FROM users')).toEqual([
      { search_name: '', search_name_rule: 0 },
    ])
  })
})

inFullRun(() =>
  test('the search goes by an index, however many people there are', async () => {
    const database = await createTestDatabase()
    const server = await startServer({ databaseUrl: database.url, redisUrl: null })
    const ann = await signUp(server.url, 'Ann')
    await database.query(`INSERT INTO users (id, handle, display_name, search_name, search_name_rule)
    SELECT gen_random_uuid(), 'person' || n, md5(n::text), md5(n::text), 1 FROM generate_series(1, 50000) n`)
    await database.query('ANALYZE users')
    interface Work {
      inserted: number
      scans: number
      read: number
      fetched: number
    }
    const work = async () => {
      const [row] = await database.query<Work & Record<string, unknown>>(
        `SELECT n_tup_ins::int AS inserted, idx_scan::int AS scans, seq_tup_read::int AS read, idx_tup_fetch::int AS fetched
         FROM pg_stat_user_tables WHERE relname = 'users'`,
      )
      return row!
    }
    // Sessions tell what they did some time later.
    await expect.poll(async () => (await work()).inserted).toBeGreaterThan(50_000)
    const before = await work()
    const times = 20
    for (let index = 0; index < times; index++) expect(await find(ann, 'no such name')).toEqual([])
    await expect.poll(async () => (await work()).scans - before.scans).toBeGreaterThanOrEqual(2 * times)
    const after = await work()
    expect(after.read - before.read).toBe(0)
    expect(after.fetched - before.fetched).toBeLessThan(1_000)
  }),
)
