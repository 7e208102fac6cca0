import { expect, test } from 'vitest'
import { ask, expectErrors, type Answer } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'
import { readiness } from '../testkit/proxied.ts'
import { startProxy } from '../testkit/proxy.ts'
import { startRedis } from '../testkit/redis.ts'
import { startServer } from '../testkit/server.ts'

const login = `mutation ($handle: String!, $password: String!) { login(input: { handle: $handle, password: $password }) {
  __typename ... on LoginSuccess { session { accessToken refreshToken } } } }`
const refresh = `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }`
const right = 'correct horse battery'

type LoggedIn = { login: { __typename: string; session?: { accessToken: string; refreshToken: string } } }

const logIn = (url: string, handle: string, password = right) => ask<LoggedIn>(url, login, { handle, password })
const outcomeOf = ({ data, errors }: Answer<LoggedIn>) => data?.login.__typename ?? errors?.[0]?.extensions.code

test('wrong logins count over all handles and processes, also while Redis hangs, and do not lock out who is known', async () => {
  const [redis, database] = [await startRedis(), await createTestDatabase()]
  const proxy = await startProxy(redis.port)
  const redisUrl = `redis://127.0.0.1:${proxy.port}`
  const env = { RATE_LIMITS: 'on', LOGIN_FAILURES_PER_ADDRESS: '6', JWT_SECRET: 'x'.repeat(32) }
  const [one, other] = await Promise.all([1, 2].map(() => startServer({ databaseUrl: database.url, redisUrl, env })))
  const { handle } = await signUp(one!.url)
  // In Redis once both are connected to it.
  await expect.poll(async () => (await readiness(other!)).body).toMatchObject({ status: 'ok' })
  for (let at = 0; at < 6; at++) {
    const url = (at % 2 === 0 ? one : other)!.url
    expect(outcomeOf(await logIn(url, `nobody${at}`))).toBe('InvalidCredentialsError')
  }
  for (const { url } of [one!, other!]) {
    const [error] = expectErrors(await logIn(url, 'nobody'), 'RATE_LIMITED')
    expect(error!.extensions.retryAfterMs).toBeGreaterThan(0)
    expect(outcomeOf(await logIn(url, handle))).toBe('LoginSuccess')
  }
  proxy.stall()
  // Each process by itself, and nobody waits for Redis.
  const outcomes: unknown[] = []
  for (let at = 0; at < 8; at++) outcomes.push(outcomeOf(await logIn(one!.url, `nobody${at}`)))
  expect(outcomes.slice(0, 6)).toEqual(Array(6).fill('InvalidCredentialsError'))
  expect(outcomes.at(-1)).toBe('RATE_LIMITED')
  proxy.heal()
})

test('who makes people by the hundred, or shows refresh tokens that are none, is slowed down', async () => {
  const database = await createTestDatabase()
  const env = { RATE_LIMITS: 'on', REGISTRATIONS_PER_HOUR: '2' }
  const { url } = await startServer({ databaseUrl: database.url, redisUrl: null, env })
  await signUp(url)
  await signUp(url)
  await expect(signUp(url)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  const most = 120
  const outcomes = []
  for (let at = 0; at <= most; at++)
    outcomes.push((await ask(url, refresh, { token: `token ${at}` })).errors?.[0]?.extensions.code)
  expect(outcomes.slice(0, most).filter((code) => code !== undefined)).toEqual([])
  expect(outcomes[most]).toBe('RATE_LIMITED')
})

test('a person has so many sessions, and what is left of those that are over goes away', async () => {
  const database = await createTestDatabase()
  const env = { SESSIONS_PER_PERSON: '3', HOUSEKEEPING_INTERVAL_MS: '200' }
  const { url } = await startServer({ databaseUrl: database.url, redisUrl: null, env })
  const { handle } = await signUp(url)
  const sessions = []
  for (let at = 0; at < 4; at++) sessions.push((await logIn(url, handle)).data!.login.session!)
  const viewer = '{ viewer { user { handle } } }'
  const isLive = async ({ accessToken }: { accessToken: string }) => {
    const { errors } = await ask({ url, session: { accessToken } } as never, viewer)
    return errors === undefined
  }
  expect(await Promise.all(sessions.map(isLive))).toEqual([false, true, true, true])
  // As if all that had been two days ago; the newest goes on.
  await database.query(`UPDATE sessions SET revoked_at = now() - interval '2 days' WHERE revoked_at IS NOT NULL`)
  await database.query(`UPDATE sessions SET expires_at = now() - interval '2 days' WHERE id = (
    SELECT id FROM sessions WHERE revoked_at IS NULL ORDER BY created_at LIMIT 1)`)
  await database.query(`UPDATE refresh_tokens SET expires_at = now() - interval '2 days' WHERE session_id = (
    SELECT id FROM sessions WHERE revoked_at IS NULL ORDER BY created_at DESC LIMIT 1)`)
  const count = async (table: string) =>
    (await database.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`))[0]!.count
  await expect.poll(() => Promise.all([count('sessions'), count('refresh_tokens')])).toEqual([2, 1])
  expect(await isLive(sessions[3]!)).toBe(true)
})
