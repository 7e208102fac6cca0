import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { handleSkeleton } from '../../src/domain/people/handles.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { startServer } from '../testkit/server.ts'

let count = 0
const newHandle = () => `named_${++count}`
const password = 'correct horse battery'
const register = `mutation ($input: RegisterInput!) { register(input: $input) {
  __typename ... on Error { code reason } ... on RegisterSuccess { session { user { handle displayName } } } } }`

const database = await createTestDatabase()
const { url } = await startServer({ databaseUrl: database.url, redisUrl: null })

async function outcomeOf(handle: string, displayName = 'Somebody') {
  const { data, errors } = await ask<{ register: { __typename: string } }>(url, register, {
    input: { handle, displayName, password },
  })
  return data?.register.__typename ?? errors
}

test('handles of the operator and the system are reserved, in any case, with signs between, and by letters that look alike', async () => {
  for (const handle of [
    'admin',
    'ADMIN',
    '_admin_',
    'ad.min',
    'adrnin',
    'administrator',
    'support',
    'supp0rt',
    'parley',
    'par1ey',
    'system',
    'staff',
    'moderator',
    'help',
    'official',
    '0fficial',
    'root',
    'r00t',
  ])
    // prettier-ignore
    expect([handle, await outcomeOf(handle)]).toEqual([handle, 'HandleTakenError'])
  expect(await outcomeOf('admin.smith')).toBe('RegisterSuccess')
})

test('a handle that looks like one that is taken is refused, until its owner is erased', async () => {
  expect(await outcomeOf('tom_lowe10')).toBe('RegisterSuccess')
  for (const handle of ['torn_lowe10', 'tom_1owe10', 'tom_lowelo', 'tom_lovve10', 'tom__lowe10', 'Tom_L0WE10'])
    expect([handle, await outcomeOf(handle)]).toEqual([handle, 'HandleTakenError'])
  expect(await outcomeOf('tom.lowe10')).toBe('RegisterSuccess')
  await database.query(`SELECT parley_begin_erasure(id) FROM users WHERE handle = 'tom_lowe10'`)
  expect(await outcomeOf('torn_lowe10')).toBe('RegisterSuccess')
})

test('the database and the server agree on what a handle looks like', async () => {
  const handles = ['a', 'm', 'rn', 'w__w', 'vv', '10l_o._.', 'mmm', 'l1l', '___', 'rnw01_']
  const rows = await database.query<{ skeleton: string }>(
    'SELECT parley_handle_skeleton(h) AS skeleton FROM unnest($1::text[]) AS h',
    [handles],
  )
  expect(rows.map(({ skeleton }) => skeleton)).toEqual(handles.map(handleSkeleton))
})

test('people whose handles look alike already are migrated and keep theirs, and nobody gets a third', async () => {
  const migration = join(
    import.meta.dirname,
    '../../prisma/migrations/20261129200300_handle_skeletons_are_unique/migration.sql',
  )
  await database.query('DROP INDEX users_handle_skeleton_key')
  await database.query(`INSERT INTO users (id, handle, display_name, search_name, created_at) VALUES
    (gen_random_uuid(), 'modern', 'One', 'one', '2020-01-02'), (gen_random_uuid(), 'modem', 'Other', 'other', '2020-01-01')`)
  await database.query(readFileSync(migration, 'utf8'))
  expect(
    await database.query(
      `SELECT handle, handle_skeleton FROM users WHERE handle IN ('modern', 'modem') ORDER BY handle`,
    ),
  ).toEqual([
    { handle: 'modem', handle_skeleton: 'rnodern' },
    { handle: 'modern', handle_skeleton: null },
  ])
  for (const handle of ['m0dem', 'modern', 'rnodem']) expect(await outcomeOf(handle)).toBe('HandleTakenError')
})

describe('names with characters that nobody sees inside', () => {
  const cases: [what: string, name: string, outcome: string][] = [
    ['a zero width space', 'An\u200bna', 'ValidationError'],
    ['a word joiner', 'An\u2060na', 'ValidationError'],
    ['a soft hyphen', 'An\u00adna', 'ValidationError'],
    ['a filler', 'An\u3164na', 'ValidationError'],
    ['a byte order mark', 'An\ufeffna', 'ValidationError'],
    ['a joiner in Latin', 'An\u200dna', 'ValidationError'],
    ['a non-joiner in Cyrillic', 'Ан\u200cна', 'ValidationError'],
    ['a mark of direction in Latin', 'An\u200ena', 'ValidationError'],
    ['a selector after a letter', 'An\ufe00na', 'ValidationError'],
    ['letters of a flag after a letter', 'An\u{e0061}na', 'ValidationError'],
    ['Persian with a non-joiner', 'می\u200cخواهم', 'RegisterSuccess'],
    ['Hindi with a joiner', 'क्\u200dष', 'RegisterSuccess'],
    ['a family', 'Ann 👩\u200d👩\u200d👧', 'RegisterSuccess'],
    ['a heart', 'Ann ❤\ufe0f', 'RegisterSuccess'],
    ['a keycap', 'Ann 1\ufe0f\u20e3', 'RegisterSuccess'],
    ['a flag by tags', 'Ann \u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}', 'RegisterSuccess'],
    ['a chosen shape of Japanese', '葛\u{e0100}城', 'RegisterSuccess'],
    ['Arabic between marks of direction', 'Ann \u200fعلي\u200e B', 'RegisterSuccess'],
  ]
  test.each(cases)('%s', async (_what, name, outcome) => {
    expect(await outcomeOf(newHandle(), name)).toBe(outcome)
  })
})
