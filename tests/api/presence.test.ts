import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HeartbeatDocument, PresenceEventsDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors } from '../testkit/api.ts'
import { crowdSecret } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { openSocket } from '../testkit/open-socket.ts'
import { signUp, type Person } from '../testkit/person.ts'
import {
  followPresence,
  heartbeat,
  offline,
  presenceOf,
  presencesOf,
  seesSoon,
  signUpPeople,
  statusesOf,
  uuidOf,
  updateSettings,
} from '../testkit/presence.ts'
import { Reader } from '../testkit/reader.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

// What is said here holds for two processes on one Redis, and for one process without any.

describe.each([
  ['two processes', true],
  ['one process without Redis', false],
])('in %s', (_, isShared) => {
  let redis: RedisServer | null
  let database: TestDatabase
  const servers: ServerProcess[] = []
  let here: string
  let there: string

  beforeAll(async () => {
    redis = isShared ? await startRedis() : null
    database = await createTestDatabase()
    const options = { databaseUrl: database.url, redisUrl: redis?.url ?? null, env: { JWT_SECRET: crowdSecret } }
    servers.push(
      ...(await Promise.all(isShared ? [startServer(options), startServer(options)] : [startServer(options)])),
    )
    here = servers[0]!.url
    there = servers.at(-1)!.url
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await redis?.stop()
  })

  /** Somebody at each process, with a group of the two. */
  async function two() {
    const [ann, ben] = (await signUpPeople(database, here, 2)) as [Person, Person]
    const group = await ann.createGroup([ben])
    return { ann, ben: ben.at(there), group }
  }

  test('who opens a socket with a device is ONLINE for those who share a conversation with them', async () => {
    const { ann, ben } = await two()
    expect(await presenceOf(ann, ben)).toEqual(offline)
    await openSocket(ben.on('phone', 'MOBILE'))
    await seesSoon(ann, ben, { status: 'ONLINE', device: 'MOBILE', lastSeenAt: null })
    // And a socket without a device says nothing.
    await openSocket(ann)
    expect(await presenceOf(ben, ann)).toEqual(offline)
  })

  test('a heartbeat keeps a device, says what it is, takes it away, and answers the own presence', async () => {
    const { ann, ben } = await two()
    expect(await heartbeat(ann, 'ONLINE', 'desk', 'DESKTOP')).toEqual({
      status: 'ONLINE',
      device: 'DESKTOP',
      lastSeenAt: null,
    })
    expect(await presenceOf(ben, ann)).toMatchObject({ status: 'ONLINE', device: 'DESKTOP' })
    expect(await heartbeat(ann, 'AWAY', 'desk', 'DESKTOP')).toMatchObject({ status: 'AWAY', device: 'DESKTOP' })
    expect(await presenceOf(ben, ann)).toMatchObject({ status: 'AWAY' })
    const beforeMs = Date.now()
    const gone = await heartbeat(ann, 'OFFLINE', 'desk', 'DESKTOP')
    expect(gone).toMatchObject({ status: 'OFFLINE', device: null })
    expect(Math.abs(Date.parse(gone.lastSeenAt ?? '') - beforeMs)).toBeLessThan(5_000)
    expect(await presenceOf(ben, ann)).toEqual(gone)
    // It says so of a device that nobody knows as well.
    expect(await heartbeat(ann, 'OFFLINE', 'another')).toEqual(gone)
  })

  test('a device that said OFFLINE is not brought back by its open socket, but by saying ONLINE', async () => {
    const { ann, ben } = await two()
    const socket = await openSocket(ben.on('phone', 'MOBILE'))
    await seesSoon(ann, ben, { status: 'ONLINE' })
    const query = 'mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { status } }'
    const say = (status: string) => socket.ask(query, { input: { deviceId: 'phone', kind: 'MOBILE', status } })
    expect(await say('OFFLINE')).toMatchObject({ data: { heartbeat: { status: 'OFFLINE' } } })
    await socket.ask('{ viewer { user { id } } }')
    expect(await presenceOf(ann, ben)).toMatchObject({ status: 'OFFLINE' })
    expect(await say('ONLINE')).toMatchObject({ data: { heartbeat: { status: 'ONLINE' } } })
    expect(await presenceOf(ann, ben)).toMatchObject({ status: 'ONLINE' })
  })

  test('presenceEvents tells of each person how it is, and then each change once', async () => {
    const { ann, ben, group } = await two()
    const [cleo] = (await signUpPeople(database, here, 1)) as [Person]
    await heartbeat(ann, 'ONLINE')
    const reader = await followPresence(ben, [ann, cleo, ann, ben])
    await reader.waitForCount(3)
    expect(presencesOf(reader, ann)).toMatchObject([{ status: 'ONLINE', device: 'WEB' }])
    expect(presencesOf(reader, cleo)).toEqual([offline])
    expect(presencesOf(reader, ben)).toEqual([offline])
    await heartbeat(ann, 'ONLINE')
    await heartbeat(ann, 'AWAY')
    await reader.waitFor(({ presence }) => presence.status === 'AWAY')
    await heartbeat(ann, 'AWAY')
    await heartbeat(ben, 'ONLINE')
    await reader.waitFor(({ user, presence }) => user.id === ben.id && presence.status === 'ONLINE')
    await heartbeat(ann, 'OFFLINE')
    await reader.waitForCount(6)
    expect(statusesOf(reader, ann)).toEqual(['ONLINE', 'AWAY', 'OFFLINE'])
    expect(presencesOf(reader, ann).at(-1)).toEqual(await presenceOf(ben, ann))
    // Of who shares nothing with the reader nothing is told.
    await heartbeat(cleo, 'ONLINE')
    await ann.send(group, 'Something else')
    await heartbeat(ann, 'ONLINE')
    await reader.waitForCount(7)
    expect(presencesOf(reader, cleo)).toEqual([offline])
  })

  test('presenceEvents takes 1 to 1,000 people, each of them somebody', async () => {
    const people = await signUpPeople(database, here, 1_001)
    const [ann] = people as [Person]
    const all = await followPresence(ann, people.slice(1))
    await all.waitForCount(1_000)
    expect(new Set(all.events.map(({ user }) => user.id)).size).toBe(1_000)

    const refused = async (userIds: string[]) => {
      const reader = await Reader.open(ann, PresenceEventsDocument, { userIds }, ({ presenceEvents }) => presenceEvents)
      const ended = await reader.waitForEnd()
      const errors = typeof ended === 'object' && ended && 'errors' in ended ? ended.errors : []
      return errors.map(({ extensions }) => extensions?.code)
    }
    const ids = people.map(({ id }) => id)
    expect(await refused(ids)).toEqual(['VALIDATION_ERROR'])
    expect(await refused([])).toEqual(['VALIDATION_ERROR'])
    expect(await refused([ids[0]!, Buffer.from(`User:${crypto.randomUUID()}`).toString('base64url')])).toEqual([
      'NOT_FOUND',
    ])
    expect(await refused([ids[0]!, 'strange'])).toEqual(['NOT_FOUND'])
    // The same one a thousand times is one.
    const one = await Reader.open(
      ann,
      PresenceEventsDocument,
      { userIds: Array.from({ length: 2_000 }, () => ids[0]!) },
      (data) => data.presenceEvents,
    )
    await one.waitForCount(1)
  })

  test('strangers see nobody, whatever their role, without an error that tells', async () => {
    const [ann, ben, boss, staff] = (await signUpPeople(database, here, 4)) as [Person, Person, Person, Person]
    await database.query("UPDATE users SET role = 'ADMIN' WHERE id = $1", [uuidOf(boss.id)])
    await database.query("UPDATE users SET role = 'STAFF' WHERE id = $1", [uuidOf(staff.id)])
    await heartbeat(ann, 'ONLINE')
    for (const stranger of [ben, boss, staff]) {
      const reader = await followPresence(stranger.at(there), [ann])
      await reader.waitForCount(1)
      expect(await presenceOf(stranger.at(there), ann)).toEqual(offline)
      await heartbeat(ann, 'OFFLINE')
      expect(await presenceOf(stranger.at(there), ann)).toEqual(offline)
      await heartbeat(ann, 'ONLINE')
      expect(presencesOf(reader, ann)).toEqual([offline])
      await stranger.startDirect(ann)
      await reader.waitFor(({ presence }) => presence.status === 'ONLINE')
    }
  })

  test('CONTACTS are those with a direct conversation, and NOBODY is nobody: at once, in queries, events and lastSeenAt', async () => {
    const { ann, ben, group } = await two()
    const cleo = await signUp(there)
    await cleo.startDirect(ann)
    await heartbeat(ann, 'ONLINE')
    const readers = [await followPresence(ben, [ann]), await followPresence(cleo, [ann])]
    await Promise.all(readers.map((reader) => reader.waitForCount(1)))

    const { updateSettings: updated } = await updateSettings(ann, { presenceSharing: 'CONTACTS' })
    expect(updated.settings).toMatchObject({ presenceSharing: 'CONTACTS', invisible: false, readReceiptsEnabled: true })
    await readers[0]!.waitForCount(2)
    expect(presencesOf(readers[0]!, ann).at(-1)).toEqual(offline)
    expect(await presenceOf(ben, ann)).toEqual(offline)
    expect(await presenceOf(cleo, ann)).toMatchObject({ status: 'ONLINE' })

    await updateSettings(ann, { presenceSharing: 'NOBODY' })
    await readers[1]!.waitForCount(2)
    expect(presencesOf(readers[1]!, ann).at(-1)).toEqual(offline)
    expect(await presenceOf(cleo, ann)).toEqual(offline)
    // Oneself sees how it is.
    expect(await presenceOf(ann, ann)).toMatchObject({ status: 'ONLINE' })

    // Nor do others see when they were last here.
    const gone = await heartbeat(ann, 'OFFLINE')
    expect(gone.lastSeenAt).not.toBeNull()
    for (const other of [ben, cleo]) expect(await presenceOf(other, ann)).toEqual(offline)
    await updateSettings(ann, { presenceSharing: 'CONTACTS' })
    await readers[1]!.waitForCount(3)
    expect(presencesOf(readers[1]!, ann).at(-1)).toEqual(gone)
    expect(await presenceOf(cleo, ann)).toEqual(gone)
    expect(await presenceOf(ben, ann)).toEqual(offline)
    await updateSettings(ann, { presenceSharing: 'EVERYONE' })
    await readers[0]!.waitForCount(3)
    expect(await presenceOf(ben, ann)).toEqual(gone)
    // Through the members of their group as well.
    const members = `query ($id: ID!) { conversation(id: $id) { members { nodes { user { id presence { lastSeenAt } } } } } }`
    const { data } = await ask(ben, members, { id: group })
    expect(JSON.stringify(data)).toContain(gone.lastSeenAt)
    for (const [index, reader] of readers.entries()) expect(reader.events.length, String(index)).toBe(3)
  })

  test('who is invisible looks like one who left then, and nothing they do moves that', async () => {
    const { ann, ben } = await two()
    await heartbeat(ann, 'ONLINE')
    const reader = await followPresence(ben, [ann])
    await reader.waitForCount(1)
    await updateSettings(ann, { invisible: true })
    await reader.waitForCount(2)
    const left = presencesOf(reader, ann).at(-1)
    expect(left).toMatchObject({ status: 'OFFLINE', device: null })
    expect(Math.abs(Date.parse(left?.lastSeenAt ?? '') - Date.now())).toBeLessThan(5_000)
    expect(await presenceOf(ann, ann)).toMatchObject({ status: 'ONLINE' })

    await updateSettings(ann, { invisible: true })
    await heartbeat(ann, 'AWAY')
    await heartbeat(ann, 'OFFLINE')
    await heartbeat(ann, 'ONLINE')
    await heartbeat(ann, 'OFFLINE')
    expect(await presenceOf(ben, ann)).toEqual(left)
    // Nor does what was written of it meanwhile, or what is left of it in Redis afterwards.
    const [row] = await database.query('SELECT last_seen_at FROM users WHERE id = $1', [uuidOf(ann.id)])
    expect((row?.last_seen_at as Date).toISOString()).toBe(left?.lastSeenAt)
    await updateSettings(ann, { invisible: false })
    expect(await presenceOf(ben, ann)).toEqual(left)

    await updateSettings(ann, { invisible: true })
    await heartbeat(ann, 'ONLINE')
    expect(await presenceOf(ben, ann)).toEqual(left)
    await updateSettings(ann, { invisible: false })
    await reader.waitForCount(3)
    expect(statusesOf(reader, ann)).toEqual(['ONLINE', 'OFFLINE', 'ONLINE'])
  })

  test('who comes to share a conversation is seen from then on, and who no longer does is not', async () => {
    const [ann, ben, cleo] = (await signUpPeople(database, here, 3)) as [Person, Person, Person]
    for (const person of [ann, ben, cleo]) await heartbeat(person, 'ONLINE')
    const readers = [await followPresence(ben.at(there), [ann, cleo]), await followPresence(cleo.at(there), [ann, ben])]
    await Promise.all(readers.map((reader) => reader.waitForCount(2)))
    const [ofBen, ofCleo] = readers as [(typeof readers)[0], (typeof readers)[0]]

    const group = await ann.createGroup([ben])
    await ofBen.waitForCount(3)
    const add = `mutation ($id: ID!, $userIds: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $userIds }) { __typename } }`
    await ask(ann, add, { id: group, userIds: [cleo.id] })
    await ofBen.waitForCount(4)
    await ofCleo.waitForCount(4)
    const remove = `mutation ($id: ID!, $userId: ID!) { removeMember(input: { conversationId: $id, userId: $userId }) { __typename } }`
    await ask(ann, remove, { id: group, userId: ben.id })
    await ofBen.waitForCount(6)
    await ofCleo.waitForCount(5)
    await ask(cleo, `mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { __typename } }`, {
      id: group,
    })
    await ofCleo.waitForCount(6)
    expect(statusesOf(ofBen, ann)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    expect(statusesOf(ofBen, cleo)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    expect(statusesOf(ofCleo, ann)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    expect(statusesOf(ofCleo, ben)).toEqual(['OFFLINE', 'ONLINE', 'OFFLINE'])
    expect(readers.flatMap(({ events }) => events).every(({ presence }) => presence.lastSeenAt === null)).toBe(true)
  })

  test('the end of a session takes its devices along at once, and ends its subscription; a removed one says nothing', async () => {
    const { ann, ben } = await two()
    const laptop = await signUp(here)
    await laptop.startDirect(ben)
    await heartbeat(laptop, 'ONLINE', 'by http')
    const socket = await openSocket(laptop.on('by socket', 'DESKTOP', there))
    const reader = await followPresence(ben, [laptop])
    await reader.waitForCount(1)
    const own = await followPresence(laptop, [ann])
    await ask(laptop, 'mutation { logout }')
    await reader.waitFor(({ presence }) => presence.status === 'OFFLINE')
    expect(await socket.closed).toBe(4401)
    expect(await own.waitForEnd()).toEqual({ closeCode: 4401 })
    const input = { deviceId: 'by http', kind: 'WEB', status: 'ONLINE' }
    const query = 'mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { status } }'
    expectErrors(await ask(laptop, query, { input }), 'UNAUTHENTICATED')
    expectErrors(await ask(here, query, { input }), 'UNAUTHENTICATED')
    expectErrors(
      await askSocket(there, 'subscription { presenceEvents(userIds: []) { user { id } } }'),
      'UNAUTHENTICATED',
    )
    expect(await presenceOf(ben, laptop)).toMatchObject({ status: 'OFFLINE' })
  })

  test('a session without a socket takes its devices along as well', async () => {
    const { ben } = await two()
    const dora = await signUp(here)
    await dora.startDirect(ben)
    await heartbeat(dora, 'ONLINE', 'by http')
    await seesSoon(ben, dora, { status: 'ONLINE' })
    await ask(dora, 'mutation { logout }')
    await seesSoon(ben, dora, { status: 'OFFLINE', device: null })
    expect((await presenceOf(ben, dora)).lastSeenAt).not.toBeNull()
  })

  test('devices of unknown kinds and unsuitable names are refused', async () => {
    const { ann } = await two()
    const query = 'mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { status } }'
    const good = { deviceId: 'd', kind: 'WEB', status: 'ONLINE' }
    for (const wrong of [
      { kind: 'FRIDGE' },
      { kind: '__proto__' },
      { kind: null },
      { status: 'BUSY' },
      { deviceId: '' },
      { deviceId: 'x'.repeat(65) },
      { deviceId: 'a\0b' },
      { deviceId: '\ud800' },
      { deviceId: null },
    ]) {
      expectErrors(await ask(ann, query, { input: { ...good, ...wrong } }), 'VALIDATION_ERROR')
    }
    const [error] = expectErrors(await ask(ann, query, { input: { ...good, deviceId: '' } }), 'VALIDATION_ERROR')
    const reason = expect.stringContaining('1 to 64') as string
    expect(error?.extensions.fields).toEqual([{ path: ['input', 'deviceId'], reason }])
    expect(await presenceOf(ann, ann)).toEqual(offline)
    const { heartbeat: fine } = await ann.client.request(HeartbeatDocument, {
      input: { deviceId: '📱|ONLINE|9|\n'.repeat(4), kind: 'MOBILE', status: 'AWAY' },
    })
    expect(fine).toEqual({ status: 'AWAY', device: 'MOBILE', lastSeenAt: null })
  })

  test('when somebody was last seen is written without waiting for who else writes to them, and is not lost by that', async () => {
    const [ann, ben] = (await signUpPeople(database, here, 2)) as [Person, Person]
    const written = async (person: Person) => {
      const [row] = await database.query('SELECT last_seen_at AS at FROM users WHERE id = $1', [uuidOf(person.id)])
      return (row?.at as Date | null)?.toISOString() ?? null
    }
    await heartbeat(ann, 'ONLINE')
    await heartbeat(ben, 'ONLINE')
    const held = await holdRows(database, 'SELECT FROM users WHERE id = $1 FOR UPDATE', [uuidOf(ann.id)])
    const { lastSeenAt: annLeft } = await heartbeat(ann, 'OFFLINE')
    const { lastSeenAt: benLeft } = await heartbeat(ben, 'OFFLINE')
    await expect.poll(() => written(ben)).toBe(benLeft)
    expect(await written(ann)).toBeNull()
    expect(await presenceOf(ann, ann)).toMatchObject({ lastSeenAt: annLeft })
    await held.release()
    await expect.poll(() => written(ann), { timeout: 5_000 }).toBe(annLeft)
    expect(annLeft).not.toBeNull()
  })

  test('an erased person is seen by nobody, and nothing is left of when they were here', async () => {
    const { ann, ben } = await two()
    const boss = await signUp(here)
    await database.query("UPDATE users SET role = 'ADMIN' WHERE handle = $1", [boss.handle])
    const dora = await signUp(there)
    await dora.startDirect(ben)
    await heartbeat(dora, 'ONLINE')
    await updateSettings(dora, { presenceSharing: 'CONTACTS' })
    const reader = await followPresence(ben, [dora])
    await reader.waitForCount(1)
    // The ADMIN's session knows its role from its next look on.
    await expect
      .poll(
        async () =>
          (await ask(boss, 'mutation ($id: ID!) { eraseUser(input: { userId: $id }) { __typename } }', { id: dora.id }))
            .data,
      )
      .toMatchObject({ eraseUser: { __typename: 'EraseUserSuccess' } })
    await reader.waitForCount(2)
    expect(presencesOf(reader, dora).at(-1)).toEqual(offline)
    expect(await presenceOf(ben, dora)).toEqual(offline)
    const rows = await database.query(
      `SELECT presence_sharing, invisible, last_seen_at FROM users WHERE erased_at IS NOT NULL`,
    )
    expect(rows).toEqual([{ presence_sharing: 'EVERYONE', invisible: false, last_seen_at: null }])
    expect(await presenceOf(ann, ann)).toEqual(offline)
  })
})
