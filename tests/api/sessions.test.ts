import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import {
  LoginDocument,
  LogoutDocument,
  RefreshSessionDocument,
  RegisterDocument,
  RevokeSessionDocument,
  SessionsDocument,
  UpdateSettingsDocument,
  ViewerDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors, expectSubstance } from '../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { connect, expectType, newKey, Person, signUp } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const secret = 'the secret of this test file, which is long enough'
const password = 'correct horse battery'
const askViewer = '{ viewer { user { id handle } } }'
const refresh = `mutation ($token: String) { refreshSession(input: { refreshToken: $token }) {
  __typename ... on RefreshSessionSuccess { session { accessToken refreshToken } } ... on Error { code reason } } }`

let database: TestDatabase
let server: ServerProcess
let other: ServerProcess
beforeAll(async () => {
  database = await createTestDatabase()
  const options = { databaseUrl: database.url, env: { JWT_SECRET: secret } }
  ;[server, other] = await Promise.all([startServer(options), startServer(options)])
})

const anonymous = () => connect(server.url, () => null)
const handleOf = (prefix: string) => `${prefix}_${newKey().slice(0, 8)}`

async function register(input: { handle: string; displayName?: string; password?: string }) {
  const full = { displayName: 'Somebody', password, ...input }
  return (await anonymous().request(RegisterDocument, { input: full })).register
}

async function login(handle: string, secretWord = password) {
  return (await anonymous().request(LoginDocument, { input: { handle, password: secretWord } })).login
}

async function refreshBy(refreshToken: string, url = server.url) {
  const client = connect(url, () => null)
  return (await client.request(RefreshSessionDocument, { input: { refreshToken } })).refreshSession
}

const isLive = async (person: Person) => (await ask(person, askViewer)).errors === undefined

/** Signs another token with the claims of a session's, changed as the test needs it. */
function forge(person: Person, key: string, expiresInSeconds: number, claims: Record<string, unknown> = {}) {
  const nowSeconds = Math.floor(Date.now() / 1000)
  return new SignJWT({ ...decodeJwt(person.session.accessToken), ...claims, exp: nowSeconds + expiresInSeconds })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(key))
}

const withToken = (token: string) => ask(server.url, askViewer, {}, { headers: { authorization: `Bearer ${token}` } })

describe('registering', () => {
  test('gives a session whose token works at once, and a handle in lower case', async () => {
    const handle = handleOf('Ann')
    const { session } = expectType(await register({ handle, displayName: '  Ann Other ' }), 'RegisterSuccess')
    expect(session.user).toMatchObject({ handle: handle.toLowerCase(), displayName: 'Ann Other', avatarUrl: null })
    const validForMs = Date.parse(session.accessTokenExpiresAt) - Date.now()
    expect(validForMs).toBeGreaterThan(14 * 60_000)
    expect(validForMs).toBeLessThanOrEqual(15 * 60_000)
    const { viewer } = await new Person(session, server.url).client.request(ViewerDocument, {})
    expect(viewer).toMatchObject({
      user: session.user,
      cursor: { eventSeq: 0 },
      settings: { readReceiptsEnabled: true },
      unreadConversationCount: 0,
    })
  })

  test('refuses a handle that somebody has, in whatever case it is written', async () => {
    const handle = handleOf('bob')
    expectType(await register({ handle }), 'RegisterSuccess')
    for (const again of [handle, handle.toUpperCase()]) {
      const taken = expectType(await register({ handle: again }), 'HandleTakenError')
      expect(taken.code).toBe('HANDLE_TAKEN')
      expectSubstance(taken.reason)
    }
  })

  test('lets one of several who want the same handle at once have it', async () => {
    const handle = handleOf('race')
    const results = await Promise.all(Array.from({ length: 5 }, () => register({ handle })))
    expect(results.map((result) => result.__typename).sort()).toEqual([
      ...Array.from({ length: 4 }, () => 'HandleTakenError'),
      'RegisterSuccess',
    ])
  })

  test.each([
    ['a handle of two characters', { handle: 'ab' }, 'handle'],
    ['a handle of 33 characters', { handle: 'a'.repeat(33) }, 'handle'],
    ['a handle with a space', { handle: 'a b c' }, 'handle'],
    ['a handle with an umlaut', { handle: 'jürgen' }, 'handle'],
    ['a handle with a line end', { handle: 'abcd\n' }, 'handle'],
    ['an empty handle', { handle: '' }, 'handle'],
    ['an empty name', { displayName: '' }, 'displayName'],
    ['a name of spaces', { displayName: '   ' }, 'displayName'],
    ['a name of 65 characters', { displayName: 'n'.repeat(65) }, 'displayName'],
    ['a name with a NUL', { displayName: 'a\0b' }, 'displayName'],
    ['a name with a lone surrogate', { displayName: 'a\ud800b' }, 'displayName'],
    ['a password of seven characters', { password: '1234567' }, 'password'],
    ['a password of 257 characters', { password: 'p'.repeat(257) }, 'password'],
  ])('refuses %s, and says which field it was', async (_name, wrong, field) => {
    const input = { handle: handleOf('x'), displayName: 'X', password, ...wrong }
    const query = `mutation ($input: RegisterInput!) { register(input: $input) {
      __typename ... on ValidationError { code reason fields { path reason } } } }`
    const { data } = await ask<{ register: { reason: string } }>(server.url, query, { input })
    expect(data?.register).toMatchObject({
      __typename: 'ValidationError',
      code: 'VALIDATION_ERROR',
      fields: [{ path: ['input', field], reason: expect.any(String) as string }],
    })
    expectSubstance(data?.register.reason ?? '')
  })

  test('names all wrong fields at once', async () => {
    const input = { handle: '!', displayName: '', password: '' }
    const query = `mutation ($input: RegisterInput!) { register(input: $input) {
      ... on ValidationError { fields { path } } } }`
    const { data } = await ask(server.url, query, { input })
    const fields = ['handle', 'displayName', 'password'].map((field) => ({ path: ['input', field] }))
    expect(data).toEqual({ register: { fields } })
  })
})

describe('logging in', () => {
  test('opens another session of the same person, in whatever case the handle is written', async () => {
    const handle = handleOf('cleo')
    const { session: first } = expectType(await register({ handle }), 'RegisterSuccess')
    const { session } = expectType(await login(handle.toUpperCase()), 'LoginSuccess')
    expect(session.user).toEqual(first.user)
    expect(session.refreshToken).not.toBe(first.refreshToken)
    expect(await isLive(new Person(session, server.url))).toBe(true)
    expect(await isLive(new Person(first, server.url))).toBe(true)
  })

  test('answers a wrong password and an unknown handle with the same words', async () => {
    const handle = handleOf('dora')
    await register({ handle })
    const wrong = expectType(await login(handle, 'not the password'), 'InvalidCredentialsError')
    const unknown = expectType(await login(handleOf('nobody')), 'InvalidCredentialsError')
    expect(wrong).toEqual(unknown)
    expect(wrong.code).toBe('INVALID_CREDENTIALS')
    expectSubstance(wrong.reason)
  })

  test.each([
    ['empty', ''],
    ['very long', 'x'.repeat(100_000)],
    ['with a NUL', 'a\0b'],
    ['with a lone surrogate', '\ud800'],
    ['with a quote', `' or 1=1 --`],
  ])('takes a handle or password that is %s for a wrong one', async (_name, text) => {
    const handle = handleOf('eve')
    await register({ handle })
    expectType(await login(text), 'InvalidCredentialsError')
    expectType(await login(handle, text), 'InvalidCredentialsError')
  })
})

describe('refreshing', () => {
  test('exchanges the token given as argument for a new pair of the same session', async () => {
    const person = await signUp(server.url)
    const { session } = expectType(await refreshBy(person.session.refreshToken), 'RefreshSessionSuccess')
    expect(session.user.id).toBe(person.id)
    expect(session.refreshToken).not.toBe(person.session.refreshToken)
    expect(decodeJwt(session.accessToken).sid).toBe(decodeJwt(person.session.accessToken).sid)
    expect(await isLive(new Person(session, server.url))).toBe(true)
    // The token before it stays good for the rest of its 15 minutes.
    expect(await isLive(person)).toBe(true)
    expectType(await refreshBy(session.refreshToken), 'RefreshSessionSuccess')
  })

  test('takes the token from the cookie, which no script and no other site can use', async () => {
    const handle = handleOf('finn')
    const registered = await ask(
      server.url,
      'mutation ($input: RegisterInput!) { register(input: $input) { __typename } }',
      { input: { handle, displayName: 'Finn', password } },
    )
    const cookie = registered.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^parley_refresh=[^;]+;/)
    expect(cookie).toMatch(/; HttpOnly/)
    expect(cookie).toMatch(/; SameSite=Strict/)
    expect(cookie).toMatch(/; Max-Age=604800/)
    const [pair = ''] = cookie.split(';')
    const refreshed = await ask(server.url, refresh, {}, { headers: { cookie: `theme=dark; ${pair}` } })
    expect(refreshed.data).toMatchObject({ refreshSession: { __typename: 'RefreshSessionSuccess' } })
    const nextCookie = refreshed.headers.get('set-cookie') ?? ''
    expect(nextCookie).toMatch(/^parley_refresh=[^;]+;.*HttpOnly.*SameSite=Strict/)
    expect(nextCookie.split(';')[0]).not.toBe(pair)
    // The argument counts more than the cookie.
    const both = await ask(server.url, refresh, { token: 'nonsense' }, { headers: { cookie: nextCookie } })
    expect(both.data).toMatchObject({ refreshSession: { __typename: 'SessionExpiredError' } })
  })

  test('answers SessionExpiredError for a token that is unknown, empty, missing or over', async () => {
    for (const variables of [{ token: 'unknown' }, { token: '' }, { token: 'x'.repeat(10_000) }, { token: '\0' }, {}]) {
      const { data } = await ask<{ refreshSession: { reason: string } }>(server.url, refresh, variables)
      expect(data?.refreshSession).toMatchObject({ __typename: 'SessionExpiredError', code: 'SESSION_EXPIRED' })
      expectSubstance(data?.refreshSession.reason ?? '')
    }
    const person = await signUp(server.url)
    const sid = decodeJwt(person.session.accessToken).sid
    await database.query(`UPDATE refresh_tokens SET expires_at = now() - interval '1 s' WHERE session_id = $1`, [sid])
    expectType(await refreshBy(person.session.refreshToken), 'SessionExpiredError')
  })
})

describe('logging out', () => {
  test('ends the access token, the refresh token and the sockets of the session on both processes', async () => {
    const person = await signUp(server.url)
    const { session } = expectType(await login(person.handle), 'LoginSuccess')
    const phone = new Person(session, server.url)
    const here = await person.inboxEvents()
    const there = await person.at(other.url).inboxEvents()
    const onPhone = await phone.inboxEvents()
    expect(await isLive(person.at(other.url))).toBe(true)

    expect(await person.client.request(LogoutDocument, {})).toEqual({ logout: true })
    const [error] = expectErrors(await ask(person, askViewer), 'UNAUTHENTICATED')
    expect(error?.message).toMatch(/log in/i)
    expect(await here.waitForEnd()).toEqual({ closeCode: 4401 })
    expect(await there.waitForEnd()).toEqual({ closeCode: 4401 })
    await vi.waitFor(async () => expectErrors(await ask(person.at(other.url), askViewer), 'UNAUTHENTICATED'), 2_000)
    expectType(await refreshBy(person.session.refreshToken), 'SessionExpiredError')

    // The other device of the person goes on.
    expect(await isLive(phone)).toBe(true)
    expect(onPhone.ended).toBeNull()
    onPhone.cut()
  })

  test('takes the cookie back, and needs a token', async () => {
    const person = await signUp(server.url)
    const answer = await ask(person, 'mutation { logout }')
    expect(answer.headers.get('set-cookie')).toMatch(/^parley_refresh=; Max-Age=0/)
    expectErrors(await ask(person, 'mutation { logout }'), 'UNAUTHENTICATED')
    expectErrors(await ask(server.url, 'mutation { logout }'), 'UNAUTHENTICATED')
  })
})

describe('access tokens', () => {
  test('that have expired are refused with words that say what to do, and a socket is closed with 4403', async () => {
    const person = await signUp(server.url)
    const accessToken = await forge(person, secret, -5)
    const [error] = expectErrors(await withToken(accessToken), 'UNAUTHENTICATED')
    expect(error?.message).toMatch(/expired/i)
    expect(error?.message).toMatch(/refreshSession/)
    const late = new Person({ ...person.session, accessToken }, server.url)
    await expect(askSocket(late, askViewer)).rejects.toMatchObject({ code: 4403 })
    // What needs nobody still works beside such a token: it is how a new one is got.
    const refreshed = await ask(late, refresh, { token: person.session.refreshToken })
    expect(refreshed.data).toMatchObject({ refreshSession: { __typename: 'RefreshSessionSuccess' } })
  })

  test('made as ours are made are taken, so that the refusals here are for the right reason', async () => {
    const person = await signUp(server.url)
    expect((await withToken(await forge(person, secret, 60))).data).toMatchObject({
      viewer: { user: { id: person.id } },
    })
  })

  test('that we did not sign are refused', async () => {
    const person = await signUp(server.url)
    const claims = decodeJwt(person.session.accessToken)
    const unsigned = new UnsecuredJWT(claims).encode()
    const [header = '', , signature = ''] = person.session.accessToken.split('.')
    const swapped = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody else' })).toString('base64url')
    const tokens = [
      unsigned,
      await forge(person, 'another secret that is long enough as well', 60),
      await forge(person, secret, 60, { iss: 'somebody' }),
      await forge(person, secret, 60, { sid: undefined }),
      await forge(person, secret, 60, { sid: 'no uuid' }),
      await forge(person, secret, 60, { sid: newKey() }),
      `${header}.${swapped}.${signature}`,
      'nonsense',
      'a.b.c',
      person.session.refreshToken,
    ]
    for (const token of tokens) expectErrors(await withToken(token), 'UNAUTHENTICATED')
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', person.session.accessToken]) {
      expectErrors(await ask(server.url, askViewer, {}, { headers: { authorization } }), 'UNAUTHENTICATED')
    }
  })

  test('are asked for where there is none', async () => {
    const [error] = expectErrors(await ask(server.url, askViewer), 'UNAUTHENTICATED')
    expect(error?.message).toMatch(/Bearer/)
    expectErrors(await askSocket(server.url, askViewer), 'UNAUTHENTICATED')
  })
})

test('settings change what is given and keep what is left out', async () => {
  const { client } = await signUp(server.url)
  const update = async (readReceiptsEnabled?: boolean | null) =>
    (await client.request(UpdateSettingsDocument, { input: { readReceiptsEnabled } })).updateSettings.settings
  expect(await update(false)).toMatchObject({ readReceiptsEnabled: false })
  expect(await update()).toMatchObject({ readReceiptsEnabled: false })
  expect(await update(null)).toMatchObject({ readReceiptsEnabled: false })
  expect((await client.request(ViewerDocument, {})).viewer.settings).toMatchObject({ readReceiptsEnabled: false })
  expect(await update(true)).toMatchObject({ readReceiptsEnabled: true })
})

test('passwords and refresh tokens are stored only as hashes', async () => {
  const secretWord = `password ${newKey()}`
  const handle = handleOf('gil')
  const { session } = expectType(await register({ handle, password: secretWord }), 'RegisterSuccess')
  const { session: next } = expectType(await refreshBy(session.refreshToken), 'RefreshSessionSuccess')
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  expect(tables.map((table) => table.name)).toContain('credentials')
  // Text as it stands, and inside bytea, which PostgreSQL prints in hexadecimal digits.
  const found = async (text: string) => {
    const patterns = [text, Buffer.from(text).toString('hex'), Buffer.from(text, 'base64url').toString('hex')]
    const places: string[] = []
    for (const { name } of tables) {
      const sql = `SELECT 1 FROM ${name} AS t WHERE ${patterns.map((_, at) => `strpos(t::text, $${at + 1}) > 0`).join(' OR ')} LIMIT 1`
      if ((await database.query(sql, patterns)).length > 0) places.push(name)
    }
    return places
  }
  expect(await found(handle)).toEqual(['users'])
  for (const word of [secretWord, session.refreshToken, next.refreshToken, session.accessToken]) {
    expect(await found(word)).toEqual([])
  }
  const [credential] = await database.query<{ password_hash: string }>(
    'SELECT password_hash FROM credentials JOIN users ON id = user_id WHERE handle = $1',
    [handle],
  )
  expect(credential?.password_hash).toMatch(/^\$argon2id\$/)
})

describe('the sessions of the viewer', () => {
  const sessionsOf = async (person: Person) => (await person.client.request(SessionsDocument, {})).viewer.sessions
  const revoke = async (person: Person, sessionId: string) =>
    (await person.client.request(RevokeSessionDocument, { input: { sessionId } })).revokeSession

  /** Somebody with two sessions, each at a process of its own. */
  async function twice() {
    const handle = handleOf('olga')
    const here = new Person(expectType(await register({ handle }), 'RegisterSuccess').session, server.url)
    const there = new Person(expectType(await login(handle), 'LoginSuccess').session, other.url)
    return { here, there }
  }

  test('are listed with what the client called itself, and the own one is marked', async () => {
    const handle = handleOf('nora')
    await register({ handle })
    const mutation = `mutation ($input: LoginInput!) { login(input: $input) {
      ... on LoginSuccess { session { accessToken refreshToken user { id handle } } } } }`
    const { data } = await ask<{ login: { session: Person['session'] } }>(
      server.url,
      mutation,
      { input: { handle, password } },
      { headers: { 'user-agent': `Phone/1.0 ${'x'.repeat(500)}` } },
    )
    const nora = new Person(data!.login.session, server.url)
    const sessions = await sessionsOf(nora)
    expect(sessions.map(({ current }) => current).sort()).toEqual([false, true])
    const own = sessions.find(({ current }) => current)!
    expect(own.device).toBe(`Phone/1.0 ${'x'.repeat(500)}`.slice(0, 256))
    for (const { createdAt, lastUsedAt } of sessions) {
      expect(Date.parse(lastUsedAt)).toBeGreaterThanOrEqual(Date.parse(createdAt) - 1_000)
    }
    // Each is a Node, for its person alone.
    const node = 'query ($id: ID!) { node(id: $id) { __typename id } }'
    expect((await ask(nora, node, { id: own.id })).data).toEqual({ node: { __typename: 'ActiveSession', id: own.id } })
    expect((await ask(await signUp(server.url), node, { id: own.id })).data).toEqual({ node: null })
  })

  test('end one by one: the tokens and sockets of one at once on both processes, and no others', async () => {
    const { here, there } = await twice()
    const [left, gone] = [await here.inboxEvents(), await there.inboxEvents()]
    const theirs = (await sessionsOf(here)).find(({ current }) => !current)!
    const stranger = await signUp(server.url)
    for (const id of [theirs.id, 'nonsense', here.id]) expectType(await revoke(stranger, id), 'NotFoundError')
    expect(await isLive(there)).toBe(true)
    for (let time = 0; time < 2; time++) expectType(await revoke(here, theirs.id), 'RevokeSessionSuccess')
    expect(await gone.waitForEnd()).toEqual({ closeCode: 4401 })
    expect(await isLive(there)).toBe(false)
    expect(await refreshBy(there.session.refreshToken, other.url)).toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(await isLive(here)).toBe(true)
    expect(left.ended).toBeNull()
    expect(await sessionsOf(here)).toMatchObject([{ current: true }])
    // The own one is a logout.
    expectType(await revoke(here, (await sessionsOf(here))[0]!.id), 'RevokeSessionSuccess')
    expect(await left.waitForEnd()).toEqual({ closeCode: 4401 })
    expect(await isLive(here)).toBe(false)
  })

  test('say when they were last used, also after the process has ended in which they were', async () => {
    const third = await startServer({ databaseUrl: database.url, env: { JWT_SECRET: secret } })
    const { here, there } = await twice()
    await database.query(`UPDATE sessions SET created_at = now() - interval '3 hours', last_used_at = now() - interval '2 hours'
      WHERE user_id = '${Buffer.from(here.id, 'base64url').toString().split(':')[1]}'`)
    expect(await isLive(there.at(third.url))).toBe(true)
    await third.stop()
    const [first, second] = await sessionsOf(here)
    expect(first).toMatchObject({ current: false })
    expect(Date.now() - Date.parse(first!.lastUsedAt)).toBeLessThan(60 * 60_000)
    expect(Date.now() - Date.parse(second!.lastUsedAt)).toBeGreaterThan(60 * 60_000)
  })
})
