import { beforeAll, describe, expect, test } from 'vitest'
import {
  LoginDocument,
  RefreshSessionDocument,
  SuspendUserDocument,
  UnsuspendUserDocument,
  type SuspendUserInput,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors } from '../testkit/api.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { connect, expectType, newKey, Person, signUp } from '../testkit/person.ts'
import { heartbeat, presenceOf, seesSoon } from '../testkit/presence.ts'
import { untilReadiness } from '../testkit/proxied.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { subscribeBySse } from '../testkit/sse.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

const password = 'correct horse battery'
const viewer = '{ viewer { user { handle } } }'
const events = 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }'

let pair: Pair
let redis: RedisServer
let admin: Person
beforeAll(async () => {
  redis = await startRedis()
  pair = await startPair({ redisUrl: redis.url })
  admin = await signUp(pair.urls[0], 'Admin')
  await setRole(pair.database, 'ADMIN', admin)
})

async function login(person: Person, url: string) {
  const input = { handle: person.handle, password }
  return (await connect(url, () => null).request(LoginDocument, { input })).login
}

const suspend = async (by: Person, person: Pick<Person, 'id'>, terms: Partial<SuspendUserInput> = {}) =>
  (await by.client.request(SuspendUserDocument, { input: { userId: person.id, ...terms } })).suspendUser
const unsuspend = async (by: Person, person: Pick<Person, 'id'>) =>
  (await by.client.request(UnsuspendUserDocument, { input: { userId: person.id } })).unsuspendUser

const audited = async (person: Person) =>
  (
    await pair.database.query<{ action: string }>(
      `SELECT action FROM audit_log WHERE subject_id = (SELECT id FROM users WHERE handle = $1) ORDER BY seq`,
      [person.handle],
    )
  ).map(({ action }) => action)

describe.each(['with Redis', 'without Redis'])('%s', (circumstances) => {
  test('who is suspended is out at once, in every process and by every way, and comes in by none', async () => {
    const [bad, friend] = [await signUp(pair.urls[0], 'Bad'), await signUp(pair.urls[1], 'Friend')]
    const second = new Person(expectType(await login(bad, pair.urls[1]), 'LoginSuccess').session, pair.urls[1])
    const conversation = await bad.startDirect(friend)
    const { message } = await bad.send(conversation, 'Stays')
    const places = [bad, second].flatMap((person) => pair.urls.map((url) => person.at(url)))
    const readers = await Promise.all(
      places.flatMap((place) => [place.conversationEvents(conversation, 0), place.inboxEvents()]),
    )
    const streams = await Promise.all(places.map((place) => subscribeBySse(place, events, { id: conversation })))
    const friends = await friend.conversationEvents(conversation, 0)
    if (circumstances === 'without Redis') {
      await redis.stop()
      for (const server of pair.servers) await untilReadiness(server, 'degraded')
    } else {
      await heartbeat(bad, 'ONLINE')
      await seesSoon(friend, bad, { status: 'ONLINE' }, 20_000)
    }
    try {
      expect(await suspend(admin, bad, { reason: 'Spam' })).toMatchObject({
        suspension: { reason: 'Spam', until: null, user: { id: bad.id } },
      })
      // Where it was done, nothing is answered from then on; elsewhere within the time that the documents say, 1 s.
      for (const place of [bad, second.at(pair.urls[0])]) expectErrors(await ask(place, viewer), 'UNAUTHENTICATED')
      for (const place of places) {
        const isOut = async () => (await ask(place, viewer)).errors?.[0]?.extensions.code
        await expect.poll(isOut, { timeout: 20_000, interval: 20 }).toBe('UNAUTHENTICATED')
      }
      for (const reader of readers) expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
      for (const stream of streams) expect(await stream.waitForEnd()).toBe('cut')
      for (const place of places) {
        const refused = await place.conversationEvents(conversation, 0)
        expect(await refused.waitForEnd()).toEqual({ closeCode: 4403 })
      }
      for (const [index, url] of pair.urls.entries()) {
        const { refreshToken } = [bad, second][index]!.session
        const again = await connect(url, () => null).request(RefreshSessionDocument, { input: { refreshToken } })
        expect(again.refreshSession).toMatchObject({ code: 'SESSION_EXPIRED' })
        const refused = await login(bad, url)
        expect(refused).toMatchObject({ __typename: 'AccountSuspendedError', code: 'ACCOUNT_SUSPENDED' })
        expect(refused).toMatchObject({ reason: expect.stringContaining('Spam') as string })
        // Nothing of it is told to who does not know the password.
        const wrong = { handle: bad.handle, password: 'not my password' }
        expect((await connect(url, () => null).request(LoginDocument, { input: wrong })).login).toMatchObject({
          code: 'INVALID_CREDENTIALS',
        })
      }
      // What they wrote stays, and others go on.
      await friend.send(conversation, 'Where are you?')
      await friends.waitForCount(2)
      const read = 'query ($id: ID!) { node(id: $id) { ... on Message { text sender { handle } } } }'
      expect((await ask(friend, read, { id: message.id })).data).toMatchObject({
        node: { text: 'Stays', sender: { handle: bad.handle } },
      })
      if (circumstances === 'with Redis') await seesSoon(friend, bad, { status: 'OFFLINE' }, 20_000)
      else expect(await presenceOf(friend, bad)).toMatchObject({ status: 'OFFLINE' })
      // Repeated it changes nothing, and taken back it lets them in, with a new session.
      await suspend(admin, bad, { reason: 'Spam' })
      expect(await unsuspend(admin, bad)).toMatchObject({ user: { id: bad.id } })
      await unsuspend(admin, bad)
      // Refused logins are noted together, a moment later.
      const noted = (await audited(bad)).filter((action) => action !== 'session.refused')
      expect(noted).toEqual(['session.opened', 'session.opened', 'user.suspended', 'user.unsuspended'])
      await expect.poll(() => audited(bad), { timeout: 20_000 }).toContain('session.refused')
      for (const place of places) expectErrors(await ask(place, viewer), 'UNAUTHENTICATED')
      const { session } = expectType(await login(bad, pair.urls[0]), 'LoginSuccess')
      await new Person(session, pair.urls[1]).send(conversation, 'Here again')
    } finally {
      if (circumstances === 'without Redis') {
        redis = await startRedis(redis.port)
        for (const server of pair.servers) await untilReadiness(server, 'ok')
      }
    }
  })
})

test('of logins and a suspension at the same moment no session is left, in two processes', async () => {
  const bad = await signUp(pair.urls[0], 'Bad')
  for (let round = 0; round < 5; round++) {
    const logins = Array.from({ length: 6 }, (_, index) => login(bad, pair.urls[index % 2]!))
    const [answers] = await Promise.all([Promise.all(logins), suspend(admin, bad)])
    const opened = answers.flatMap((answer) => (answer.__typename === 'LoginSuccess' ? [answer.session] : []))
    expect(answers.length - opened.length).toBe(
      answers.filter(({ __typename }) => __typename === 'AccountSuspendedError').length,
    )
    for (const session of opened) {
      const isOut = async () =>
        (await ask(new Person(session, pair.urls[1]), viewer)).errors?.[0]?.extensions.code === 'UNAUTHENTICATED'
      await expect.poll(isOut, { timeout: 20_000, interval: 20 }).toBe(true)
    }
    expect(
      await pair.database.query(
        `SELECT FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.handle = $1 AND s.revoked_at IS NULL`,
        [bad.handle],
      ),
    ).toHaveLength(0)
    await unsuspend(admin, bad)
  }
})

test('a suspension for a time ends by itself, and only an ADMIN makes one, of others alone, for a time to come', async () => {
  const [bad, staff, user] = await Promise.all([0, 1, 2].map(() => signUp(pair.urls[1])))
  await makeStaff(pair.database, staff!)
  for (const person of [staff!, user!]) {
    expect(await suspend(person, bad!)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await unsuspend(person, bad!)).toMatchObject({ code: 'FORBIDDEN' })
  }
  expectErrors(await ask(user!, '{ suspensions { nodes { reason } } }'), 'FORBIDDEN')
  expect(await suspend(admin, admin)).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect(await suspend(admin, bad!, { until: new Date(Date.now() - 1000).toISOString() })).toMatchObject({
    code: 'VALIDATION_ERROR',
  })
  expect(await suspend(admin, bad!, { reason: ' ' })).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect(await suspend(admin, { id: Buffer.from('User:x').toString('base64url') })).toMatchObject({ code: 'NOT_FOUND' })
  const until = new Date(Date.now() + 3_600_000).toISOString()
  expect(await suspend(admin, bad!, { until })).toMatchObject({ suspension: { until, reason: null } })
  expect(await login(bad!, pair.urls[0])).toMatchObject({ __typename: 'AccountSuspendedError' })
  const listed = await ask<{ suspensions: { nodes: object[] } }>(
    admin,
    '{ suspensions(first: 1) { nodes { until by { id } user { handle } } pageInfo { hasNextPage endCursor } } }',
  )
  expect(listed.data?.suspensions.nodes).toEqual([{ until, by: { id: admin.id }, user: { handle: bad!.handle } }])
  await pair.database.query("UPDATE users SET suspended_until = now() - interval '1 s' WHERE handle = $1", [
    bad!.handle,
  ])
  expectType(await login(bad!, pair.urls[0]), 'LoginSuccess')
})

test('somebody of the staff who is suspended is responsible for nothing any more, and can be made so by nobody', async () => {
  const [staff, user] = await Promise.all([0, 1].map(() => signUp(pair.urls[0])))
  await makeStaff(pair.database, staff!)
  const open =
    'mutation ($k: String!) { openSupport(input: { opKey: $k }) { ... on OpenSupportSuccess { conversation { id } } } }'
  const opened = await ask<{ openSupport: { conversation: { id: string } } }>(user!, open, { k: newKey() })
  const id = opened.data!.openSupport.conversation.id
  const assign = `mutation ($id: ID!, $userId: ID) { assignSupport(input: { conversationId: $id, userId: $userId }) {
    __typename ... on Error { code } } }`
  const assigned = async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { assignee { id } } }'
    return (await ask(admin, query, { id })).data
  }
  await ask(admin, assign, { id, userId: staff!.id })
  expect(await assigned()).toEqual({ conversation: { assignee: { id: staff!.id } } })
  await suspend(admin, staff!)
  expect(await assigned()).toEqual({ conversation: { assignee: null } })
  const refused = await ask(admin, assign, { id, userId: staff!.id })
  expect(refused.data).toMatchObject({ assignSupport: { code: 'VALIDATION_ERROR' } })
})
