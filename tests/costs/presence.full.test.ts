import { beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { gather, signUpMany } from '../testkit/crowd.ts'
import { startMeasuredServer, type MeasuredServer } from '../testkit/measured-work.ts'
import type { Person } from '../testkit/person.ts'
import { followPresence, heartbeat, signUpPeople, uuidOf } from '../testkit/presence.ts'

// 500 people in one group, and an inbox of 100: presence is read for all rows of a page together, however many they are.

let server: MeasuredServer
let ann: Person
let crowd: Person[]
let group: string

beforeAll(async () => {
  server = await startMeasuredServer()
  const people = await signUpMany(server.database, server.url, 501)
  ;[ann, ...crowd] = people as [Person, ...Person[]]
  group = await gather(server.database, ann, crowd)
  const some = crowd.slice(0, 100)
  for (const other of some) {
    await other.send(await gather(server.database, other, [ann]), 'Hello Ann')
    await other.send(group, 'Hello everybody')
  }
  // Some are here, and all others were.
  await server.database.query("UPDATE users SET last_seen_at = '2026-01-01T00:00:00Z'")
  await Promise.all(some.filter((_, index) => index % 2).map((other) => heartbeat(other, 'ONLINE')))
})

const presence = 'presence { status device lastSeenAt }'
const inbox = `inbox(first: $n) { nodes { conversation { peer { ${presence} } lastMessage { sender { id ${presence} } } } } }`
const members = `members(first: $n) { nodes { user { id ${presence} } } }`
const messages = `messages(last: $n) { nodes { sender { id ${presence} } } }`

test.each([
  ['an inbox', 1, `query ($n: Int) { ${inbox} }`],
  ['members', 1, `query ($n: Int, $id: ID!) { conversation(id: $id) { ${members} } }`],
  ['messages', 1, `query ($n: Int, $id: ID!) { conversation(id: $id) { ${messages} } }`],
  // What statements find that run side by side is read in one to three goes.
  ['all of them in one', 3, `query ($n: Int, $id: ID!) { ${inbox} conversation(id: $id) { ${members} ${messages} } }`],
])('presence in %s: %i MGET and as many statements, for 2 rows and for 100', async (_, most, query) => {
  const read = async (n: number, text: string) => {
    const run = async () => {
      const { data, errors } = await ask(ann, text, { n, ...(text.includes('$id') && { id: group }) })
      expect(errors).toBeUndefined()
      return JSON.stringify(data)
    }
    await run()
    let answer = ''
    const { work, details } = await server.measure(async () => {
      answer = await run()
    })
    return { work, details, answer }
  }
  for (const n of [2, 100]) {
    const measured = await read(n, query)
    const without = await read(n, query.replaceAll(presence, '__typename'))
    expect(measured.answer.match(/"ONLINE"|"lastSeenAt":"2026/g)?.length).toBeGreaterThanOrEqual(n)
    if (n === 100) expect(measured.answer).toContain('"ONLINE"')
    expect(without.work.redisCommands).toBe(0)
    expect(measured.work.redisCommands, measured.details).toBeLessThanOrEqual(most)
    const more = measured.work.statements - without.work.statements
    expect(more, measured.details).toBeLessThanOrEqual(most)
  }
})

test('a subscription to 500 people is read in one go, and 100 of them that come at once as well', async () => {
  const people = await signUpPeople(server.database, server.url, 500)
  const [zoe, ...others] = people as [Person, ...Person[]]
  await zoe.createGroup(others)
  const opened = await server.measure(async () => {
    const reader = await followPresence(zoe, others)
    await reader.waitForCount(others.length)
  })
  // The people, once to see that they exist and once with their settings. Those never seen need no look at what is shared.
  expect(opened.work.statements, opened.details).toBeLessThanOrEqual(5)
  expect(opened.work.redisCommands, opened.details).toBe(1)

  const reader = await followPresence(zoe, others)
  await reader.waitForCount(others.length)
  const some = others.slice(0, 100)
  const came = await server.measure(async () => {
    await Promise.all(some.map((person) => heartbeat(person, 'ONLINE')))
    await reader.waitForCount(others.length + some.length)
  })
  const calls = (text: string) =>
    (JSON.parse(came.details) as { statements: { query: string; calls: number }[] }).statements
      .filter(({ query }) => query.includes(text))
      .reduce((sum, each) => sum + each.calls, 0)
  // Not one for each who came: hints of the same moment are looked after together.
  expect(calls('pair_key = p.pair_key'), came.details).toBeLessThan(some.length / 2)
})

test('somebody in 2,000 conversations costs no more to compare with 100 people than anybody else', async () => {
  const { database } = server
  const [zoe, ...others] = (await signUpPeople(database, server.url, 101)) as [Person, Person, ...Person[]]
  await others[0].createGroup(others.slice(1))
  await database.query(
    `WITH groups AS (INSERT INTO conversations (id, kind, title)
        SELECT gen_random_uuid(), 'GROUP', 'One of many' FROM generate_series(1, 2000) RETURNING id)
      INSERT INTO members (conversation_id, user_id) SELECT id, $1 FROM groups`,
    [uuidOf(zoe.id)],
  )
  await database.query('UPDATE users SET last_seen_at = now() WHERE id = ANY ($1::uuid[])', [
    others.map(({ id }) => uuidOf(id)),
  ])
  await database.query('ANALYZE')
  const blocks = async () => {
    const [row] = await database.query(
      `SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::int AS count FROM pg_stat_statements
        WHERE query LIKE '%pair_key = p.pair_key%' AND query NOT LIKE '%pg_stat_statements%'
          AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    return Number(row?.count)
  }
  const before = await blocks()
  const reader = await followPresence(zoe, others)
  await reader.waitForCount(others.length)
  const read = (await blocks()) - before
  expect(read).toBeGreaterThan(0)
  // A few for each pair, and her 2,000 once. For each pair anew they were more than 3,000.
  expect(read).toBeLessThan(1_500)
})
