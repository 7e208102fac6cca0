import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { retryingFetch } from '../../../sdk/src/links/retrying-fetch.ts'
import { keepSession } from '../../../sdk/src/links/kept-session.ts'
import { SessionEndedError } from '../../../sdk/src/requests/errors.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init)
const refused = (retryable: boolean) =>
  json({ errors: [{ message: 'No', extensions: { retryable, retryAfterMs: 3_000 } }] })

/** Answers in turn; an Error is a network that fails. */
function network(...answers: (Response | Error | (() => Promise<Response>))[]) {
  const sent: { body: unknown; atMs: number }[] = []
  const fetch = vi.fn((_input: unknown, init?: RequestInit) => {
    sent.push({ body: init?.body, atMs: Date.now() })
    const answer = answers[Math.min(sent.length, answers.length) - 1]!
    if (typeof answer === 'function') return answer()
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer.clone())
  })
  return { sent, fetch: fetch as unknown as typeof globalThis.fetch }
}

async function run<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(120_000)
  return promise
}

test('what had no answer is sent again as it was, also when the answer broke off', async () => {
  const broken = () => Promise.resolve(new Response(new ReadableStream({ start: (to) => to.error(new Error('cut')) })))
  const { sent, fetch } = network(new TypeError('fetch failed'), broken, json({ data: 1 }, { status: 200 }))
  const response = await run(retryingFetch({ fetch })('http://here', { method: 'POST', body: 'the same' }))
  expect(await response.json()).toEqual({ data: 1 })
  expect(sent.map(({ body }) => body)).toEqual(['the same', 'the same', 'the same'])
})

test('a refusal that passes is waited out, as long as the server says', async () => {
  const { sent, fetch } = network(
    refused(true),
    new Response('', { status: 503, headers: { 'retry-after': '7' } }),
    json({ data: 1 }),
  )
  await run(retryingFetch({ fetch })('http://here'))
  expect(sent).toHaveLength(3)
  expect(sent[1]!.atMs - sent[0]!.atMs).toBeGreaterThanOrEqual(3_000)
  expect(sent[2]!.atMs - sent[1]!.atMs).toBeGreaterThanOrEqual(7_000)
})

test.each([
  ['an error for good', refused(false)],
  ['data', json({ data: { a: 1 } })],
  ['no JSON', new Response('<p>', { status: 400 })],
])('%s is the answer', async (_what, answer) => {
  const { sent, fetch } = network(answer)
  const response = await run(retryingFetch({ fetch })('http://here'))
  expect([response.status, await response.text()]).toEqual([answer.status, await answer.text()])
  expect(sent).toHaveLength(1)
})

test('it gives up in the end, with the last refusal or the last failure', async () => {
  const response = await run(
    retryingFetch({ fetch: network(refused(true)).fetch, totalTimeoutMs: 20_000 })('http://here'),
  )
  expect(await response.text()).toContain('retryable')
  const failing = network(new TypeError('fetch failed'))
  await expect(run(retryingFetch({ fetch: failing.fetch, totalTimeoutMs: 20_000 })('http://here'))).rejects.toThrow(
    'fetch failed',
  )
  expect(failing.sent.length).toBeGreaterThan(4)
})

test('who aborts is heard at once', async () => {
  const { sent, fetch } = network(new TypeError('fetch failed'))
  const aborted = AbortSignal.abort(new Error('enough'))
  await expect(run(retryingFetch({ fetch })('http://here', { signal: aborted }))).rejects.toThrow('fetch failed')
  expect(sent).toHaveLength(1)
})

const session = (name: string, forMs: number) => ({
  accessToken: name,
  accessTokenExpiresAt: new Date(Date.now() + forMs).toISOString(),
  refreshToken: `refresh ${name}`,
})

test('a token is exchanged before it ends, once for all who ask', async () => {
  const { sent, fetch } = network(json({ data: { refreshSession: { session: session('second', 900_000) } } }))
  const onChange = vi.fn()
  const { token } = keepSession('http://here', session('first', 70_000), { fetch, onChange })
  expect(await token()).toBe('first')
  vi.setSystemTime(Date.now() + 20_000)
  expect(await Promise.all([token(), token()])).toEqual(['second', 'second'])
  expect(await token()).toBe('second')
  expect(sent).toHaveLength(1)
  expect(sent[0]!.body).toContain('refresh first')
  expect(onChange).toHaveBeenCalledOnce()
})

test('without a network the old token is tried; a session that ended is told', async () => {
  const away = keepSession('http://here', session('old', 1_000), {
    fetch: network(new TypeError('fetch failed')).fetch,
  })
  expect(await away.token()).toBe('old')
  const answer = json({ data: { refreshSession: { code: 'SESSION_EXPIRED', reason: 'Log in again.' } } })
  const ended = keepSession('http://here', session('old', 1_000), { fetch: network(answer).fetch })
  await expect(ended.token()).rejects.toThrow(SessionEndedError)
})
