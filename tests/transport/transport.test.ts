import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createToy, type Answer, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const json = { 'content-type': 'application/json' }

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

describe('HTTP', () => {
  it('answers POST and GET', async () => {
    const query = 'query ($name: String) { hello(name: $name) }'
    expect(await toy.ask(query, { variables: { name: 'Ana' } })).toEqual({ data: { hello: 'Hello, Ana!' } })
    expect(await (await fetch(`${toy.url}/graphql?query={hello}`)).json()).toEqual({ data: { hello: 'Hello, you!' } })
  })

  it('hands the request to the context: authorization, address, cookie and trace id', async () => {
    const headers = {
      authorization: 'bearer ana.s1',
      cookie: 'a=b; parley_refresh=r%2F1',
      'x-request-id': 'request-0001',
    }
    const response = await toy.post('{ who init }', { headers })
    expect(response.headers.get('x-trace-id')).toBe('request-0001')
    const { data } = (await response.json()) as { data: { who: string; init: string } }
    expect(data.who).toBe('ana')
    expect(JSON.parse(data.init)).toEqual({ ip: '127.0.0.1', cookie: 'r/1', ws: false, traceId: 'request-0001' })
  })

  it('takes the trace id of traceparent, and makes one when what it gets is not sane', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const traced = await toy.post('{ hello }', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
    expect(traced.headers.get('x-trace-id')).toBe(trace)
    const strange = await toy.post('{ hello }', { headers: { 'x-request-id': 'a b"<script>' } })
    expect(strange.headers.get('x-trace-id')).toMatch(/^[\da-f]{32}$/)
  })

  it.each([
    ['malformed JSON', { body: '{nope' }, 400, 'not valid JSON'],
    ['no body', { body: '' }, 400, 'not valid JSON'],
    ['a body that is null', { body: 'null' }, 400, 'must be a JSON object'],
    ['a batch', { body: '[{"query":"{hello}"}]' }, 400, 'one operation per request'],
    ['no query', { body: '{}' }, 400, 'Must provide query string'],
    ['a query that is no text', { body: '{"query":5}' }, 400, 'to be a string'],
    ['variables that are no object', { body: '{"query":"{hello}","variables":"x"}' }, 400, 'variables'],
    ['a wrong content type', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 415, 'application/json'],
    ['a multipart body', { headers: {}, body: new FormData() }, 415, 'application/json'],
    ['a wrong method', { method: 'PUT', body: '{}' }, 405, 'GET and POST'],
    [
      'an Accept that cannot be met',
      { headers: { ...json, accept: 'image/png' }, body: '{"query":"{hello}"}' },
      406,
      'Accept',
    ],
  ])('says what is wrong with %s', async (_name, init, status, message) => {
    const response = await fetch(`${toy.url}/graphql`, { method: 'POST', headers: json, ...(init as RequestInit) })
    expect(response.status).toBe(status)
    const { errors } = (await response.json()) as Answer
    expect(errors).toHaveLength(1)
    expect(errors?.[0]?.message).toContain(message)
    expect(errors?.[0]?.extensions).toEqual({
      code: 'VALIDATION_ERROR',
      retryable: false,
      traceId: response.headers.get('x-trace-id'),
      fields: [],
    })
  })

  it('refuses wrong query parameters and mutations by GET', async () => {
    const wrong = await fetch(`${toy.url}/graphql?query={hello}&variables=nope`)
    expect([wrong.status, ((await wrong.json()) as Answer).errors?.[0]?.extensions.code]).toEqual([
      400,
      'VALIDATION_ERROR',
    ])
    const mutation = await fetch(`${toy.url}/graphql?query=mutation{logIn}`)
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('takes bodies of 1 MB, of 128 KB without a token, and not a byte more, chunked or not, and goes on with the connection', async () => {
    const body = JSON.stringify({ query: '{ hello }' })
    const sized = (bytes: number) => body + ' '.repeat(bytes - body.length)
    const chunked = (text: string) =>
      new ReadableStream({
        start(controller) {
          for (let at = 0; at < text.length; at += 65_536) controller.enqueue(Buffer.from(text.slice(at, at + 65_536)))
          controller.close()
        },
      })
    for (const wrap of [sized, (bytes: number) => chunked(sized(bytes))]) {
      for (const [bytes, status, token] of [
        [1_048_576, 200, 'ann.1'],
        [1_048_577, 413, 'ann.1'],
        [5_000_000, 413, 'ann.1'],
        [131_072, 200, null],
        [131_073, 413, null],
        [131_073, 413, 'expired'],
        [100, 200, null],
      ] as const) {
        const headers = { ...json, ...(token !== null && { authorization: `Bearer ${token}` }) }
        const init = { method: 'POST', headers, body: wrap(bytes), duplex: 'half' }
        const response = await fetch(`${toy.url}/graphql`, init)
        expect([bytes, token, response.status]).toEqual([bytes, token, status])
        const answer = (await response.json()) as Answer
        if (status === 413) expect(answer.errors?.[0]?.extensions.code).toBe('VALIDATION_ERROR')
      }
    }
  })

  it('sets and clears the refresh cookie', async () => {
    const set = await toy.post('mutation { logIn(token: "r/1") }')
    expect(set.headers.get('set-cookie')).toBe(
      'parley_refresh=r%2F1; Max-Age=3600; Path=/graphql; HttpOnly; SameSite=Strict',
    )
    const cleared = await toy.post('mutation { logIn }')
    expect(cleared.headers.get('set-cookie')).toContain('parley_refresh=; Max-Age=0; Path=/graphql; HttpOnly')
    const production = createToy({ secure: true })
    await production.start()
    expect((await production.post('mutation { logIn(token: "x") }')).headers.get('set-cookie')).toContain('; Secure')
    await production.stop()
  })

  it('lets any origin in without the cookie, or the named ones with it', async () => {
    const origin = 'https://app.example'
    const open = await toy.post('{ hello }', { headers: { origin } })
    expect(open.headers.get('access-control-allow-origin')).toBe(origin)
    expect(open.headers.get('access-control-allow-credentials')).toBeNull()
    const strict = createToy({ corsOrigins: [origin, 'https://other.example'] })
    await strict.start()
    const named = await strict.post('{ hello }', { headers: { origin } })
    expect(named.headers.get('access-control-allow-origin')).toBe(origin)
    expect(named.headers.get('access-control-allow-credentials')).toBe('true')
    const foreign = await strict.post('{ hello }', { headers: { origin: 'https://evil.example' } })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    await strict.stop()
  })

  it('answers /, /health and unknown paths', async () => {
    const root = await fetch(toy.url, { redirect: 'manual' })
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql'])
    expect((await fetch(`${toy.url}/health/live`)).status).toBe(200)
    const ready = await fetch(`${toy.url}/health/ready`)
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, checks: { database: 'ok' } }])
    expect((await fetch(`${toy.url}/nope`)).status).toBe(404)
    let checkCount = 0
    const health = () => {
      checkCount++
      return Promise.resolve({ ready: false, checks: { database: 'unreachable' } })
    }
    const sick = createToy({ health })
    await sick.start()
    const startMs = performance.now()
    const asking = Array.from({ length: 100 }, async () => (await fetch(`${sick.url}/health/ready`)).status)
    expect(new Set(await Promise.all(asking))).toEqual(new Set([503]))
    // Anybody may ask as often as they like.
    expect(checkCount).toBeLessThanOrEqual(1 + (performance.now() - startMs) / 100)
    await sick.stop()
  })

  it('never answers with a stack, also not to a strange Host header', async () => {
    const sent = httpRequest(`${toy.url}/graphql?query={hello}`, { headers: { host: 'a b^^:x' } }).end()
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
    expect(response.statusCode).toBe(200)
    response.resume()
  })

  it('serves GraphiQL to browsers, with its scripts, the starter tabs and the token for its WebSocket', async () => {
    const page = await (await fetch(`${toy.url}/graphql`, { headers: { accept: 'text/html' } })).text()
    expect(page).toContain('mutation RegisterTwoPeople')
    expect(page).toContain('PASTE_ACCESS_TOKEN')
    expect(page).toContain('"subscriptionsProtocol":"WS"')
    expect(page).toContain('connectionParams: readAuthorization')
    // Else the first click on each tab is lost.
    expect(page).toContain('.graphiql-tab { transform: none !important }')
    // What readAuthorization relies on inside GraphiQL.
    const [, address = ''] = /<script src="([^"]+)"/.exec(page) ?? []
    const script = await (await fetch(`${toy.url}/graphql${address}`)).text()
    expect(script).toContain('globalThis.__MONACO=')
    expect(script).toContain('"request-headers.json"')
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/)
    const off = createToy({ graphiql: 'off' })
    await off.start()
    const answer = await fetch(`${off.url}/graphql`, { headers: { accept: 'text/html,*/*' } })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Must provide query string')])
    await off.stop()
  })

  it('counts the placeholder in GraphiQL as no token', async () => {
    expect(await toy.ask('{ who }', { headers: { authorization: 'Bearer PASTE_ACCESS_TOKEN' } })).toEqual({
      data: { who: null },
    })
  })

  it('rejects with the error of node when the port is taken', async () => {
    const port = Number(new URL(toy.url).port)
    const other = createToy()
    await expect(other.transport.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE', port })
    await other.stop()
  })
})

describe('stopping', () => {
  it('finishes requests, cuts streams and sends sockets away to come back', async () => {
    const { closed, acknowledged } = await toy.openSocket()
    await acknowledged
    const stream = await toy.post('subscription { events }', { headers: { accept: 'text/event-stream' } })
    const streamed = stream.text().catch(() => 'cut')
    const slow = toy.ask('{ slow }')
    await delay(100)
    const stopping = toy.transport.stop(3_000)
    expect(await closed).toBe(closeCodes.GOING_AWAY)
    expect(await streamed).toBe('cut')
    expect(await slow).toEqual({ data: { slow: 'done' } })
    await stopping
    await expect(fetch(toy.url)).rejects.toThrow()
  })

  it('cuts off what takes longer than the grace', async () => {
    const frozen = await toy.openSocket()
    await frozen.acknowledged
    frozen.socket.pause()
    const slow = toy.ask('{ slow }').catch(() => 'cut')
    await delay(50)
    await toy.transport.stop(150)
    expect(await slow).toBe('cut')
    frozen.socket.terminate()
  })
})
