import { beforeAll, describe, expect, test } from 'vitest'
import { EditMessageDocument, ResyncDocument } from '../../sdk/src/generated/graphql.ts'
import { follow, followInbox } from '../testkit/api.ts'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { newKey, type Person } from '../testkit/person.ts'
import {
  byHand,
  flushReceipts,
  globalIdOf,
  markDelivered,
  positionsOf,
  setReceipts,
  statusOf,
} from '../testkit/receipts.ts'
import type { ConversationEvent } from '../testkit/replica.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

// Somebody keeps read receipts off, and somebody else looks everywhere for what they have read.

let database: TestDatabase
let server: ServerProcess
beforeAll(async () => {
  database = await createTestDatabase()
  const env = { ...byHand, JWT_SECRET: crowdSecret }
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!
const nowOf = async () => (await database.query<{ at: Date }>('SELECT clock_timestamp() AS at'))[0]!.at.getTime()

interface Talk {
  id: string
  /** Who looks. */
  ann: Person
  /** Who may not tell. */
  quiet: Person
  others: Person[]
}

const talks: Record<string, () => Promise<Talk>> = {
  'a direct conversation': async () => {
    const [ann, quiet] = (await signUpMany(database, server.url, 2)) as [Person, Person]
    return { id: await ann.startDirect({ id: globalIdOf(quiet) }), ann, quiet, others: [] }
  },
  'a group of 3': () => groupOf(3),
  'a group of 12': () => groupOf(12),
}
const kinds = Object.keys(talks)

async function groupOf(size: number): Promise<Talk> {
  const [ann, quiet, ...others] = (await signUpMany(database, server.url, size)) as [Person, Person, ...Person[]]
  return { id: await gather(database, ann, [quiet, ...others]), ann, quiet, others }
}

/** A message that all but the quiet one have read, and which the quiet one's device has got. */
async function deliver({ id, ann, quiet, others }: Talk) {
  const { message } = await ann.send(id, 'Hello')
  for (const other of others) await other.markRead(id, message.seq)
  await markDelivered(quiet, id, message.seq)
  await flushReceipts(database)
  return message
}

/** Reads up to a message, and says between which moments that was. */
async function read({ id, quiet }: Talk, seq: number) {
  const from = await nowOf()
  const { ack, entry } = await quiet.markRead(id, seq)
  const to = await nowOf()
  expect(entry).toMatchObject({ lastReadSeq: seq, unreadCount: 0 })
  const includes = (moment: string) => Date.parse(moment) >= Math.floor(from) && Date.parse(moment) <= to
  return { ack, includes }
}

/** All that can be seen of the quiet one's reading: as it is now, and as the log tells it. */
async function look({ id, ann, quiet }: Talk, messageId: string) {
  const quietId = globalIdOf(quiet)
  const { status, readBy } = await statusOf(ann, messageId)
  const { resync } = await ann.client.request(ResyncDocument, { cursors: [{ streamId: id, eventSeq: 0 }] })
  return {
    status,
    readAt: readBy.nodes.filter(({ user }) => user.id === quietId).map(({ readAt }) => readAt),
    positions: await positionsOf(ann, id, quietId),
    events: advancesOf(resync.streams[0]!.events as ConversationEvent[], quietId),
  }
}

const advancesOf = (events: readonly ConversationEvent[], quietId: string) =>
  events.flatMap((event) =>
    event.__typename === 'ReceiptAdvanced'
      ? event.receipts
          .filter(({ user }) => user.id === quietId)
          .map(({ lastReadSeq, at }) => ({ lastReadSeq, at, occurredAt: event.occurredAt }))
      : [],
  )

type Includes = (moment: string) => boolean
const toldIn = (events: ReturnType<typeof advancesOf>, includes: Includes) =>
  events.filter(({ lastReadSeq, at, occurredAt }) => lastReadSeq > 0 || includes(at) || includes(occurredAt))

function expectUntold(seen: Awaited<ReturnType<typeof look>>, seq: number, includes: Includes) {
  expect(seen).toMatchObject({ status: 'DELIVERED', readAt: [], positions: [0, seq] })
  expect(toldIn(seen.events, includes)).toEqual([])
}

describe.each(kinds)('in %s', (kind) => {
  test('reading what the device has got is told to the own devices alone', async () => {
    const talk = await talks[kind]!()
    const { id, ann, quiet } = talk
    await setReceipts(quiet, false)
    const message = await deliver(talk)
    const [live, phone] = await Promise.all([follow(ann, id), followInbox(quiet)])
    const { ack, includes } = await read(talk, 1)
    expect(ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1, lastDeliveredSeq: 1, unreadCount: 0 })
    expect(await flushReceipts(database)).toBe(0)
    expectUntold(await look(talk, message.id), 1, includes)
    expect(await phone.waitForCount(1)).toMatchObject([
      { __typename: 'InboxEntryChanged', conversationId: id, entry: { lastReadSeq: 1, unreadCount: 0 } },
    ])
    expect(await positionsOf(quiet, id, globalIdOf(quiet))).toEqual([1, 1])
    // Nothing at all has come meanwhile, with or without a time.
    await ann.send(id, 'The end')
    expect(await live.waitForCount(1)).toMatchObject([{ __typename: 'MessageSent' }])
    for (const reader of [live, phone]) reader.cut()
  })

  test('reading what no device had got is told as its delivery', async () => {
    const talk = await talks[kind]!()
    const { id, ann, quiet, others } = talk
    await setReceipts(quiet, false)
    const { message } = await ann.send(id, 'Hello')
    for (const other of others) await other.markRead(id, 1)
    await flushReceipts(database)
    const live = await follow(ann, id)
    await read(talk, 1)
    await flushReceipts(database)
    expect(await live.waitForCount(1)).toMatchObject([
      { receipts: [{ user: { id: globalIdOf(quiet) }, lastReadSeq: 0, lastDeliveredSeq: 1 }] },
    ])
    expectUntold(await look(talk, message.id), 1, () => false)
    live.cut()
  })

  test('what was read before the switch is told no more, nor when', async () => {
    const talk = await talks[kind]!()
    const { id, ann, quiet } = talk
    const message = await deliver(talk)
    const { includes } = await read(talk, 1)
    await flushReceipts(database)
    const before = await look(talk, message.id)
    expect(before).toMatchObject({ status: 'READ', readAt: [expect.any(String)], positions: [1, 1] })
    expect(includes(before.readAt[0]!)).toBe(true)
    expect(toldIn(before.events, includes)).toHaveLength(1)

    await setReceipts(quiet, false)
    expectUntold(await look(talk, message.id), 1, includes)
    const replay = await ann.conversationEvents(id, 0)
    await ann.send(id, 'The end')
    await replay.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'The end')
    const replayed = advancesOf(replay.events, globalIdOf(quiet))
    expect(replayed.length).toBeGreaterThan(0)
    expect(toldIn(replayed, includes)).toEqual([])
    replay.cut()
  })

  test('what was read in secret stays so after the switch, until it is reported again, with the time of that', async () => {
    const talk = await talks[kind]!()
    const { quiet } = talk
    await setReceipts(quiet, false)
    const message = await deliver(talk)
    const secret = await read(talk, 1)
    await setReceipts(quiet, true)
    expectUntold(await look(talk, message.id), 1, secret.includes)
    // Not by what a device has got, either.
    await markDelivered(quiet, talk.id, 1)
    expect(await flushReceipts(database)).toBe(0)
    expectUntold(await look(talk, message.id), 1, secret.includes)

    const { ack, includes } = await read(talk, 1)
    expect(ack.outcome).toBe('ADVANCED')
    await flushReceipts(database)
    const seen = await look(talk, message.id)
    expect(seen).toMatchObject({ status: 'READ', positions: [1, 1] })
    expect(seen.readAt.map(includes)).toEqual([true])
    expect(toldIn(seen.events, includes)).toHaveLength(1)
  })

  test('trying to edit does not find out what was read', async () => {
    const talk = await talks[kind]!()
    const { id, ann, quiet } = talk
    await database.query(`UPDATE conversations SET edit_policy = 'UNTIL_READ' WHERE id = $1`, [uuidOf(id)])
    await setReceipts(quiet, false)
    const { message } = await ann.send(id, 'Hello')
    await markDelivered(quiet, id, 1)
    await read(talk, 1)
    const edit = async (text: string) => {
      const input = { messageId: message.id, text, opKey: newKey() }
      return (await ann.client.request(EditMessageDocument, { input })).editMessage.__typename
    }
    expect(await edit('Hello there')).toBe('EditMessageSuccess')
    await setReceipts(quiet, true)
    await quiet.markRead(id, 1)
    expect(await edit('Hello again')).toBe('MessageLockedError')
    await setReceipts(quiet, false)
    expect(await edit('Hello at last')).toBe('EditMessageSuccess')
  })
})

test('what was read before the switch, and not told yet, is told to nobody; once told, with its own time', async () => {
  const talk = await groupOf(12)
  const message = await deliver(talk)
  const { includes } = await read(talk, 1)
  await setReceipts(talk.quiet, false)
  expect(await flushReceipts(database)).toBe(0)
  expectUntold(await look(talk, message.id), 1, includes)

  await setReceipts(talk.quiet, true)
  expectUntold(await look(talk, message.id), 1, includes)
  await read(talk, 1)
  await flushReceipts(database)
  const seen = await look(talk, message.id)
  expect(seen).toMatchObject({ status: 'READ', positions: [1, 1] })
  expect(seen.readAt.map(includes)).toEqual([true])
})

test('what was told together with the reading of others is told no more after the switch, nor when', async () => {
  const talk = await groupOf(12)
  const { id, ann, quiet, others } = talk
  const { message } = await ann.send(id, 'Hello')
  await markDelivered(quiet, id, 1)
  await flushReceipts(database)
  // Of one event, whose time the others may know.
  await others[0]!.markRead(id, 1)
  await read(talk, 1)
  expect(await flushReceipts(database)).toBe(1)
  const [delivered, both] = (await look(talk, message.id)).events
  expect([delivered, both]).toMatchObject([{ lastReadSeq: 0 }, { lastReadSeq: 1 }])

  await setReceipts(quiet, false)
  const seen = await look(talk, message.id)
  expect(seen).toMatchObject({ readAt: [], positions: [0, 1] })
  expect(seen.events).toEqual([delivered])
  const replay = await ann.conversationEvents(id, 0)
  const event = await replay.waitFor(
    ({ __typename, ...rest }) => 'occurredAt' in rest && rest.occurredAt === both!.occurredAt,
  )
  expect(event).toMatchObject({ receipts: [{ user: { id: globalIdOf(others[0]!) }, lastReadSeq: 1 }] })
  replay.cut()

  // It is there again when they no longer mind.
  await setReceipts(quiet, true)
  expect((await look(talk, message.id)).events).toEqual([delivered, both])
})
