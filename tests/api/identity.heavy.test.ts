import { createHmac, createSecretKey, randomUUID } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { LoginDocument, SessionsDocument, RevokeSessionDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors } from '../testkit/api.ts'
import { audience, enter, newKeyOf, pemOf, startIssuer, type Issuer, type IssuerKey } from '../testkit/issuer.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { connect, newKey, Person, signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { subscribeBySse } from '../testkit/sse.ts'
import { statementsOf } from '../testkit/statements.ts'
import { upload } from '../testkit/uploads.ts'

const viewer = '{ viewer { user { id handle displayName avatarUrl } } }'
const nowSeconds = () => Math.floor(Date.now() / 1_000)

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
const subjectOf = (person: Person) => claimsOf(person.session.accessToken).sub

let issuer: Issuer
let pair: Pair
let url: string
beforeAll(async () => {
  issuer = await startIssuer()
  pair = await startPair({ env: { ...issuer.env, AUTH_CLAIM_ROLE: 'role', AUTH_ROLES: 'boss=ADMIN,agent=STAFF' } })
  ;[url] = pair.urls
})

const withToken = (token: string, at = url) =>
  ask<{ viewer: { user: Person['session']['user'] } }>(
    at,
    viewer,
    {},
    { headers: { authorization: `Bearer ${token}` } },
  )

async function refusal(token: string, code = 'UNAUTHENTICATED') {
  const [error] = expectErrors(await withToken(token), code)
  return error!.message
}

describe('a token of an OpenID provider', () => {
  test.each(['RS256', 'ES256'] as const)('makes its person at first sight, signed by %s', async (alg) => {
    const sub = randomUUID()
    const picture = 'https://pictures.example.com/ann.png'
    const token = await issuer.grant(alg, { sub, name: 'Ann of the shop', picture, preferred_username: `ann_${alg}` })
    const ann = await enter(url, token)
    expect(ann.session.user).toMatchObject({
      displayName: 'Ann of the shop',
      avatarUrl: picture,
      handle: `ann_${alg}`.toLowerCase(),
    })
    expect((await enter(pair.urls[1], token)).id).toBe(ann.id)
    expect(await pair.database.query('SELECT issuer FROM identities WHERE subject = $1', [sub])).toEqual([
      { issuer: issuer.url },
    ])
  })

  test('makes one person of many first requests at once, in two processes', async () => {
    const claims = { sub: randomUUID(), name: 'Racer', preferred_username: 'racer' }
    const tokens = await Promise.all(Array.from({ length: 10 }, () => issuer.token({ ...claims, jti: randomUUID() })))
    const people = await Promise.all(tokens.map((token, index) => enter(pair.urls[index % 2]!, token)))
    expect(new Set(people.map(({ id }) => id)).size).toBe(1)
    // The same handle again: the person gets another one.
    const other = await enter(url, await issuer.token({ ...claims, sub: randomUUID() }))
    expect(other.id).not.toBe(people[0]!.id)
    expect(other.handle).toMatch(/^user_[0-9a-f]{12}$/)
  })

  test('works by HTTP, WebSocket, server-sent events and for uploads, beside accounts of the server itself', async () => {
    const ann = await enter(url, await issuer.token({ name: 'Ann' }))
    const ben = await signUp(pair.urls[1], 'Ben')
    const chat = await ben.startDirect(ann)
    const reader = await ann.at(pair.urls[1]).conversationEvents(chat, 0)
    const events = 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }'
    const stream = await subscribeBySse(ann, events, { id: chat })
    await ben.send(chat, 'Hello')
    await ann.send(chat, 'And you')
    await reader.waitForCount(2)
    await stream.waitForCount(2)
    expect(await askSocket(ann, viewer)).toMatchObject({ data: { viewer: { user: { id: ann.id } } } })
    await upload(ann, { fileName: 'a.txt', contentType: 'text/plain', bytes: Buffer.from('some text') })
  })

  test('brings changes of name, picture and role, and an older one does not bring back what was before', async () => {
    const sub = randomUUID()
    const old = await issuer.token({ sub, name: 'Old', role: ['other', 'boss'], iat: nowSeconds() - 20 })
    const person = await enter(url, old)
    const picture = 'https://pictures.example.com/new.png'
    await enter(pair.urls[1], await issuer.token({ sub, name: 'New', picture, role: 'agent', iat: nowSeconds() - 10 }))
    const fresh = await issuer.token({ sub, name: 'Old', role: 'boss', iat: nowSeconds() - 15, jti: 'another' })
    expect((await enter(pair.urls[1], fresh)).session.user).toMatchObject({
      id: person.id,
      displayName: 'New',
      avatarUrl: picture,
    })
    const role = () => pair.database.query(`SELECT role FROM users WHERE display_name = 'New'`)
    expect(await role()).toEqual([{ role: 'STAFF' }])
    // Without a picture it stays, and a role that stands for nothing is none.
    await enter(url, await issuer.token({ sub, name: 'New' }))
    expect((await withToken(old)).data?.viewer.user).toMatchObject({ displayName: 'New', avatarUrl: picture })
    expect(await role()).toEqual([{ role: 'USER' }])
  })

  test('that is known costs no statement', async () => {
    const token = await issuer.token()
    const query = '{ server { apiVersion } }'
    const request = () => ask(url, query, {}, { headers: { authorization: `Bearer ${token}` } })
    expect((await statementsOf(pair.database, request)).list).toMatchObject([
      { query: expect.stringContaining('parley_enter') as string, calls: 1 },
    ])
    expect((await statementsOf(pair.database, () => Promise.all([request(), request()]))).calls).toBe(0)
  })

  test('of somebody who was erased does not bring them back', async () => {
    const token = await issuer.token()
    const person = await enter(url, token)
    const boss = await enter(url, await issuer.token({ role: 'boss' }))
    await ask(boss, `mutation { eraseUser(input: { userId: "${person.id}" }) { __typename } }`)
    for (const one of [token, await issuer.token({ ...claimsOf(token), jti: 'a new one' })]) {
      expect((await withToken(one, pair.urls[1])).errors).toHaveLength(1)
      await refusal(one)
    }
    expect(await pair.database.query('SELECT 1 FROM identities WHERE subject IS NULL')).toHaveLength(1)
  })
})

test('somebody who is suspended is told so, and comes back with the same token once that is taken back', async () => {
  const person = await enter(url, await issuer.token({ sid: 'tablet' }))
  const reader = await person.at(pair.urls[1]).inboxEvents()
  const boss = await enter(url, await issuer.token({ role: 'boss' }))
  await ask(boss, `mutation { suspendUser(input: { userId: "${person.id}", reason: "Spam" }) { __typename } }`)
  expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
  const newer = await issuer.token({ sub: subjectOf(person), sid: 'tablet' })
  for (const token of [person.session.accessToken, newer]) expect(await refusal(token)).toMatch(/suspended.*Why: Spam/)
  await ask(boss, `mutation { unsuspendUser(input: { userId: "${person.id}" }) { __typename } }`)
  for (const at of pair.urls) await vi.waitFor(() => enter(at, person.session.accessToken), 20_000)
})

describe('a token is refused', () => {
  const rsa = () => issuer.keys[0]!
  const signedBy = async (key: IssuerKey, header = {}) => issuer.token({}, { key, header })
  const right = () => ({ iss: issuer.url, aud: audience, sub: 'x', exp: nowSeconds() + 600 })

  test.each<[string, () => Promise<string> | string, RegExp]>([
    ['for another audience', () => issuer.token({ aud: 'somebody else' }), /claim aud/],
    ['without an audience', () => issuer.token({ aud: undefined }), /claim aud/],
    ['of another issuer', () => issuer.token({ iss: 'https://evil.example.com' }), /claim iss/],
    ['of no issuer', () => issuer.token({ iss: undefined }), /claim iss/],
    ['of the server itself', () => issuer.token({ iss: 'parley' }), /claim iss/],
    ['that expired 31 s ago', () => issuer.token({ exp: nowSeconds() - 31 }), /expired/],
    ['that is valid in a minute', () => issuer.token({ nbf: nowSeconds() + 60 }), /not valid yet/],
    ['that was issued in a minute', () => issuer.token({ iat: nowSeconds() + 60 }), /not valid yet/],
    ['without an end', () => issuer.token({ exp: undefined }), /claim exp/],
    ['whose end is a text', () => issuer.token({ exp: '9999999999' }), /claim exp/],
    ['whose end is no time', () => issuer.token({ exp: -1 }), /expired/],
    ['whose beginning is a text', () => issuer.token({ nbf: 'now' }), /claim nbf/],
    ['for nobody', () => issuer.token({ sub: undefined }), /sub must be/],
    ['for an empty subject', () => issuer.token({ sub: '' }), /sub must be/],
    ['for an object', () => issuer.token({ sub: { id: 1 } }), /sub must be/],
    ['for a subject of 256 characters', () => issuer.token({ sub: 'x'.repeat(256) }), /sub must be/],
    ['for a subject with a NUL', () => issuer.token({ sub: 'a\0b' }), /sub must be/],
    [
      'with a kid that nobody knows',
      () => issuer.token({}, { header: { kid: 'nobody' } }),
      /key that its issuer does not have/,
    ],
    ['with the kid of another key', async () => signedBy(await newKeyOf('RS256', 'rsa-1')), /not valid/],
    [
      'by an algorithm that is not pinned',
      async () => signedBy({ ...rsa(), ...(await newKeyOf('PS256', 'rsa-1')) }),
      /algorithm/,
    ],
    [
      'that names the algorithm of another key',
      () => issuer.token({}, { key: issuer.keys[1], header: { kid: 'rsa-1' } }),
      /key that its issuer does not have/,
    ],
    ['that is not signed', () => new UnsecuredJWT(right()).encode(), /algorithm/],
    ['that is longer than a header may be', () => issuer.token({ name: 'x'.repeat(9_500) }), /too long/],
    [
      'signed by HS256 with the public key',
      async () =>
        new SignJWT(right())
          .setProtectedHeader({ alg: 'HS256', kid: 'rsa-1' })
          .sign(createSecretKey(Buffer.from(await pemOf(rsa())))),
      /not valid/,
    ],
    [
      'with a critical extension',
      async () => {
        const [, payload] = (await issuer.token()).split('.')
        const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'rsa-1', crit: ['b64'], b64: false })).toString(
          'base64url',
        )
        return `${header}.${payload!}.${createHmac('sha256', 'x').update('x').digest('base64url')}`
      },
      /not valid/,
    ],
    [
      'that was altered',
      async () => (await issuer.token()).replace(/\.(.)/, (_, letter) => `.${letter === 'A' ? 'B' : 'A'}`),
      /not valid/,
    ],
    ['that is none', () => 'a.b.c', /not valid/],
  ])('%s', async (_, make, reason) => {
    expect(await refusal(await make())).toMatch(reason)
  })

  test('by a WebSocket with 4403, and by an event stream with 401', async () => {
    const refused = { session: { accessToken: await issuer.token({ aud: 'other' }) }, url, connectionParams: {} }
    const person = new Person({ ...refused.session } as Person['session'], url)
    await expect(askSocket(person, viewer)).rejects.toMatchObject({ code: 4403 })
    const stream = await subscribeBySse(person, 'subscription { inboxEvents { __typename } }')
    expect(stream.status).toBe(401)
  })

  test('no more than the clocks may differ', async () => {
    const withinSkew = { exp: nowSeconds() - 10, nbf: nowSeconds() + 15, iat: nowSeconds() + 15 }
    expect((await withToken(await issuer.token(withinSkew))).errors).toBeUndefined()
  })
})

describe('claims', () => {
  test.each<[string, Record<string, unknown>, object]>([
    ['a huge name', { name: 'n'.repeat(5_000) }, { displayName: 'n'.repeat(64) }],
    ['a name with controls', { name: '  Ann\n\u0000\u202eOther  ' }, { displayName: 'Ann Other' }],
    ['a name with half a character', { name: 'Ann\ud800' }, { displayName: 'Ann\ufffd' }],
    ['a name of nothing', { name: '\u200b', preferred_username: 'nameless_1' }, { displayName: 'nameless_1' }],
    ['a name that is a number', { name: 5 }, { displayName: expect.stringMatching(/^user_/) as string }],
    ['a picture that is a script', { name: 'A', picture: 'javascript:alert(1)' }, { avatarUrl: null }],
    ['a picture without https', { name: 'A', picture: 'http://example.com/a.png' }, { avatarUrl: null }],
    ['a picture that is an object', { name: 'A', picture: { url: 'x' } }, { avatarUrl: null }],
    [
      'a handle that is reserved',
      { preferred_username: 'admin' },
      { handle: expect.stringMatching(/^user_/) as string },
    ],
    ['a handle that is an address', { preferred_username: 'Some.Body.9@example.com' }, { handle: 'some.body.9' }],
    ['an id that is a number', { sub: 90_071 }, { displayName: expect.stringMatching(/^user_/) as string }],
    ['a role that is an object', { name: 'A', role: { boss: true } }, { displayName: 'A' }],
    ['a role of all objects', { name: 'A', role: ['constructor', '__proto__', null, 4] }, { displayName: 'A' }],
    ['a session that is an object', { name: 'A', sid: {}, jti: [] }, { displayName: 'A' }],
    ['an end in a thousand years', { name: 'A', exp: nowSeconds() + 31_536_000_000 }, { displayName: 'A' }],
  ])('of wrong types or sizes keep nobody out: %s', async (_, claims, user) => {
    const person = await enter(url, await issuer.token(claims))
    expect(person.session.user).toMatchObject(user)
    const id = Buffer.from(person.id, 'base64url').toString().split(':')[1]
    expect(await pair.database.query('SELECT role FROM users WHERE id = $1', [id])).toEqual([{ role: 'USER' }])
  })
})

describe('sessions', () => {
  const revoke = async (by: Person, sessionId: string) =>
    by.client.request(RevokeSessionDocument, { input: { sessionId } })

  test('are those of sid: revoked, all their tokens are refused in all processes, also newer ones, and sockets end', async () => {
    const sub = randomUUID()
    const phone = await enter(url, await issuer.token({ sub, sid: 'phone' }))
    const laptop = await enter(pair.urls[1], await issuer.token({ sub, sid: 'laptop' }))
    const again = await issuer.token({ sub, sid: 'phone', jti: 'second' })
    await enter(pair.urls[1], again)
    const reader = await phone.at(pair.urls[1]).inboxEvents()
    const { viewer: seen } = await laptop.client.request(SessionsDocument, {})
    expect(seen.sessions).toHaveLength(2)
    await revoke(laptop, seen.sessions.find(({ current }) => !current)!.id)
    expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
    const newer = await issuer.token({ sub, sid: 'phone', jti: 'third' })
    for (const token of [phone.session.accessToken, again, newer]) {
      for (const at of pair.urls)
        await vi.waitFor(async () => expectErrors(await withToken(token, at), 'UNAUTHENTICATED'), 20_000)
    }
    expect((await ask(laptop, viewer)).errors).toBeUndefined()
    // Whose session has the same name at the issuer is somebody else.
    await enter(url, await issuer.token({ sid: 'phone' }))
  })

  test('are those of jti, or of one token, where there is no sid', async () => {
    const sub = randomUUID()
    const [first, second, third] = await Promise.all([
      issuer.token({ sub, jti: 'one' }).then((token) => enter(url, token)),
      issuer.token({ sub, jti: 'two' }).then((token) => enter(url, token)),
      issuer.token({ sub }).then((token) => enter(url, token)),
    ])
    const { viewer: seen } = await first.client.request(SessionsDocument, {})
    expect(seen.sessions).toHaveLength(3)
    await ask(first, 'mutation { logout }')
    await vi.waitFor(async () => expectErrors(await ask(first.at(pair.urls[1]), viewer), 'UNAUTHENTICATED'), 20_000)
    for (const other of [second, third]) expect((await ask(other, viewer)).errors).toBeUndefined()
  })
})

describe('keys', () => {
  test('are read again for a kid that is new, and what is gone does not count', async () => {
    const added = await newKeyOf('ES256', 'ec-2')
    const token = await issuer.token({}, { key: added })
    await refusal(token)
    issuer.keys.push(added)
    // A kid that was missing a moment ago is not looked for at once.
    await vi.waitFor(async () => expect((await withToken(token)).errors).toBeUndefined(), {
      timeout: 20_000,
      interval: 200,
    })
    const askedBefore = issuer.asked
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        withToken(await issuer.token({}, { header: { kid: `no ${String(n)}` } })),
      ),
    )
    expect(issuer.asked - askedBefore).toBeLessThan(10)
  })

  test('go on when their address fails; unknown ones are UNAVAILABLE', async () => {
    issuer.mode = 'hang'
    const server = await startServer({ databaseUrl: pair.database.url, env: issuer.env })
    const known = await issuer.token()
    // It knows none yet.
    expectErrors(await withToken(known, server.url), 'UNAVAILABLE')
    issuer.mode = 'ok'
    await vi.waitFor(() => enter(server.url, known), 20_000)
    for (const mode of ['error', 'nonsense', 'hang'] as const) {
      issuer.mode = mode
      const unknown = await issuer.token({}, { header: { kid: `new with ${mode}` } })
      expectErrors(await withToken(unknown, server.url), 'UNAVAILABLE')
      await enter(server.url, known)
      await enter(server.url, await issuer.token())
      const person = new Person({ accessToken: unknown } as Person['session'], server.url)
      await expect(askSocket(person, viewer)).rejects.toMatchObject({ code: 1013 })
    }
    issuer.mode = 'ok'
  })

  test('that come by plain HTTP from another machine are warned of at the start', async () => {
    const databaseUrl = pair.database.url
    const start = (url: string) => startServer({ databaseUrl, env: { ...issuer.env, AUTH_JWKS_URL: url } })
    const [plain, own] = await Promise.all([start('http://keys.invalid/jwks.json'), start(issuer.jwksUrl)])
    expect(plain.logs()).toMatch(/AUTH_JWKS_URL is read by plain HTTP/)
    expect(own.logs()).not.toMatch(/AUTH_JWKS_URL is read by plain HTTP/)
  })

  test('can be given as a PEM, also several, with names of claims, and without accounts of the server itself', async () => {
    const [rsa, ec] = await Promise.all(issuer.keys.map(pemOf))
    const env = {
      AUTH_PUBLIC_KEY: `${rsa!}${ec!}`.replaceAll('\n', '\\n'),
      AUTH_ISSUER: `https://other.example.com,${issuer.url}`,
      AUTH_AUTHORIZED_PARTY: 'https://shop.example.com',
      AUTH_CLAIM_ID: 'https://shop.example.com/id',
      AUTH_CLAIM_NAME: 'user_metadata.full_name',
      AUTH_CLAIM_ROLE: 'app_metadata.roles',
      ACCOUNTS: 'external',
    }
    const server = await startServer({ databaseUrl: pair.database.url, env })
    const claims = {
      'https://shop.example.com/id': 'customer-7',
      user_metadata: { full_name: 'Seven' },
      azp: 'https://shop.example.com',
    }
    const roles = { app_metadata: { roles: ['ADMIN'] }, sub: 'ignored' }
    const seven = await enter(server.url, await issuer.token({ ...claims, ...roles }, { key: issuer.keys[1] }))
    expect(seven.session.user.displayName).toBe('Seven')
    // Without a kid too.
    const same = await enter(server.url, await issuer.token({ ...claims, jti: 'x' }, { header: { kid: undefined } }))
    expect(same.id).toBe(seven.id)
    const wrong = await issuer.token({ ...claims, azp: 'https://evil.example.com' })
    expectErrors(await withToken(wrong, server.url), 'UNAUTHENTICATED')

    const builtin = await signUp(url, 'Builtin')
    expectErrors(await ask(builtin.at(server.url), viewer), 'UNAUTHENTICATED')
    const input = { handle: builtin.handle, password: 'correct horse battery' }
    await expect(connect(server.url, () => null).request(LoginDocument, { input })).rejects.toThrow('no accounts')
    for (const mutation of [
      `register(input: { handle: "h${newKey().slice(0, 8)}", displayName: "A", password: "correct horse" })`,
      'refreshSession(input: { refreshToken: "x" })',
      'changePassword(input: { currentPassword: "correct horse", newPassword: "correct horse 2" })',
    ]) {
      expectErrors(await ask(seven, `mutation { ${mutation} { __typename } }`), 'FORBIDDEN')
    }
  })
})
