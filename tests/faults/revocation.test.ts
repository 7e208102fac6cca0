import { beforeAll, describe, expect, test } from 'vitest'
import {
  LeaveConversationDocument,
  LoginDocument,
  LogoutDocument,
  RefreshSessionDocument,
  RemoveMemberDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, expectSubstance } from '../testkit/api.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { connect, expectType, Person, signUp } from '../testkit/person.ts'
import { untilReadiness } from '../testkit/proxied.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { subscribeBySse } from '../testkit/sse.ts'

/** What the API promises, whoever lost access gets nothing more after 2 s in any process, with room for a machine that is busy with other things. */
const boundMs = 10_000
const password = 'correct horse battery'
const viewer = '{ viewer { user { handle } } }'
const events = 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }'
const changePassword = `mutation ($current: String!, $new: String!) {
  changePassword(input: { currentPassword: $current, newPassword: $new }) {
    __typename ... on ChangePasswordSuccess { user { id } } ... on Error { code reason }
    ... on ValidationError { fields { path } } } }`

let pair: Pair
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  pair = await startPair({ redisUrl: redis.url })
})

async function login(person: Person, url: string, secretWord = password) {
  const input = { handle: person.handle, password: secretWord }
  return (await connect(url, () => null).request(LoginDocument, { input })).login
}

/** Another session of the same person. */
async function anotherSession(person: Person): Promise<Person> {
  return new Person(expectType(await login(person, person.url), 'LoginSuccess').session, person.url)
}

async function passwordChange(person: Person, current: string, next: string) {
  const answer = await ask<{ changePassword: object }>(person, changePassword, { current, new: next })
  return answer.data?.changePassword
}

/** A person with a session in use in both processes, in every way there is: sockets, streams, requests. */
async function inUse(person: Person, conversationId: string) {
  const places = pair.urls.map((url) => person.at(url))
  const readers = await Promise.all(
    places.flatMap((place) => [place.conversationEvents(conversationId, 0), place.inboxEvents()]),
  )
  const streams = await Promise.all(places.map((place) => subscribeBySse(place, events, { id: conversationId })))
  const isLive = () => Promise.all(places.map(async (place) => (await ask(place, viewer)).errors === undefined))
  expect(await isLive()).toEqual([true, true])
  return {
    /** Everything of this session ends within the bound, counted from when it is called. */
    async expectEnded() {
      const startedAtMs = performance.now()
      for (const reader of readers) expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
      for (const stream of streams) expect(await stream.waitForEnd()).toBe('cut')
      await expect.poll(isLive, { interval: 20 }).toEqual([false, false])
      expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
      for (const place of places) {
        expectErrors(await ask(place, viewer), 'UNAUTHENTICATED')
        const refused = await place.conversationEvents(conversationId, 0)
        expect(await refused.waitForEnd()).toEqual({ closeCode: 4403 })
      }
    },
    async expectGoesOn() {
      expect(await isLive()).toEqual([true, true])
      for (const { ended } of [...readers, ...streams]) expect(ended).toBeNull()
    },
  }
}

const sessionIdOf = (person: Person) => {
  const claims = Buffer.from(person.session.accessToken.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(claims) as { sid: string }).sid
}

/** Each ends the session it is given, in the first process or in the database. */
const endings: [string, (ended: Person, own: Person) => Promise<unknown>][] = [
  ['a logout', (ended) => ended.client.request(LogoutDocument, {})],
  ['a new password', (_, own) => passwordChange(own, password, 'another horse battery')],
  [
    'a row that is deleted from the database',
    (ended) => pair.database.query('DELETE FROM sessions WHERE id = $1', [sessionIdOf(ended)]),
  ],
  [
    'the use of a refresh token whose successor was used',
    async (ended) => {
      const refresh = async (refreshToken: string) =>
        (await ended.client.request(RefreshSessionDocument, { input: { refreshToken } })).refreshSession
      const { refreshToken } = ended.session
      const first = expectType(await refresh(refreshToken), 'RefreshSessionSuccess')
      expectType(await refresh(first.session.refreshToken), 'RefreshSessionSuccess')
      expectType(await refresh(refreshToken), 'SessionExpiredError')
    },
  ],
]

describe.each(['with Redis', 'without Redis'])('%s', (circumstances) => {
  test.each(endings)('%s ends everything of that session in all processes, and of no other', async (_, end) => {
    const own = await signUp(pair.urls[0])
    const ended = await anotherSession(own)
    const conversation = await own.startDirect(await signUp(pair.urls[1]))
    const [endedUses, ownUses] = [await inUse(ended, conversation), await inUse(own, conversation)]
    if (circumstances === 'without Redis') {
      await redis.stop()
      for (const server of pair.servers) await untilReadiness(server, 'degraded')
    }
    try {
      await end(ended, own)
      await endedUses.expectEnded()
      await ownUses.expectGoesOn()
    } finally {
      if (circumstances === 'without Redis') {
        redis = await startRedis(redis.port)
        for (const server of pair.servers) await untilReadiness(server, 'ok')
      }
    }
  })

  const leavings: [string, (owner: Person, member: Person, conversationId: string) => Promise<unknown>][] = [
    [
      'leaves',
      (_, member, conversationId) => member.client.request(LeaveConversationDocument, { input: { conversationId } }),
    ],
    [
      'is removed',
      (owner, member, conversationId) =>
        owner.client.request(RemoveMemberDocument, { input: { conversationId, userId: member.id } }),
    ],
  ]
  test.each(leavings)('who %s gets nothing more of that conversation, in any process', async (_, leave) => {
    const [owner, member] = [await signUp(pair.urls[0]), await signUp(pair.urls[0])]
    const conversation = await owner.createGroup([member])
    const places = pair.urls.map((url) => member.at(url))
    const readers = await Promise.all(places.map((place) => place.conversationEvents(conversation, 0)))
    const inboxes = await Promise.all(places.map((place) => place.inboxEvents()))
    const streams = await Promise.all(places.map((place) => subscribeBySse(place, events, { id: conversation })))
    await owner.send(conversation, 'Before')
    for (const inbox of inboxes) await inbox.waitForCount(1)
    if (circumstances === 'without Redis') {
      await redis.stop()
      for (const server of pair.servers) await untilReadiness(server, 'degraded')
    }
    try {
      await leave(owner, member, conversation)
      const startedAtMs = performance.now()
      for (const person of [owner, owner.at(pair.urls[1])]) await person.send(conversation, 'Not for you')
      for (const reader of readers) {
        expect(await reader.waitForEnd()).toBe('completed')
        expect(reader.events.at(-1)).toMatchObject({ __typename: 'MemberLeft' })
      }
      for (const stream of streams) expect(await stream.waitForEnd()).toBe('completed')
      expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
      for (const place of places) {
        const { data } = await ask(place, 'query ($id: ID!) { conversation(id: $id) { id } }', { id: conversation })
        expect(data).toEqual({ conversation: null })
        const refused = await place.conversationEvents(conversation, 0)
        expect(await refused.waitForEnd()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
      }
      // Their inbox goes on, without it.
      const direct = await owner.startDirect(member)
      await owner.send(direct, 'For you')
      for (const inbox of inboxes) {
        await inbox.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'For you')
        expect(JSON.stringify(inbox.events)).not.toContain('Not for you')
      }
      for (const reader of readers) expect(JSON.stringify(reader.events)).not.toContain('Not for you')
    } finally {
      if (circumstances === 'without Redis') {
        redis = await startRedis(redis.port)
        for (const server of pair.servers) await untilReadiness(server, 'ok')
      }
    }
  })
})

describe('a new password', () => {
  const next = 'another horse battery'

  test('counts from then on, in every process, and the old one is refused', async () => {
    const person = await signUp(pair.urls[0])
    expect(await passwordChange(person, password, next)).toEqual({
      __typename: 'ChangePasswordSuccess',
      user: { id: person.id },
    })
    for (const url of pair.urls) {
      expectType(await login(person, url), 'InvalidCredentialsError')
      expectType(await login(person, url, next), 'LoginSuccess')
      expect((await ask(person.at(url), viewer)).errors).toBeUndefined()
    }
  })

  test('may be asked for again when the answer was lost, and nothing more happens', async () => {
    const person = await signUp(pair.urls[0])
    const done = { __typename: 'ChangePasswordSuccess', user: { id: person.id } }
    expect(await passwordChange(person, password, next)).toEqual(done)
    // A session from after the first request goes on.
    const later = expectType(await login(person, pair.urls[1], next), 'LoginSuccess').session
    expect(await passwordChange(person.at(pair.urls[1]), password, next)).toEqual(done)
    expect((await ask(new Person(later, pair.urls[1]), viewer)).errors).toBeUndefined()
    expect(await passwordChange(person, password, 'a third horse battery')).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    })
    expectType(await login(person, pair.urls[0], next), 'LoginSuccess')
  })

  test('is refused with a wrong current one, and when it is weak, and then nothing has changed', async () => {
    const person = await signUp(pair.urls[0])
    const uses = await inUse(await anotherSession(person), await person.startDirect(await signUp(pair.urls[0])))
    const wrong = await passwordChange(person, 'not my password', next)
    expect(wrong).toMatchObject({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' })
    for (const weak of ['1234567', '', 'p'.repeat(257)]) {
      const refused = (await passwordChange(person, password, weak)) as { reason: string }
      expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_ERROR' })
      expect(refused).toMatchObject({ fields: [{ path: ['input', 'newPassword'] }] })
      expectSubstance(refused.reason)
    }
    expectType(await login(person, pair.urls[1]), 'LoginSuccess')
    await uses.expectGoesOn()
    expectErrors(await ask(person.url, changePassword, { current: password, new: next }), 'UNAUTHENTICATED')
  })
})
