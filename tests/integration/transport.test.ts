import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { getIntrospectionQuery } from 'graphql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '../../src/transport/close-codes.ts'
import { createToy, type Toy } from './transport-toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

interface Answer {
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[]
}

const json = { 'content-type': 'application/json' }
const deepQuery = `${'{ deep '.repeat(16)}{ name }${'}'.repeat(16)}`

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

async function ask(query: string, init?: Parameters<Toy['post']>[1]): Promise<Answer> {
  return (await (await toy.post(query, init)).json()) as Answer
}

/** The first result of an operation on a WebSocket; an `error` message comes as { errors }. */
function askSocket(query: string, variables?: Record<string, unknown>, operationName?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    toy.client().subscribe(
      { query, variables, operationName },
      {
        next: (result) => resolve(result as Answer),
        error: (errors) => (Array.isArray(errors) ? resolve({ errors }) : reject(errors as Error)),
        complete: () => undefined,
      },
    )
  })
}

/** A socket that has sent its connection_init. */
async function openSocket(payload?: object) {
  const socket = new WebSocket(toy.url.replace('http', 'ws') + '/graphql', 'graphql-transport-ws')
  const closed = once(socket, 'close').then(([code]) => code as number)
  await once(socket, 'open')
  const send = (message: object) => socket.send(JSON.stringify(message))
  const messages: { type: string; id?: string; payload: unknown }[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as never))
  send({ type: 'connection_init', payload })
  const acknowledged = vi.waitFor(() => expect(messages[0]?.type).toBe('connection_ack'))
  acknowledged.catch(() => undefined)
  return { socket, closed, send, messages, acknowledged }
}

const subscribeTo = (query: string, id = '1') => ({ id, type: 'subscribe', payload: { query } })

describe('HTTP', () => {
  it('answers POST and GET', async () => {
    const query = 'query ($name: String) { hello(name: $name) }'
    expect(await ask(query, { variables: { name: 'Ana' } })).toEqual({ data: { hello: 'Hello, Ana!' } })
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
    expect(strange.headers.get('x-trace-id')).toMatch(/^[\da-f-]{36}$/)
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

  it('takes bodies of 1 MB and not a byte more, chunked or not, and goes on with the connection', async () => {
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
      for (const [bytes, status] of [
        [1_048_576, 200],
        [1_048_577, 413],
        [5_000_000, 413],
        [100, 200],
      ] as const) {
        const init = { method: 'POST', headers: json, body: wrap(bytes), duplex: 'half' }
        const response = await fetch(`${toy.url}/graphql`, init)
        expect([bytes, response.status]).toEqual([bytes, status])
        const answer = (await response.json()) as Answer
        if (status === 413) expect(answer.errors?.[0]?.extensions.code).toBe('VALIDATION_ERROR')
      }
    }
  })

  it('sets and clears the refresh cookie', async () => {
    const set = await toy.post('mutation { logIn(token: "r/1") }')
    expect(set.headers.get('set-cookie')).toBe(
      'parley_refresh=r%2F1; Max-Age=3600; HttpOnly; SameSite=Strict; Path=/graphql',
    )
    const cleared = await toy.post('mutation { logIn }')
    expect(cleared.headers.get('set-cookie')).toContain('parley_refresh=; Max-Age=0; HttpOnly')
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
    const sick = createToy({ health: () => Promise.resolve({ ready: false, checks: { database: 'unreachable' } }) })
    await sick.start()
    expect((await fetch(`${sick.url}/health/ready`)).status).toBe(503)
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
    // What readAuthorization relies on inside GraphiQL.
    expect(page).toContain('globalThis.__MONACO=')
    expect(page).toContain('"request-headers.json"')
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/)
    const off = createToy({ graphiql: false })
    await off.start()
    const answer = await fetch(`${off.url}/graphql`, { headers: { accept: 'text/html,*/*' } })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Must provide query string')])
    await off.stop()
  })

  it('counts the placeholder in GraphiQL as no token', async () => {
    expect(await ask('{ who }', { headers: { authorization: 'Bearer PASTE_ACCESS_TOKEN' } })).toEqual({
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

describe('errors', () => {
  const operations: [string, string, Record<string, unknown>, Record<string, unknown>?, string?][] = [
    ['an unexpected error', '{ fail(how: "unexpected") }', { code: 'INTERNAL', retryable: false }],
    ['a value no Int can hold', '{ badInt }', { code: 'INTERNAL', retryable: false }],
    ['a lost database', '{ fail(how: "database") }', { code: 'UNAVAILABLE', retryable: true, retryAfterMs: 1000 }],
    ['what is not found', '{ fail(how: "notFound") }', { code: 'NOT_FOUND', retryable: false }],
    ['a rate limit', '{ fail(how: "limited") }', { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2500 }],
    [
      'a refused value',
      '{ fail(how: "invalid") }',
      { code: 'VALIDATION_ERROR', fields: [{ path: ['input', 'text'] }] },
    ],
    ['an id that is none', '{ fail(how: "pothos") }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a syntax error', '{ hello', { code: 'VALIDATION_ERROR', fields: [] }],
    ['an unknown field', '{ nope }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a wrong literal', '{ even(n: 3) }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a wrong variable', 'query ($n: Even!) { even(n: $n) }', { code: 'VALIDATION_ERROR', fields: [] }, { n: 3 }],
    ['a missing variable', 'query ($n: Even!) { even(n: $n) }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['an unknown operation', 'query A { hello } query B { hello }', { code: 'VALIDATION_ERROR', fields: [] }, {}, 'C'],
    ['too deep a query', deepQuery, { code: 'QUERY_TOO_COMPLEX', retryable: false }],
    [
      'too many aliases',
      `{ ${Array.from({ length: 51 }, (_, n) => `a${n}: hello`).join(' ')} }`,
      { code: 'QUERY_TOO_COMPLEX' },
    ],
    ['too many tokens', `{ ${'hello '.repeat(2_000)} }`, { code: 'QUERY_TOO_COMPLEX', retryable: false }],
  ]

  it.each(operations)(
    'are the same by HTTP and WebSocket for %s',
    async (_name, query, extensions, variables, operationName) => {
      const byHttp = await ask(query, { variables, operationName })
      const bySocket = await askSocket(query, variables, operationName)
      const [error] = byHttp.errors ?? []
      expect(error?.extensions).toMatchObject(extensions)
      expect(error?.extensions.traceId).toEqual(expect.any(String))
      expect(JSON.stringify([byHttp, bySocket])).not.toMatch(/secret|stack|originalError|"http"/)
      const comparable = ({ errors, ...rest }: Answer) => ({
        ...rest,
        errors: errors?.map((one) => {
          const traceId = String(one.extensions.traceId)
          return { ...one, message: one.message.replace(traceId, 'T'), extensions: { ...one.extensions, traceId: 'T' } }
        }),
      })
      expect(comparable(bySocket)).toEqual(comparable(byHttp))
    },
  )

  it('are logged with their stack and trace id when they are masked', async () => {
    const { errors } = await ask('{ fail(how: "unexpected") }')
    const [line] = toy.logLines
    expect(line).toMatchObject({
      traceId: errors?.[0]?.extensions.traceId,
      path: ['fail'],
      err: { message: 'secret detail' },
    })
    expect((line?.err as { stack: string }).stack).toContain('transport-toy.ts')
    expect(errors?.[0]?.message).toContain(String(errors?.[0]?.extensions.traceId))
  })

  it('of a refused token answer UNAUTHENTICATED', async () => {
    for (const authorization of ['Bearer expired', 'Basic abc', 'Bearer']) {
      expect((await ask('{ hello }', { headers: { authorization } })).errors?.[0]?.extensions.code).toBe(
        'UNAUTHENTICATED',
      )
    }
    const accept = 'application/graphql-response+json'
    expect((await toy.post('{ hello }', { headers: { authorization: 'Bearer expired', accept } })).status).toBe(401)
  })

  it('keep introspection for GraphiQL, and off where it is off', async () => {
    const query = getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, oneOf: true })
    expect((await ask(query)).errors).toBeUndefined()
    const closed = createToy({ introspection: false })
    await closed.start()
    const { errors } = (await (await closed.post('{ __schema { queryType { name } } }')).json()) as Answer
    expect(errors?.[0]?.extensions.code).toBe('VALIDATION_ERROR')
    expect(((await (await closed.post('{ __typename }')).json()) as Answer).data).toEqual({ __typename: 'Query' })
    await closed.stop()
  })
})

describe('server-sent events', () => {
  async function openStream(query: string, headers?: Record<string, string>) {
    const response = await toy.post(query, { headers: { accept: 'text/event-stream', ...headers } })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const cut = (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return 'ended'
        text += value
      }
    })().catch(() => 'cut')
    return { response, reader, cut, text: () => text }
  }

  it('stream events, with errors in the middle masked, until complete', async () => {
    const stream = await openStream('subscription { events }')
    const source = toy.sources[0]!
    source.push('one')
    source.push('throw')
    source.push('two')
    await vi.waitFor(() => expect(stream.text()).toContain('{"data":{"events":"two"}}'))
    expect(stream.text()).toContain('{"data":{"events":"one"}}')
    expect(stream.text()).toContain('"code":"INTERNAL"')
    expect(stream.text()).not.toContain('secret')
    await vi.waitFor(() => expect(stream.text().match(/^:$/gm)?.length).toBeGreaterThan(1), 2_000)
    void source.return()
    expect(await stream.cut).toBe('ended')
    expect(stream.text()).toContain('event: complete')
  })

  it('report a failed start, and end once when the source fails', async () => {
    const failed = await openStream('subscription { events(failAtStart: "notFound") }')
    expect(await failed.cut).toBe('ended')
    expect(failed.text()).toContain('"code":"NOT_FOUND"')
    const broken = await openStream('subscription { events }')
    const source = toy.sources[0]!
    const error = Object.assign(new Error('secret'), { code: 'ECONNRESET' })
    source.next = () => Promise.reject(error)
    source.push('one')
    expect(await broken.cut).toBe('ended')
    expect(broken.text().match(/"code":"UNAVAILABLE"/g)).toHaveLength(1)
  })

  it('end their source when the client goes, though it waits for the next event', async () => {
    const stream = await openStream('subscription { events }', { authorization: 'Bearer ana.s1' })
    expect(toy.listenersOf('s1')).toBe(1)
    await stream.reader.cancel()
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
    await vi.waitFor(() => expect(toy.listenersOf('s1')).toBe(0))
  })

  it('need an Accept header, and leave nothing running without one', async () => {
    const response = await toy.post('subscription { events }', { headers: { accept: 'application/json' } })
    expect(response.status).toBe(406)
    expect(toy.sources[0]?.returned).toBe(true)
  })

  it('are cut, not completed, when the session ends', async () => {
    const stream = await openStream('subscription { events }', { authorization: 'Bearer ana.s1' })
    toy.endSession('s1')
    expect(await stream.cut).toBe('cut')
    expect(stream.text()).not.toContain('complete')
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
  })
})

describe('WebSocket', () => {
  it('streams events with the viewer of connection_init, whatever the case of its key', async () => {
    const client = toy.client({ connectionParams: { Authorization: 'Bearer ana.s1' } })
    const results = client.iterate({ query: 'subscription { events }' })
    const first = results.next()
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    toy.sources[0]?.push('one')
    expect((await first).value).toEqual({ data: { events: 'one' } })
    const who = client.iterate({ query: '{ who init }' })
    const { data } = (await who.next()).value as { data: { who: string; init: string } }
    expect(data.who).toBe('ana')
    expect(JSON.parse(data.init)).toMatchObject({ ws: true, cookie: null, ip: '127.0.0.1' })
    await results.return?.()
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
  })

  it('builds a context for each operation with the viewer checked at connect, also after the token has expired', async () => {
    const client = toy.client({ connectionParams: { authorization: 'Bearer ana.s1' }, lazyCloseTimeout: 1_000 })
    for (let n = 0; n < 2; n += 1) await client.iterate({ query: '{ who }' }).next()
    expect(toy.inits.map(({ viewer }) => viewer?.userId)).toEqual([undefined, 'ana', 'ana'])
    expect(new Set(toy.inits.map(({ traceId }) => traceId)).size).toBe(3)
  })

  it('lets a socket without a token in, as nobody', async () => {
    expect(await askSocket('{ who }')).toEqual({ data: { who: null } })
  })

  it.each([
    ['expired', 'Bearer expired', closeCodes.FORBIDDEN],
    ['malformed', 'Basic abc', closeCodes.FORBIDDEN],
    ['no text', 42, closeCodes.FORBIDDEN],
    ['uncheckable because the database is away', 'Bearer broken', closeCodes.TRY_AGAIN_LATER],
  ])('closes when the token is %s, with a code after which clients reconnect', async (_name, authorization, code) => {
    const { closed } = await openSocket({ authorization })
    expect(await closed).toBe(code)
    let attempt = 0
    const client = toy.client({
      retryAttempts: 3,
      retryWait: () => Promise.resolve(),
      connectionParams: () => Promise.resolve({ authorization: attempt++ === 0 ? authorization : 'Bearer ana.s1' }),
    })
    expect((await client.iterate({ query: '{ who }' }).next()).value).toEqual({ data: { who: 'ana' } })
    expect(attempt).toBe(2)
  })

  it('closes all sockets of an ended session, with a code after which clients give up', async () => {
    const retryWait = vi.fn(() => Promise.resolve())
    const client = toy.client({ retryAttempts: 5, retryWait, connectionParams: { authorization: 'Bearer ana.s1' } })
    const ended = client
      .iterate({ query: 'subscription { events }' })
      .next()
      .catch((event: unknown) => event)
    const other = await openSocket({ authorization: 'Bearer bo.s2' })
    await other.acknowledged
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    toy.endSession('s1')
    expect(await ended).toMatchObject({ code: closeCodes.SESSION_ENDED })
    expect(retryWait).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
    expect(toy.listenersOf('s1')).toBe(0)
    expect(other.socket.readyState).toBe(WebSocket.OPEN)
    other.socket.close()
  })

  it('sends a failed start as an `error` message, and errors of an event beside its data', async () => {
    const { send, messages, acknowledged, socket } = await openSocket()
    await acknowledged
    send(subscribeTo('subscription { events(failAtStart: "notFound") }', 'a'))
    await vi.waitFor(() => expect(messages).toHaveLength(2))
    expect(messages[1]).toMatchObject({ id: 'a', type: 'error', payload: [{ extensions: { code: 'NOT_FOUND' } }] })
    send(subscribeTo('subscription { events }', 'b'))
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    toy.sources[0]?.push('throw')
    await vi.waitFor(() => expect(messages).toHaveLength(3))
    expect(messages[2]).toMatchObject({
      id: 'b',
      type: 'next',
      payload: { errors: [{ extensions: { code: 'INTERNAL' } }] },
    })
    await vi.waitFor(() => {
      toy.sources[0]?.fail(Object.assign(new Error('secret'), { code: '57P01' }))
      expect(messages).toHaveLength(4)
    })
    expect(messages[3]).toMatchObject({ id: 'b', type: 'error', payload: [{ extensions: { code: 'UNAVAILABLE' } }] })
    expect(JSON.stringify(messages)).not.toContain('secret')
    socket.close()
  })

  it('survives a source whose clean-up fails', async () => {
    const { send, acknowledged, socket, closed } = await openSocket()
    await acknowledged
    send(subscribeTo('subscription { events }'))
    await vi.waitFor(() => expect(toy.sources).toHaveLength(1))
    toy.sources[0]!.returnFails = true
    socket.terminate()
    await closed
    await vi.waitFor(() =>
      expect(toy.logLines.map(({ msg }) => msg)).toContain('A subscription could not be ended cleanly'),
    )
  })

  it('runs 100 operations at once on a socket, and refuses the next', async () => {
    const { send, messages, acknowledged, socket } = await openSocket()
    await acknowledged
    for (let n = 0; n <= 100; n += 1) send(subscribeTo('subscription { events }', String(n)))
    await vi.waitFor(() => expect(messages).toHaveLength(2))
    expect(messages[1]).toMatchObject({
      id: '100',
      type: 'error',
      payload: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }],
    })
    expect(toy.sources).toHaveLength(100)
    send({ id: '0', type: 'complete' })
    await vi.waitFor(() => expect(toy.sources.filter(({ returned }) => returned)).toHaveLength(1))
    send(subscribeTo('{ hello }', 'x'))
    await vi.waitFor(() => expect(messages.at(-1)).toMatchObject({ id: 'x', type: 'complete' }))
    socket.terminate()
  })

  it('closes a socket that does not read, and stops asking its sources', async () => {
    const { send, acknowledged, socket, closed } = await openSocket()
    await acknowledged
    socket.pause()
    for (let n = 0; n < 60; n += 1) send(subscribeTo('subscription { events(bigKilobytes: 400) }', String(n)))
    await vi.waitFor(() => expect(toy.sources.length).toBe(60))
    await delay(500)
    const asked = vi.fn(() => Promise.resolve({ value: 'x', done: false }))
    for (const source of toy.sources) source.next = asked
    await delay(500)
    expect(asked).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(toy.sources.every(({ returned }) => returned)).toBe(true), 5_000)
    socket.resume()
    expect([closeCodes.TOO_SLOW, 1006]).toContain(await closed)
  })

  it('closes on a message over 1 MB, on nonsense, and on a second connection_init, and lives on', async () => {
    const big = await openSocket()
    big.send({ type: 'ping', payload: { x: 'x'.repeat(1_048_577) } })
    expect(await big.closed).toBe(closeCodes.MESSAGE_TOO_BIG)
    const nonsense = await openSocket()
    nonsense.socket.send('nonsense')
    expect(await nonsense.closed).toBe(closeCodes.BAD_REQUEST)
    const twice = await openSocket()
    twice.send({ type: 'connection_init' })
    expect(await twice.closed).toBe(closeCodes.TOO_MANY_INIT_REQUESTS)
    const raw = connect(Number(new URL(toy.url).port), '127.0.0.1')
    raw.write('GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    await once(raw, 'data')
    raw.resetAndDestroy()
    expect(await askSocket('{ hello }')).toEqual({ data: { hello: 'Hello, you!' } })
  })

  it('is found at /graphql only', async () => {
    const socket = new WebSocket(toy.url.replace('http', 'ws') + '/other', 'graphql-transport-ws')
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('404')
  })
})

describe('stopping', () => {
  it('finishes requests, cuts streams and sends sockets away to come back', async () => {
    const { closed, acknowledged } = await openSocket()
    await acknowledged
    const stream = await toy.post('subscription { events }', { headers: { accept: 'text/event-stream' } })
    const streamed = stream.text().catch(() => 'cut')
    const slow = ask('{ slow }')
    await delay(100)
    const stopping = toy.transport.stop(3_000)
    expect(await closed).toBe(closeCodes.GOING_AWAY)
    expect(await streamed).toBe('cut')
    expect(await slow).toEqual({ data: { slow: 'done' } })
    await stopping
    await expect(fetch(toy.url)).rejects.toThrow()
  })

  it('cuts off what takes longer than the grace', async () => {
    const frozen = await openSocket()
    await frozen.acknowledged
    frozen.socket.pause()
    const slow = ask('{ slow }').catch(() => 'cut')
    await delay(50)
    const before = Date.now()
    await toy.transport.stop(150)
    expect(Date.now() - before).toBeLessThan(350)
    expect(await slow).toBe('cut')
    frozen.socket.terminate()
  })
})
