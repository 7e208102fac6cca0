import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { startFullDisk } from '../testkit/full-disk.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { readiness, untilReadiness } from '../testkit/proxied.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })

const sendOperation = `mutation ($id: ID!, $text: String!, $key: String!) {
  sendMessage(input: { conversationId: $id, text: $text, clientMessageId: $key }) {
    ... on SendMessageSuccess { ack { outcome } message { seq } } ... on Error { code reason } } }`
const pinOperation = `mutation ($id: ID!) { updateInboxEntry(input: { conversationId: $id, pinned: true }) {
  ... on UpdateInboxEntrySuccess { entry { pinned } } } }`
const viewerOperation = '{ viewer { user { handle } } }'

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const outOfReach = /the database does not answer/

interface World {
  database: TestDatabase
  server: ServerProcess
  ann: Person
  bob: Person
  conversation: string
}

async function makeWorld(database: TestDatabase, databaseUrl = database.url): Promise<World> {
  const server = await startServer({ databaseUrl })
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  return { database, server, ann, bob, conversation: await ann.startDirect(bob) }
}

const send = ({ ann, conversation }: World, text: string, key = newKey()) =>
  ask(ann, sendOperation, { id: conversation, text, key })

async function expectSent(world: World, text: string, key?: string): Promise<void> {
  const answer = await send(world, text, key)
  expect(answer.errors, JSON.stringify(answer)).toBeUndefined()
  expect(answer.data?.sendMessage).toMatchObject({ message: {} })
}

/** Messages of the conversation, in the order of their numbers, which have no gaps. */
async function textsIn({ database }: World): Promise<string[]> {
  const rows = await database.query<{ seq: number; text: string }>('SELECT seq, text FROM messages ORDER BY seq')
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1))
  return rows.map(({ text }) => text)
}

const endSessions = (database: TestDatabase) =>
  database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'parley'`)

/** Makes messages with this text fail as PostgreSQL would: for the first `times` tries, or always. */
async function refuseText(database: TestDatabase, text: string, sqlState: string, times = 1_000_000): Promise<void> {
  const name = `refuse_${randomBytes(4).toString('hex')}`
  // A sequence counts what is undone, too.
  await database.query(`CREATE SEQUENCE ${name}`)
  await database.query(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.text = '${text}' AND nextval('${name}') <= ${String(times)} THEN
      RAISE EXCEPTION 'refused' USING ERRCODE = '${sqlState}'; END IF;
    RETURN NEW; END $$`)
  await database.query(`CREATE TRIGGER ${name} BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION ${name}()`)
}

describe('a database that refuses', () => {
  let world: World
  beforeAll(async () => {
    world = await makeWorld(await createTestDatabase())
  })

  test('every write while it is read-only: UNAVAILABLE, readiness says so, reads go on, and the first write afterwards works', async () => {
    const { database, server, ann } = world
    const [row] = await database.query<{ name: string }>('SELECT current_database() AS name')
    const setReadOnly = (value: string) =>
      database.query(`ALTER DATABASE ${String(row?.name)} SET default_transaction_read_only = ${value}`)
    await setReadOnly('on')
    await endSessions(database)
    await untilReadiness(server, 'unavailable')
    for (let index = 0; index < 10; index++) {
      const [error] = expectErrors(await send(world, 'Refused'), 'UNAVAILABLE')
      expect(error?.extensions.retryAfterMs).toBeGreaterThan(0)
    }
    expect(await readiness(server)).toMatchObject({
      status: 503,
      body: { ready: false, checks: { database: 'read-only' } },
    })
    expect((await ask(ann, viewerOperation)).data).toEqual({ viewer: { user: { handle: ann.handle } } })
    await setReadOnly('off')
    await untilReadiness(server, 'ok')
    for (const text of ['After 1', 'After 2', 'After 3']) await expectSent(world, text)
    const lines = server.logs().match(/"msg":"the database takes no writes: it is read-only"/g)
    expect(lines).toHaveLength(1)
  })

  test('one of two who hold what the other needs: it is run again, and nobody sees it', async () => {
    const { database, ann, conversation } = world
    const holder = new Client({ connectionString: database.url })
    await holder.connect()
    // The server's statement looks for a deadlock first, and so is the one that is undone.
    await holder.query(`SET deadlock_timeout = '60s'`)
    await holder.query('BEGIN')
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [keyOf(ann.id)])
    const pinning = ask(ann, pinOperation, { id: conversation })
    const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    await expect.poll(() => database.query(waiting), { interval: 10 }).toEqual([{ count: 1 }])
    await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [keyOf(conversation)])
    await holder.query('COMMIT')
    await holder.end()
    expect((await pinning).data).toEqual({ updateInboxEntry: { entry: { pinned: true } } })
  })

  test('what cannot be serialized is tried again a few times, and then UNAVAILABLE', async () => {
    const { database } = world
    await refuseText(database, 'Third time', '40001', 2)
    await expectSent(world, 'Third time')
    await refuseText(database, 'Never', '40001')
    expectErrors(await send(world, 'Never'), 'UNAVAILABLE')
    await expectSent(world, 'Another')
  })

  test('statements of one person again and again: nobody else is refused anything', async () => {
    const { database, server, bob } = world
    await refuseText(database, 'Too slow', '57014')
    await refuseText(database, 'Wrong', '22012')
    for (let index = 0; index < 20; index++) {
      expectErrors(await send(world, 'Too slow'), 'UNAVAILABLE')
      expect((await send(world, 'Wrong')).errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
      expect((await ask(bob, viewerOperation)).errors).toBeUndefined()
    }
    expect(server.logs()).not.toMatch(outOfReach)
  })

  test('a row, which it quotes: INTERNAL, and neither the answer nor the log has the text', async () => {
    const { database, server } = world
    const text = 'A secret that nobody else may read'
    await database.query(`ALTER TABLE messages ADD CONSTRAINT no_secrets CHECK (text <> '${text}')`)
    const answer = await send(world, text)
    expect(answer.errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }])
    expect(JSON.stringify(answer)).not.toMatch(/secret/)
    const lines = server.logs().split('\n')
    const line = lines.find((one) => one.includes(String(answer.errors?.[0]?.extensions.traceId))) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({
      err: { type: 'DatabaseError', code: '23514', table: 'messages', constraint: 'no_secrets' },
    })
    expect(server.logs()).not.toContain(text)
  })

  test('to go on with its sessions: who writes with a key and who reads does not see it, and nothing is there twice', async () => {
    const { database, ann } = world
    const before = await textsIn(world)
    const texts = oneTo(240).map((count) => `Message ${String(count)}`)
    for (let from = 0; from < texts.length; from += 60) {
      const asked = texts
        .slice(from, from + 60)
        .flatMap((text) => [
          expectSent(world, text),
          ask(ann, viewerOperation).then((a) => expect(a.errors).toBeUndefined()),
        ])
      await endSessions(database)
      await Promise.all(asked)
    }
    const after = await textsIn(world)
    expect(after.slice(before.length).sort()).toEqual(texts.sort())
  })
})

test('a pool that gets 3 connections of its 10 makes do with those', async () => {
  const database = await createTestDatabase()
  const role = `three_${randomBytes(4).toString('hex')}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'three' CONNECTION LIMIT 3`)
  for (const what of ['SCHEMA public', 'ALL TABLES IN SCHEMA public', 'ALL SEQUENCES IN SCHEMA public'])
    await database.query(`GRANT ALL ON ${what} TO ${role}`)
  const world = await makeWorld(
    database,
    Object.assign(new URL(database.url), { username: role, password: 'three' }).href,
  )
  const { server, ann, bob, conversation } = world
  const most = { count: 0 }
  for (let wave = 0; wave < 4; wave++) {
    const answers = oneTo(120).map((count) => {
      if (count % 3 === 0) return ask(ann, viewerOperation)
      if (count % 3 === 1) return ask(bob, '{ searchUsers(query: "some") { nodes { handle } } }')
      return send(world, `Wave ${String(wave)}, ${String(count)}`)
    })
    const [row] = await database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1',
      [role],
    )
    most.count = Math.max(most.count, row?.count ?? 0)
    for (const { errors } of await Promise.all(answers)) expect(errors).toBeUndefined()
  }
  expect(most.count).toBeLessThanOrEqual(3)
  expect(await textsIn(world)).toHaveLength(160)
  expect((await ask(ann, pinOperation, { id: conversation })).errors).toBeUndefined()
  expect(server.logs()).not.toMatch(outOfReach)
})

test('a full disk refuses writes and no reads, readiness says so, and all is well when there is room again', async () => {
  const disk = await startFullDisk()
  const world = await makeWorld(disk.database)
  const { server, ann } = world
  await expectSent(world, 'Before')
  await disk.fill()
  // Some writes still find a free place in a page.
  await expect
    .poll(async () => (await send(world, 'x'.repeat(3_000))).errors !== undefined, { timeout: 60_000 })
    .toBe(true)
  const refused = await send(world, 'y'.repeat(3_900))
  if (refused.errors) expectErrors(refused, 'UNAVAILABLE')
  expect(await readiness(server)).toMatchObject({ status: 503, body: { checks: { database: 'full' } } })
  expect((await ask(ann, viewerOperation)).errors).toBeUndefined()
  await disk.free()
  await untilReadiness(server, 'ok')
  await expectSent(world, 'z'.repeat(3_900))
  expect(server.logs()).not.toMatch(outOfReach)
  expect(server.logs().match(/its disk is full/g)).toHaveLength(1)
})
