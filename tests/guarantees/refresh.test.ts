import { request } from 'node:http'
import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { LoginDocument, LogoutDocument, RefreshSessionDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors } from '../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { connect, expectType, Person, signUp } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const password = 'correct horse battery'
const byCookie = `mutation { refreshSession {
  __typename ... on RefreshSessionSuccess { session { accessToken accessTokenExpiresAt refreshToken } } } }`

// Of the process itself: five minutes fast, as a machine without NTP may be.
const fastClock = `data:text/javascript,const now = Date.now; Date.now = () => now() + 300_000`

let database: TestDatabase
let server: ServerProcess
let other: ServerProcess
/** Its clock is fast. */
let fast: ServerProcess
const start = (env: Record<string, string> = {}) => startServer({ databaseUrl: database.url, env })
beforeAll(async () => {
  database = await createTestDatabase()
  ;[server, other] = await Promise.all([start(), start()])
})
beforeAll(async () => {
  fast = await start({ NODE_OPTIONS: `--import="${fastClock}"` })
})

async function refresh(refreshToken: string, { url } = server) {
  return (await connect(url, () => null).request(RefreshSessionDocument, { input: { refreshToken } })).refreshSession
}

async function refreshed(refreshToken: string, at = server) {
  const { session } = expectType(await refresh(refreshToken, at), 'RefreshSessionSuccess')
  return session
}

const expectRefused = async (refreshToken: string, at = server) =>
  expect((await refresh(refreshToken, at)).__typename).toBe('SessionExpiredError')

interface Pair {
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string
}

const pairOf = ({ accessToken, accessTokenExpiresAt, refreshToken }: Pair): Pair => ({
  accessToken,
  accessTokenExpiresAt,
  refreshToken,
})

/** As a browser does it: the answer's pair, and the header that sets the next cookie. */
async function refreshByCookie(refreshToken: string, { url } = server) {
  const headers = { cookie: `parley_refresh=${refreshToken}` }
  const answer = await ask<{ refreshSession: { session?: Pair } }>(url, byCookie, {}, { headers })
  return { pair: answer.data?.refreshSession.session, cookie: answer.headers.get('set-cookie') }
}

const sessionIdOf = (person: Person) => decodeJwt(person.session.accessToken).sid
const isLive = async (person: Person) => (await ask(person, '{ viewer { user { id } } }')).errors === undefined

async function tokensOf(person: Person) {
  const [row] = await database.query<{ all: number; exchanged: number }>(
    `SELECT count(*)::int AS all, count(rotated_at)::int AS exchanged FROM refresh_tokens WHERE session_id = $1`,
    [sessionIdOf(person)],
  )
  return row
}

/** As if the exchanges of this person's tokens had been so much longer ago; less than nothing for later. */
async function ago(person: Person, interval: string) {
  const sql = 'UPDATE refresh_tokens SET rotated_at = rotated_at - $2::interval WHERE session_id = $1'
  await database.query(sql, [sessionIdOf(person), interval])
}

async function changePassword(person: Person) {
  const input = { currentPassword: password, newPassword: 'another horse battery' }
  const query = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }`
  const { data } = await ask(person, query, { input })
  expect(data).toEqual({ changePassword: { __typename: 'ChangePasswordSuccess' } })
}

/** That its owner and a thief are out, on every process, with their sockets. */
async function expectRevoked(person: Person, sockets: Awaited<ReturnType<Person['inboxEvents']>>[] = []) {
  for (const socket of sockets) expect(await socket.waitForEnd()).toEqual({ closeCode: 4401 })
  for (const each of [person, person.at(other.url)]) {
    await vi.waitFor(async () => expectErrors(await ask(each, '{ viewer { user { id } } }'), 'UNAUTHENTICATED'), 5_000)
  }
}

describe('a refresh token that is shown again within the window', () => {
  test('by two tabs at the same moment, in two processes, gives both the same pair and the same cookie', async () => {
    const person = await signUp(server.url)
    let { refreshToken } = person.session
    for (let round = 1; round <= 10; round++) {
      const [here, there, fromFastClock] = await Promise.all([
        refreshByCookie(refreshToken),
        refreshByCookie(refreshToken, other),
        refreshByCookie(refreshToken, fast),
      ])
      if (!here.pair) throw new Error('not refreshed')
      expect(here.cookie).toMatch(/^parley_refresh=[^;]+; Max-Age=604800;/)
      expect(here.cookie).toContain(here.pair.refreshToken)
      expect(there).toEqual(here)
      expect(fromFastClock).toEqual(here)
      expect(here.pair.refreshToken).not.toBe(refreshToken)
      expect(await tokensOf(person)).toEqual({ all: round + 1, exchanged: round })
      ;({ refreshToken } = here.pair)
    }
    expect(await isLive(person.at(other.url))).toBe(true)
  })

  test('because the answer was lost gives that answer', async () => {
    const person = await signUp(server.url)
    // A network that takes what is sent and brings nothing back.
    const sent = request(server.url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    sent.on('error', () => undefined)
    sent.on('response', (response) => response.destroy())
    sent.end(
      JSON.stringify({
        query: byCookie.replace(
          'refreshSession',
          `refreshSession(input: { refreshToken: "${person.session.refreshToken}" })`,
        ),
      }),
    )
    await vi.waitFor(async () => expect(await tokensOf(person)).toEqual({ all: 2, exchanged: 1 }), 10_000)
    sent.destroy()

    const again = await refreshed(person.session.refreshToken, other)
    expect(await tokensOf(person)).toEqual({ all: 2, exchanged: 1 })
    for (const at of [server, other, fast]) {
      expect(pairOf(await refreshed(person.session.refreshToken, at))).toEqual(pairOf(again))
    }
    expect(await isLive(new Person(again, server.url))).toBe(true)
    const next = await refreshed(again.refreshToken)
    expect(next.refreshToken).not.toBe(again.refreshToken)
    expect(await tokensOf(person)).toEqual({ all: 3, exchanged: 2 })
  })

  test('counts from the exchange, by the clock of the database, and is not prolonged by being used', async () => {
    const person = await signUp(server.url)
    const socket = await person.inboxEvents()
    const pair = await refreshed(person.session.refreshToken)
    // Twice within it, and then no longer.
    for (const at of [other, fast]) {
      await ago(person, '14 s')
      expect(pairOf(await refreshed(person.session.refreshToken, at))).toEqual(pairOf(pair))
    }
    expect(await isLive(person)).toBe(true)
    await ago(person, '3 s')
    await expectRefused(person.session.refreshToken)
    await expectRefused(pair.refreshToken, other)
    await expectRevoked(person, [socket])
  })

  test('holds when the clock of the database was set back a little, and not when it was by much', async () => {
    const person = await signUp(server.url)
    const pair = await refreshed(person.session.refreshToken)
    await ago(person, '-5 s')
    expect(pairOf(await refreshed(person.session.refreshToken))).toEqual(pairOf(pair))
    await ago(person, '-1 h')
    await expectRefused(person.session.refreshToken)
    await expectRevoked(person)
  })

  test('is taken at the very end of its seven days as well', async () => {
    const person = await signUp(server.url)
    const pair = await refreshed(person.session.refreshToken)
    const sql = `UPDATE refresh_tokens SET expires_at = now() WHERE session_id = $1 AND rotated_at IS NOT NULL`
    await database.query(sql, [sessionIdOf(person)])
    expect(pairOf(await refreshed(person.session.refreshToken))).toEqual(pairOf(pair))
    // Afterwards it is one of the many that are just old.
    await ago(person, '1 min')
    await expectRefused(person.session.refreshToken)
    expect(await isLive(person)).toBe(true)
  })
})

describe('the whole session is over, with its sockets on every process, when a refresh token is shown again', () => {
  test('after the window', async () => {
    const person = await signUp(server.url)
    const sockets = await Promise.all([person.inboxEvents(), person.at(other.url).inboxEvents()])
    const { refreshToken } = await refreshed(person.session.refreshToken)
    await ago(person, '31 s')
    // Somebody has a copy of the first token.
    await expectRefused(person.session.refreshToken)
    await expectRefused(refreshToken, other)
    await expectRevoked(person, sockets)
    // Another login of the person is another session.
    const client = connect(server.url, () => null)
    const { login } = await client.request(LoginDocument, { input: { handle: person.handle, password } })
    expectType(login, 'LoginSuccess')
  })

  test('after its successor was exchanged in its turn, however short the time', async () => {
    const person = await signUp(server.url)
    const sockets = await Promise.all([person.inboxEvents(), person.at(other.url).inboxEvents()])
    const second = await refreshed(person.session.refreshToken)
    const third = await refreshed(second.refreshToken)
    await expectRefused(person.session.refreshToken, other)
    for (const { refreshToken } of [person.session, second, third]) await expectRefused(refreshToken)
    await expectRevoked(person, sockets)
  })

  test('at the same moment as its successor: the one that is late ends it, or the early one is repeated', async () => {
    for (let round = 0; round < 10; round++) {
      const person = await signUp(server.url)
      const second = await refreshed(person.session.refreshToken)
      const [replayed, third] = await Promise.all([
        refresh(person.session.refreshToken, other),
        refresh(second.refreshToken),
      ])
      if (replayed.__typename === 'RefreshSessionSuccess') {
        expect(pairOf(replayed.session)).toEqual(pairOf(second))
        expect(third.__typename).toBe('RefreshSessionSuccess')
      } else await expectRefused(second.refreshToken)
      // Never a third pair beside the two.
      expect((await tokensOf(person))?.all).toBe(3)
    }
  })

  test('after a password was changed in this very session', async () => {
    const person = await signUp(server.url)
    const { refreshToken } = await refreshed(person.session.refreshToken)
    await changePassword(person)
    await expectRefused(person.session.refreshToken)
    await expectRefused(refreshToken)
    await expectRevoked(person)
  })

  test('where the window is turned off', async () => {
    const person = await signUp(server.url)
    const { refreshToken } = await refreshed(person.session.refreshToken)
    const strict = await start({ REFRESH_REPEAT_WINDOW_MS: '0' })
    await expectRefused(person.session.refreshToken, strict)
    await expectRefused(refreshToken)
    await expectRevoked(person)
  })
})

describe('nothing is given for a refresh token that is shown again', () => {
  test('after the logout', async () => {
    const person = await signUp(server.url)
    const { refreshToken } = await refreshed(person.session.refreshToken)
    await person.client.request(LogoutDocument, {})
    for (const at of [server, other]) {
      await expectRefused(person.session.refreshToken, at)
      await expectRefused(refreshToken, at)
    }
    expect(await tokensOf(person)).toEqual({ all: 2, exchanged: 1 })
  })

  test('after the password was changed on another device', async () => {
    const person = await signUp(server.url)
    const client = connect(server.url, () => null)
    const { login } = await client.request(LoginDocument, { input: { handle: person.handle, password } })
    const phone = new Person(expectType(login, 'LoginSuccess').session, other.url)
    await refreshed(person.session.refreshToken)
    await changePassword(phone)
    for (const at of [server, other]) await expectRefused(person.session.refreshToken, at)
    await expectRevoked(person)
    expect(await isLive(phone)).toBe(true)
  })

  test('to a process with another secret, which could only make up a third pair; the session goes on', async () => {
    const person = await signUp(server.url)
    const pair = await refreshed(person.session.refreshToken)
    const renamed = await start({ JWT_SECRET: 'another secret than the one of the others, long enough' })
    await expectRefused(person.session.refreshToken, renamed)
    expect(await tokensOf(person)).toEqual({ all: 2, exchanged: 1 })
    expect(pairOf(await refreshed(person.session.refreshToken))).toEqual(pairOf(pair))
    expect(await isLive(person)).toBe(true)
  })
})
