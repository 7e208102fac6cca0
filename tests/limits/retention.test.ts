import { Client } from 'pg'
import { beforeAll, expect, test } from 'vitest'
import {
  ConversationEventsDocument,
  CreateGroupDocument,
  ResyncDocument,
  SendMessageDocument,
  WriteStatusDocument,
  type ConversationEventsSubscription,
} from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'

let pair: Pair
let ann: Person
let bob: Person

// A small ring: who is behind reads the log, where retention is at work.
beforeAll(async () => {
  pair = await startPair({
    env: {
      HOUSEKEEPING_INTERVAL_MS: '100',
      EVENT_RETENTION_HOURS: '24',
      OP_KEY_RETENTION_HOURS: '72',
      RING_EVENTS: '4',
    },
  })
  ann = await signUp(pair.urls[0])
  bob = await signUp(pair.urls[1])
})

/** Makes the events up to this one older than the log keeps them. */
const age = (streamId: string, upToSeq: number, hours = 25) =>
  pair.database.query(
    'UPDATE events SET occurred_at = occurred_at - make_interval(hours => $3) WHERE stream_id = $1 AND seq <= $2',
    [streamId, upToSeq, hours],
  )

const seqsInLog = async (streamId: string) =>
  (
    await pair.database.query<{ seq: number }>('SELECT seq FROM events WHERE stream_id = $1 ORDER BY seq', [streamId])
  ).map(({ seq }) => seq)

async function floorOf(streamId: string): Promise<number | undefined> {
  const sql = `SELECT floor_event_seq AS floor FROM conversations WHERE id = $1
    UNION ALL SELECT floor_event_seq FROM users WHERE id = $1`
  return (await pair.database.query<{ floor: number }>(sql, [streamId]))[0]?.floor
}

async function retire(streamId: string, upToSeq: number): Promise<void> {
  await age(streamId, upToSeq)
  await expect.poll(() => floorOf(streamId), { timeout: 20_000 }).toBe(upToSeq)
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

async function chat(messages: number): Promise<string> {
  const conversationId = await ann.createGroup([bob])
  for (const number of range(1, messages)) await ann.send(conversationId, `Message ${number}`)
  return conversationId
}

/** Many messages in no time, as if another process had sent them that could not announce them. */
const sendBySql = (conversationId: string, count: number, text = 'x') =>
  pair.database.query(`SELECT parley_send_message($1, $2, $5 || n, '', $3, NULL) FROM generate_series(1, $4::int) n`, [
    keyOf(ann.id),
    keyOf(conversationId),
    text,
    count,
    `${newKey()} `,
  ])

const places = (events: readonly { __typename: string; cursor: { eventSeq: number } }[]) =>
  events.map(({ __typename, cursor }) => `${__typename} ${cursor.eventSeq}`)
const sent = (from: number, to: number) => range(from, to).map((seq) => `MessageSent ${seq}`)

test('the mark of the last event that left the log still proves a cursor at its place, and no other mark does', async () => {
  const id = await chat(6)
  const { resync } = await ann.client.request(ResyncDocument, { cursors: [{ streamId: id, eventSeq: 0 }] })
  const marks = resync.streams[0]!.events.map(({ cursor }) => cursor.mark)
  const firstAt = async (eventSeq: number, mark: string) => {
    const cursors = [{ streamId: id, eventSeq, mark }]
    const answer = await bob.client.request(ResyncDocument, { cursors })
    const live = await bob.conversationEvents(id, { eventSeq, mark })
    const [told] = await live.waitForCount(1)
    live.cut()
    const [first] = answer.resync.streams[0]!.events
    expect(first!.cursor).toEqual(told!.cursor)
    return told
  }
  await retire(keyOf(id), 2)
  await retire(keyOf(id), 4)
  expect(await firstAt(4, marks[3]!)).toMatchObject({ cursor: { eventSeq: 5, mark: marks[4] } })
  for (const mark of [marks[1]!, marks[4]!, '0'])
    expect(await firstAt(4, mark)).toMatchObject({ reason: 'UNKNOWN_CURSOR' })
  expect(await firstAt(2, marks[1]!)).toMatchObject({ reason: 'EXPIRED' })

  await retire(keyOf(id), 6)
  const { ack } = await ann.send(id, 'After all of them are gone')
  expect(await firstAt(6, marks[5]!)).toMatchObject({ cursor: ack.cursor })
  expect(await firstAt(6, marks[3]!)).toMatchObject({ reason: 'UNKNOWN_CURSOR' })
})

test('old events leave the log; a cursor behind them is told EXPIRED and goes on live, one at their end misses nothing, live readers notice nothing', async () => {
  const id = await chat(10)
  const people = [ann.at(pair.urls[0]), bob.at(pair.urls[1])]
  const live = await Promise.all(people.map((person) => person.conversationEvents(id, 0)))
  for (const reader of live) await reader.waitForCount(10)

  await retire(keyOf(id), 6)
  expect(await seqsInLog(keyOf(id))).toEqual([7, 8, 9, 10])

  const behind = await Promise.all(people.map((person) => person.conversationEvents(id, 5)))
  const inboxBehind = await Promise.all(people.map((person) => person.inboxEvents([{ streamId: id, eventSeq: 0 }])))
  const atTheEnd = await Promise.all(people.map((person) => person.conversationEvents(id, 6)))
  const inboxAtTheEnd = await Promise.all(people.map((person) => person.inboxEvents([{ streamId: id, eventSeq: 6 }])))
  for (const reader of [...behind, ...inboxBehind]) {
    expect((await reader.waitForCount(1))[0]).toMatchObject({
      __typename: 'SnapshotRequired',
      reason: 'EXPIRED',
      streamId: id,
    })
  }
  await bob.send(id, 'And on it goes')
  for (const reader of [...behind, ...inboxBehind]) {
    expect(places(await reader.waitForCount(2))).toEqual(['SnapshotRequired 10', 'MessageSent 11'])
  }
  for (const reader of [...atTheEnd, ...inboxAtTheEnd]) {
    expect(places(await reader.waitForCount(5))).toEqual(sent(7, 11))
  }
  for (const reader of live) expect(places(await reader.waitForCount(11))).toEqual(sent(1, 11))

  for (const person of people) {
    const resync = async (eventSeq: number) =>
      (await person.client.request(ResyncDocument, { cursors: [{ streamId: id, eventSeq }] })).resync.streams[0]!
    expect(await resync(5)).toMatchObject({
      events: [{ __typename: 'SnapshotRequired', reason: 'EXPIRED', cursor: { eventSeq: 11 } }],
      cursor: { eventSeq: 11 },
      hasMore: false,
    })
    expect(places((await resync(6)).events)).toEqual(sent(7, 11))
  }
})

test('the personal stream expires like any other, and the inbox goes on live from there', async () => {
  const carl = await signUp(pair.urls[0])
  await ann.createGroup([carl])
  await retire(keyOf(carl.id), 1)
  const { viewerCursor } = (await carl.client.request(ResyncDocument, { cursors: [] })).resync
  expect(viewerCursor.eventSeq).toBe(1)
  const inbox = await carl.at(pair.urls[1]).inboxEvents([{ streamId: viewerCursor.streamId, eventSeq: 0 }])
  expect((await inbox.waitForCount(1))[0]).toMatchObject({ __typename: 'SnapshotRequired', reason: 'EXPIRED' })
  await ann.createGroup([carl])
  expect(places(await inbox.waitForCount(2))).toEqual(['SnapshotRequired 1', 'InboxEntryChanged 2'])
})

test('events go in batches of 1,000 at the most while the conversation is written to, and one process works at a time', async () => {
  const id = await chat(1)
  await sendBySql(id, 2_500)
  await pair.database.query(`
    CREATE TABLE retired_batches (size int);
    CREATE FUNCTION note_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO retired_batches SELECT count(*) FROM gone; RETURN NULL; END $$;
    CREATE TRIGGER note_batch AFTER DELETE ON events REFERENCING OLD TABLE AS gone
      FOR EACH STATEMENT EXECUTE FUNCTION note_batch()`)
  const attempts = async () => {
    const [row] = await pair.database.query<{ calls: number }>(
      `SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements
        WHERE query LIKE '%parley_retire_events%' AND toplevel
          AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    return row!.calls
  }
  // Somebody is at it: both processes try again and again, and leave it alone.
  const other = new Client({ connectionString: pair.database.url })
  await other.connect()
  await other.query(`SELECT pg_advisory_lock(hashtext('parley_retire_events'))`)
  await age(keyOf(id), 2_500)
  const before = await attempts()
  await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThan(before + 8)
  expect(await seqsInLog(keyOf(id))).toHaveLength(2_501)
  expect(await floorOf(keyOf(id))).toBe(0)
  await other.end()

  const during = range(1, 20).map((number) => ann.send(id, `Meanwhile ${number}`))
  await Promise.all(during)
  await expect.poll(() => floorOf(keyOf(id)), { timeout: 20_000 }).toBe(2_500)
  expect(await seqsInLog(keyOf(id))).toEqual(range(2_501, 2_521))
  const batches = await pair.database.query<{ size: number }>('SELECT size FROM retired_batches WHERE size > 0')
  expect(batches.map(({ size }) => size).sort((a, b) => b - a)).toEqual([1_000, 1_000, 500])
  await pair.database.query('DROP TRIGGER note_batch ON events')
})

test('the keys of retired events are still known, until their own time is over', async () => {
  const group = { title: 'Retired', memberIds: [bob.id], opKey: newKey() }
  const create = async (title = group.title) =>
    (await ann.client.request(CreateGroupDocument, { input: { ...group, title } })).createGroup
  const { conversation } = expectType(await create(), 'CreateGroupSuccess')
  const key = newKey()
  const input = { conversationId: conversation.id, clientMessageId: key, text: 'Once' }
  const send = async (person: Person, text = input.text) =>
    (await person.client.request(SendMessageDocument, { input: { ...input, text } })).sendMessage
  const { message, ack } = expectType(await send(ann), 'SendMessageSuccess')
  const editKey = newKey()
  await ann.edit(message.id, 'Once more', editKey)
  const [own] = await pair.database.query<{ head: number }>('SELECT head_event_seq AS head FROM users WHERE id = $1', [
    keyOf(ann.id),
  ])
  await retire(keyOf(conversation.id), 2)
  await retire(keyOf(ann.id), own!.head)

  for (const url of pair.urls) {
    const me = ann.at(url)
    expect(expectType(await send(me), 'SendMessageSuccess')).toMatchObject({
      ack: { ...ack, outcome: 'DUPLICATE' },
      message: { id: message.id, text: 'Once more' },
    })
    expectType(await send(me, 'Something else'), 'OpKeyReusedError')
    expect(await me.edit(message.id, 'Once more', editKey)).toMatchObject({ ack: { outcome: 'DUPLICATE' } })
    expect(expectType(await create(), 'CreateGroupSuccess').conversation.id).toBe(conversation.id)
    expectType(await create('Another title'), 'OpKeyReusedError')
    for (const opKey of [key, editKey, group.opKey]) {
      expect((await me.client.request(WriteStatusDocument, { opKey })).writeStatus.state).toBe('ACCEPTED')
    }
    expect((await me.client.request(WriteStatusDocument, { opKey: key })).writeStatus).toMatchObject({
      cursor: { streamId: conversation.id, eventSeq: 1 },
      message: { id: message.id },
    })
    // A key is its owner's: somebody else's write does not answer to it.
    expect((await bob.client.request(WriteStatusDocument, { opKey: key })).writeStatus.state).toBe('UNKNOWN')
  }
  expect(await seqsInLog(keyOf(conversation.id))).toEqual([])

  await pair.database.query(
    `UPDATE retired_op_keys SET occurred_at = occurred_at - interval '48 hours' WHERE op_key = $1`,
    [key],
  )
  const state = async (opKey: string) => (await ann.client.request(WriteStatusDocument, { opKey })).writeStatus.state
  await expect.poll(() => state(key), { timeout: 20_000 }).toBe('UNKNOWN')
  expect(await state(editKey)).toBe('ACCEPTED')
  expect(expectType(await send(ann), 'SendMessageSuccess').ack).toMatchObject({
    outcome: 'ACCEPTED',
    cursor: { eventSeq: 3 },
  })
})

test('a connected reader that retention overtakes is told that it lost its place, and goes on live', async () => {
  const id = await chat(1)
  // 17 KB each: the network takes some 4 MB, and so the reader is stuck in the middle of 600.
  await sendBySql(id, 599, '💬'.repeat(4_000))
  const reader = await RawSocket.connect(bob)
  const got: string[] = []
  reader.onData = (_, data) => {
    if (got.length === 0) reader.socket.pause()
    const { __typename, cursor } = (data as unknown as ConversationEventsSubscription).conversationEvents
    got.push(`${__typename} ${cursor.eventSeq}`)
  }
  reader.begin('1', ConversationEventsDocument, { conversationId: id, after: 0 })
  await expect.poll(() => got.length).toBeGreaterThan(0)
  // Little is done while it takes nothing, as one that takes nothing for 10 s is closed.
  await retire(keyOf(id), 590)
  reader.socket.resume()
  await expect.poll(() => `${got.at(-1)} ${reader.closeCode}`, { timeout: 20_000 }).toMatch(/ 600 null$/)
  await ann.send(id, 'The newest')
  await expect.poll(() => got.at(-1), { timeout: 20_000 }).toBe('MessageSent 601')
  await ann.send(id, 'And on')
  await expect.poll(() => got.at(-1), { timeout: 20_000 }).toBe('MessageSent 602')
  const lostAt = got.findIndex((place) => place.startsWith('SnapshotRequired'))
  expect(lostAt).toBeGreaterThan(0)
  expect(lostAt).toBeLessThan(590)
  expect(got.slice(0, lostAt)).toEqual(sent(1, lostAt))
  const from = Number(got[lostAt]!.split(' ')[1])
  expect(from).toBeGreaterThanOrEqual(590)
  expect(got.slice(lostAt + 1)).toEqual(sent(from + 1, 602))
})
