import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createToy, type Answer, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const named = ['https://app.example', 'https://other.example']
let toy: Toy
let strict: Toy
beforeAll(async () => {
  toy = createToy()
  strict = createToy({ corsOrigins: named, graphiql: 'off' })
  await Promise.all([toy.start(), strict.start()])
})
afterAll(() => Promise.all([toy.stop(), strict.stop()]))

type Packed = Buffer<ArrayBuffer>
const brotli = (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
const gzip = (body: string | Buffer) => gzipSync(body)

const json = { 'content-type': 'application/json' }
const hello = JSON.stringify({ query: '{ hello(name: "Ünï 🙂") }' })
const greeting = { data: { hello: 'Hello, Ünï 🙂!' } }

const post = async (body: BodyInit, headers: Record<string, string>) => {
  const response = await fetch(`${toy.url}/graphql`, { method: 'POST', headers: { ...json, ...headers }, body })
  return { status: response.status, headers: response.headers, answer: (await response.json()) as Answer }
}

describe('a body', () => {
  it.each([
    ['gzip', gzip],
    ['x-gzip', gzip],
    ['GZIP', gzip],
    ['deflate', (body: Buffer) => deflateSync(body)],
    ['br', brotli],
    ['identity', (body: Buffer) => body as Packed],
  ])('packed as %s is unpacked', async (encoding, pack) => {
    const { status, answer } = await post(pack(Buffer.from(hello)), { 'content-encoding': encoding })
    expect([status, answer]).toEqual([200, greeting])
    const events = await fetch(`${toy.url}/graphql`, {
      method: 'POST',
      headers: { ...json, accept: 'text/event-stream', 'content-encoding': encoding },
      body: pack(Buffer.from(hello)),
    })
    expect(await events.text()).toContain('Ünï 🙂')
  })

  it.each(['compress', 'zstd', 'gzip, gzip', 'constructor', 'x'])(
    'packed as %s is refused with 415, which names what is taken, and the connection goes on',
    async (encoding) => {
      const { status, headers, answer } = await post(gzip(hello), { 'content-encoding': encoding })
      expect([status, answer.errors?.[0]?.extensions.code]).toEqual([415, 'VALIDATION_ERROR'])
      expect(headers.get('accept-encoding')).toBe('gzip, deflate, br')
      expect((await post(hello, {})).answer).toEqual(greeting)
    },
  )

  it.each([
    ['gzip', gzip],
    ['br', brotli],
  ])('that unpacks to more than 1 MB is refused with 413, unread: %s', async (encoding, pack) => {
    const sized = (bytes: number) => pack(Buffer.from(hello + ' '.repeat(bytes - Buffer.byteLength(hello))))
    const headers = { 'content-encoding': encoding, authorization: 'Bearer ann.1' }
    expect((await post(sized(1_048_576), headers)).status).toBe(200)
    expect((await post(sized(1_048_577), headers)).status).toBe(413)
    expect((await post(sized(131_072), { 'content-encoding': encoding })).status).toBe(200)
    expect((await post(sized(131_073), { 'content-encoding': encoding })).status).toBe(413)
    const before = process.memoryUsage().rss
    const bomb = pack(Buffer.alloc(100 * 1_048_576))
    const { status, answer } = await post(bomb, { 'content-encoding': encoding })
    expect([status, answer.errors?.[0]?.extensions.code]).toEqual([413, 'VALIDATION_ERROR'])
    // The bomb's own making takes 100 MB in this process.
    expect(process.memoryUsage().rss - before).toBeLessThan(180 * 1_048_576)
    expect((await post(hello, {})).answer).toEqual(greeting)
  })

  it('that is not packed as it says, or only begins to be, is refused with 400', async () => {
    const whole = gzip(hello)
    for (const body of [Buffer.from(hello), whole.subarray(0, -12), whole.subarray(0, 12)]) {
      const { status, answer } = await post(body, { 'content-encoding': 'gzip' })
      expect([status, answer.errors?.[0]?.message]).toEqual([400, expect.stringContaining('content-encoding')])
    }
    expect((await post(hello, {})).answer).toEqual(greeting)
  })

  it('may begin with a byte order mark, packed or not', async () => {
    const marked = `\ufeff${hello}`
    expect((await post(marked, {})).answer).toEqual(greeting)
    expect((await post(gzip(marked), { 'content-encoding': 'gzip' })).answer).toEqual(greeting)
    expect((await post(`\ufeff\ufeff${hello}`, {})).status).toBe(400)
  })

  it('is UTF-8, and no other character set is taken for it', async () => {
    for (const charset of ['utf-8', '"UTF-8"', 'utf8', 'us-ascii']) {
      expect((await post(hello, { 'content-type': `application/json; charset=${charset}` })).answer).toEqual(greeting)
    }
    for (const charset of ['utf-16', 'iso-8859-1', 'latin1', 'utf-7']) {
      expect((await post(hello, { 'content-type': `application/json; charset=${charset}` })).status).toBe(415)
    }
    for (const type of ['application/json-patch+json', 'application/jsonp', 'text/json']) {
      expect((await post(hello, { 'content-type': type })).status).toBe(415)
    }
    const latin = Buffer.from(JSON.stringify({ query: '{ hello(name: "Ünï") }' }), 'latin1')
    const { status, answer } = await post(latin, {})
    expect([status, answer.errors?.[0]?.message]).toEqual([400, expect.stringContaining('UTF-8')])
  })
})

describe('a target', () => {
  async function raw(lines: readonly string[], body = '') {
    const socket = connect(Number(new URL(toy.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    const length = body ? [`Content-Length: ${Buffer.byteLength(body)}`, 'Content-Type: application/json'] : []
    socket.write([...lines, 'Connection: close', ...length, '', body].join('\r\n'))
    await once(socket, 'close')
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), answer }
  }

  it('may be a whole address, as clients of proxies send it', async () => {
    const at = (path: string) => `http://chat.example:8080${path}`
    const query = await raw([`GET ${at('/graphql?query={hello}')} HTTP/1.1`, 'Host: other.example'])
    expect([query.status, query.answer]).toEqual([200, expect.stringContaining('Hello, you!')])
    const mutation = await raw([`POST ${at('/graphql')} HTTP/1.1`, 'Host: x'], hello)
    expect(mutation.answer).toContain('Ünï 🙂')
    expect((await raw([`GET ${at('/health/ready')} HTTP/1.1`, 'Host: x'])).status).toBe(200)
    expect((await raw([`GET ${at('')} HTTP/1.1`, 'Host: x'])).status).toBe(302)
    expect((await raw([`GET ${at('/nowhere')} HTTP/1.1`, 'Host: x'])).status).toBe(404)
  })

  it('of a WebSocket may be a whole address', async () => {
    const socket = connect(Number(new URL(toy.url).port), '127.0.0.1')
    socket.write(
      'GET http://chat.example/graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    )
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 101 /)
    socket.destroy()
  })

  it('that is no path is answered in order', async () => {
    for (const target of ['*', 'ftp://x/graphql', 'http://', '//chat.example/graphql', '/graphql%2f']) {
      expect([target, (await raw([`OPTIONS ${target} HTTP/1.1`, 'Host: x'])).status]).toEqual([target, 404])
    }
  })

  it('may end with a slash: /graphql/ and /health/ready/, by HTTP and WebSocket', async () => {
    expect(await (await fetch(`${toy.url}/graphql/?query={hello}`)).json()).toEqual({ data: { hello: 'Hello, you!' } })
    const posted = await fetch(`${toy.url}/graphql/`, { method: 'POST', headers: json, body: hello })
    expect([posted.redirected, await posted.json()]).toEqual([false, greeting])
    const page = await fetch(`${toy.url}/graphql/`, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toContain('text/html')
    expect((await fetch(`${toy.url}/health/ready/`)).status).toBe(200)
    expect((await fetch(`${toy.url}/graphql//`)).status).toBe(404)
    const socket = new WebSocket(`${toy.url.replace('http', 'ws')}/graphql/`, 'graphql-transport-ws')
    await once(socket, 'open')
    socket.terminate()
  })
})

describe('every answer', () => {
  const list = (value: string | undefined) => (value ?? '').toLowerCase().split(/,\s*/)

  async function headersOf(at: Toy, path: string, headers: Record<string, string> = {}, method = 'GET', body = '') {
    const sent = httpRequest(at.url + path, { method, headers })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    if (response.headers['content-type'] === 'text/event-stream' && !body.includes('hello')) response.destroy()
    else await text(response)
    return response
  }

  const query = JSON.stringify({ query: '{ hello }' })
  const asked: [string, string, Record<string, string>, string?, string?][] = [
    ['a query', '/graphql', json, 'POST', query],
    ['a query by GET', '/graphql?query={hello}', {}],
    ['one of a viewer', '/graphql?query={who}', { authorization: 'Bearer ana.s1' }],
    ['a failing query', '/graphql', json, 'POST', JSON.stringify({ query: '{ fail(how: "unexpected") }' })],
    ['a mistake', '/graphql', { ...json, accept: 'application/graphql-response+json' }, 'POST', '{"query":"{ nope }"}'],
    ['no JSON', '/graphql', json, 'POST', '{nope'],
    ['too much', '/graphql', json, 'POST', ' '.repeat(1_100_000)],
    ['a wrong type', '/graphql', { 'content-type': 'text/plain' }, 'POST', 'x'],
    ['a wrong encoding', '/graphql', { ...json, 'content-encoding': 'x' }, 'POST', 'x'],
    ['a wrong method', '/graphql', {}, 'DELETE'],
    ['a mutation by GET', '/graphql?query=mutation{logIn}', {}],
    ['nothing acceptable', '/graphql?query={hello}', { accept: 'image/png' }],
    ['a subscription that is not taken', '/graphql', json, 'POST', '{"query":"subscription { events }"}'],
    [
      'server-sent events',
      '/graphql',
      { ...json, accept: 'text/event-stream' },
      'POST',
      '{"query":"subscription { events }"}',
    ],
    ['a query by events', '/graphql', { ...json, accept: 'text/event-stream' }, 'POST', query],
    [
      'a refusal by events',
      '/graphql?query=subscription{events(failAtStart:"notFound")}',
      { accept: 'text/event-stream' },
    ],
    ['a preflight', '/graphql', { 'access-control-request-method': 'POST' }, 'OPTIONS'],
  ]

  it.each(asked)(
    'is for nobody to keep, and says what it depends on: %s',
    async (_name, path, headers, method, body) => {
      for (const at of [toy, strict]) {
        for (const origin of [undefined, ...named, 'https://evil.example']) {
          const response = await headersOf(at, path, { ...headers, ...(origin && { origin }) }, method, body)
          expect(list(response.headers['cache-control'])).toEqual(expect.arrayContaining(['private', 'no-store']))
          expect(response.headers['x-content-type-options']).toBe('nosniff')
          expect(list(response.headers.vary)).toEqual(
            expect.arrayContaining(['origin', 'accept', 'authorization', 'cookie']),
          )
          const isLetIn = origin !== undefined && (at === toy || named.includes(origin))
          expect(response.headers['access-control-allow-origin']).toBe(isLetIn ? origin : undefined)
          expect(response.headers['access-control-allow-credentials']).toBe(
            isLetIn && at === strict ? 'true' : undefined,
          )
        }
      }
    },
  )

  it.each(['/', '/nowhere', '/health/live', '/health/ready'])(
    'of the other paths is for nobody to keep: %s',
    async (path) => {
      expect((await headersOf(toy, path)).headers['cache-control']).toBe('private, no-store')
    },
  )

  it('to a preflight lets named origins send what they ask to send', async () => {
    const headers = {
      origin: named[1] ?? '',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, authorization',
    }
    const { statusCode, headers: got } = await headersOf(strict, '/graphql', headers, 'OPTIONS')
    expect(statusCode).toBe(204)
    expect(got).toMatchObject({
      'access-control-allow-origin': named[1],
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type, authorization',
    })
    expect(list(got.vary)).toContain('access-control-request-headers')
  })
})

describe('a WebSocket', () => {
  const own = () => new URL(strict.url).host
  const opening = (at: Toy, headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${at.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
      socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode))
      socket.on('open', () => {
        resolve(101)
        socket.terminate()
      })
      socket.on('error', () => undefined)
    })

  it.each<[string, () => Record<string, string>, number]>([
    ['of a page of a named origin opens', () => ({ origin: named[1] ?? '' }), 101],
    ['of a page of the server itself opens', () => ({ origin: `http://${own()}` }), 101],
    // As behind a proxy of which nothing is known: the page's host is the one that the browser asks.
    ['of a page of the same host by HTTPS opens', () => ({ origin: `https://${own()}` }), 101],
    ['of what is no browser opens', () => ({}), 101],
    ['of a page that nobody named is refused', () => ({ origin: 'https://evil.example' }), 403],
    ['of a page at another port of the host is refused', () => ({ origin: 'http://127.0.0.1:1' }), 403],
    ['of a name that begins like a named one is refused', () => ({ origin: `${named[0] ?? ''}.evil.example` }), 403],
    ['of a page without an origin is refused', () => ({ origin: 'null' }), 403],
    ['of an origin that is none is refused', () => ({ origin: 'evil' }), 403],
    [
      'that asks for a host that is none is refused',
      () => ({ origin: 'https://evil.example', host: '1.2.3.999' }),
      403,
    ],
  ])('%s where origins are named', async (_name, headers, status) => {
    expect(await opening(strict, headers())).toBe(status)
  })

  it('of any page opens where none are named', async () => {
    expect(await opening(toy, { origin: 'https://evil.example' })).toBe(101)
  })

  it('of a page at the public address opens, whatever the proxy has made of the host', async () => {
    const behind = createToy({ corsOrigins: named, publicUrl: 'https://chat.example.com/chat' })
    await behind.start()
    expect(await opening(behind, { origin: 'https://chat.example.com' })).toBe(101)
    expect(await opening(behind, { origin: 'https://chat.example.com:8443' })).toBe(403)
    await behind.stop()
  })
})
