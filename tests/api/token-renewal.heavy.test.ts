import { randomUUID } from 'node:crypto'
import { createClient, type Client } from 'graphql-ws'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { RenewTokenDocument } from '../../sdk/src/generated/graphql.ts'
import { Connection } from '../../sdk/src/connection/connection.ts'
import { GivenTokens } from '../../sdk/src/session/given-tokens.ts'
import { ask, expectErrors, type TopLevelError } from '../testkit/api.ts'
import { enter, startIssuer, type Issuer } from '../testkit/issuer.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { subscribeBySse } from '../testkit/sse.ts'

const nowSeconds = () => Math.floor(Date.now() / 1_000)
const events = 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }'
const renewal = `mutation ($token: String!) { renewToken(input: { token: $token }) {
  __typename ... on RenewTokenSuccess { expiresAt viewer { user { id } } } ... on Error { code reason } } }`

let issuer: Issuer
let pair: Pair
beforeAll(async () => {
  issuer = await startIssuer()
  pair = await startPair({ env: { ...issuer.env, AUTH_CLAIM_ROLE: 'role' } })
})

const clients: Client[] = []
afterAll(() => {
  for (const client of clients) void client.dispose()
})

/** A socket with a subscription to a conversation, if one is given. */
async function open(person: Person, url: string, conversationId?: string) {
  const pings: unknown[] = []
  const results: unknown[] = []
  let code: number | null = null
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: person.connectionParams,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
  })
  clients.push(client)
  client.on('ping', (received, payload) => received && pings.push(payload))
  client.on('closed', (event) => (code = (event as { code: number }).code))
  const askHere = async (query: string, variables: Record<string, unknown> = {}) => {
    const answers = client.iterate({ query, variables })
    return answers.next().then(
      ({ value }) => value as { data?: Record<string, { code?: string }> | null; errors?: TopLevelError[] },
      (errors: unknown) => ({ errors: errors as TopLevelError[], data: null }),
    )
  }
  let ended = false
  const subscribe = (query: string, variables: Record<string, unknown> = {}) =>
    client.subscribe(
      { query, variables },
      { next: (result) => results.push(result), error: () => (ended = true), complete: () => (ended = true) },
    )
  if (conversationId !== undefined) subscribe(events, { id: conversationId })
  await askHere('{ viewer { user { id } } }')
  return { pings, results, ask: askHere, subscribe, code: () => code, hasEnded: () => ended }
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 40_000, interval: 50 })

test('sockets and streams end 30 s after their token, are warned before, and go on with a newer one', async () => {
  const [url, otherUrl] = pair.urls
  const subs = [randomUUID(), randomUUID(), randomUUID(), randomUUID()] as const
  // Seconds in which their sessions end: the token has expired, and the skew is left.
  const exp = nowSeconds() - 14
  const iat = exp - 600
  const [quiet, bySid, byJti] = await Promise.all([
    issuer.token({ sub: subs[0], exp, iat }).then((token) => enter(url, token)),
    issuer.token({ sub: subs[1], exp, iat, sid: 'one' }).then((token) => enter(url, token)),
    issuer.token({ sub: subs[2], exp, iat, jti: 'first' }).then((token) => enter(url, token)),
  ])
  const owner = await signUp(url, 'Owner')
  const group = await owner.createGroup([quiet, bySid, byJti])
  const [left, stream, kept, keptByJti] = await Promise.all([
    open(quiet, otherUrl, group),
    subscribeBySse(quiet, events, { id: group }),
    open(bySid, otherUrl, group),
    open(byJti, otherUrl, group),
  ])
  // The SDK asks the product for a newer one by itself.
  const given = [await issuer.token({ sub: subs[3], exp, iat }), await issuer.token({ sub: subs[3] })]
  const connection = new Connection({
    url: otherUrl,
    authorization: new GivenTokens(() => given.shift() ?? null),
    renewal: RenewTokenDocument,
    webSocketImpl: WebSocket,
  })
  onTestFinished(() => connection.close())
  const states: string[] = []
  connection.status.subscribe(() => states.push(connection.status.getSnapshot().state))
  connection.start()
  await until(() => expect(connection.status.getSnapshot().state).toBe('OPEN'))

  await until(() => expect(left.pings).toHaveLength(1))
  expect(left.pings).toEqual([{ tokenExpired: true, closesAt: new Date((exp + 30) * 1_000).toISOString() }])

  // What is no token of theirs changes nothing.
  expectErrors(await kept.ask(renewal, { token: 'a.b.c' }), 'UNAUTHENTICATED')
  const ofAnother = await issuer.token({ sub: subs[0] })
  expect(await kept.ask(renewal, { token: ofAnother })).toMatchObject({ data: { renewToken: { code: 'FORBIDDEN' } } })

  const newer = { exp: nowSeconds() + 600 }
  const expiresAt = new Date((newer.exp + 30) * 1_000).toISOString()
  const renewed = { data: { renewToken: { __typename: 'RenewTokenSuccess', expiresAt } } }
  const second = await issuer.token({ sub: subs[2], jti: 'second', ...newer })
  expect(await kept.ask(renewal, { token: await issuer.token({ sub: subs[1], sid: 'one', ...newer }) })).toMatchObject(
    renewed,
  )
  expect(await keptByJti.ask(renewal, { token: second })).toMatchObject(renewed)

  await until(() => expect(left.code()).toBe(4403))
  expect(await stream.waitForEnd()).toBe('cut')
  expectErrors(await ask(quiet, '{ viewer { user { id } } }'), 'UNAUTHENTICATED')
  await owner.send(group, 'Still here?')
  for (const socket of [kept, keptByJti]) {
    await until(() => expect(socket.results.length).toBeGreaterThan(0))
    expect([socket.code(), socket.hasEnded()]).toEqual([null, false])
  }
  expect([given, states.filter((state) => !/PROBING|OPEN|CONNECTING/.test(state))]).toEqual([[], []])
  // The session of the newer token is over: so is what lives by it.
  await ask(await enter(url, second), 'mutation { logout }')
  await until(() => expect(keptByJti.code()).toBe(4401))
  expect(kept.code()).toBeNull()
})

test('a role that a newer token brings holds on open sockets: for queries at once, and for subscriptions of staff', async () => {
  const [url, otherUrl] = pair.urls
  const sub = randomUUID()
  const seconds = (ago: number) => ({ sub, sid: 'desk', iat: nowSeconds() - ago })
  const person = await enter(url, await issuer.token(seconds(20)))
  const socket = await open(person, otherUrl)
  const queue = '{ supportQueue(first: 1) { nodes { __typename } } }'
  expectErrors(await socket.ask(queue), 'FORBIDDEN')
  await enter(url, await issuer.token({ ...seconds(10), role: ['STAFF'] }))
  await until(async () => expect((await socket.ask(queue)).errors).toBeUndefined())
  socket.subscribe('subscription { supportEvents { __typename } }')
  await enter(url, await issuer.token(seconds(0)))
  await until(() => expect(socket.hasEnded()).toBe(true))
  expectErrors(await socket.ask(queue), 'FORBIDDEN')
  expect(socket.code()).toBeNull()
})
