import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { selfSignedTls, startNginx } from '../testkit/nginx.ts'
import { newKey } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const password = 'correct horse battery'
const register = `mutation ($input: RegisterInput!) { register(input: $input) { __typename } }`
const login = `mutation ($input: LoginInput!) { login(input: $input) { __typename } }`
const refresh = 'mutation { refreshSession { __typename } }'

/** What nginx is to write; the names are those of its documentation. */
const headers = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`
/** As docs/operations.md has it, for a server of the tests. */
const documented = (upstream: string) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const location = /^ {2}location \/chat\/ \{\n.*?^ {2}\}$/ms.exec(text)?.[0] ?? ''
  expect(location).toContain('http://127.0.0.1:4000/;')
  return location.replace('http://127.0.0.1:4000', upstream)
}

let database: TestDatabase
/** Behind everything that nginx serves here, but where a test says otherwise. */
let server: ServerProcess
/** Where nginx serves it. */
let urls: Record<'tls' | 'plain' | 'twice' | 'partial', string>
beforeAll(async () => {
  database = await createTestDatabase()
  server = await start({ TRUST_PROXY: '127.0.0.1, 127.0.0.8/30' })
  const upstream = `http://127.0.0.1:${portOf(server)}`
  const tls = selfSignedTls()
  const [tlsPort, plainPort, outerPort, , partialPort] = await startNginx(
    5,
    (tlsOwn = 0, plain = 0, outer = 0, inner = 0, partial = 0) => `
  server {
    listen 127.0.0.1:${tlsOwn} ssl;
    ${tls}
    ${documented(upstream)}
  }
  server {
    listen 127.0.0.1:${plain};
    ${documented(upstream)}
  }
  server {
    listen 127.0.0.1:${outer} ssl;
    ${tls}
    location /team/ {
      proxy_pass http://127.0.0.1:${inner}/chat/;${headers}
      proxy_bind 127.0.0.9;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Prefix /team;
    }
  }
  server {
    listen 127.0.0.1:${inner};
    location /chat/ {
      proxy_pass ${upstream}/;${headers}
      proxy_set_header X-Forwarded-Prefix "$http_x_forwarded_prefix, /";
    }
  }
  server {
    listen 127.0.0.1:${partial};
    location / { proxy_pass ${upstream};${headers} }
  }`,
  )
  urls = {
    tls: `https://127.0.0.1:${tlsPort}/chat/graphql`,
    plain: `http://127.0.0.1:${plainPort}/chat/graphql`,
    twice: `https://127.0.0.1:${outerPort}/team/graphql`,
    partial: `http://127.0.0.1:${partialPort}/graphql`,
  }
})

const start = (env: Record<string, string>) =>
  startServer({ databaseUrl: database.url, env: { RATE_LIMITS: 'on', ...env } })
const portOf = ({ url }: ServerProcess) => new URL(url).port

interface Sent {
  body?: object
  headers?: Record<string, string | string[]>
  /** The client's own address. */
  from?: string
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json: { data?: Record<string, { __typename: string }>; errors?: { extensions: { code: string } }[] }
}

async function send(url: string, { body, headers, from = '127.0.0.2' }: Sent = {}): Promise<Answer> {
  const options = { localAddress: from, rejectUnauthorized: false, agent: false, headers: { ...headers } }
  if (body) Object.assign(options.headers, { 'content-type': 'application/json' })
  const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
    ...options,
    method: body ? 'POST' : 'GET',
  })
  request.end(body && JSON.stringify(body))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  const json = response.headers['content-type']?.includes('json') ? (JSON.parse(text) as Answer['json']) : {}
  return { status: response.statusCode ?? 0, headers: response.headers, text, json }
}

const outcomeOf = ({ json: { data, errors } }: Pick<Answer, 'json'>) =>
  errors?.[0]?.extensions.code ?? Object.values(data ?? {})[0]?.__typename

const loginWith = (handle: string, word: string, sent: Sent = {}): Sent => ({
  ...sent,
  body: { query: login, variables: { input: { handle, password: word } } },
})

async function signUp(url: string, sent: Sent = {}) {
  const handle = `p_${newKey().slice(0, 8)}`
  const input = { handle, displayName: 'Somebody', password }
  const answer = await send(url, { ...sent, body: { query: register, variables: { input } } })
  expect(outcomeOf(answer)).toBe('RegisterSuccess')
  const [cookie = ''] = answer.headers['set-cookie'] ?? []
  return { handle, cookie }
}

const clients: { dispose: () => void | Promise<void> }[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
})

/** A login over a WebSocket of its own. */
async function loginBySocket(url: string, handle: string, word: string, { from = '127.0.0.2', headers = {} }: Sent) {
  class Socket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { localAddress: from, rejectUnauthorized: false, headers })
    }
  }
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: Socket, retryAttempts: 0 })
  clients.push(client)
  const results = client.iterate<{ login: { __typename: string } }>({
    query: login,
    variables: { input: { handle, password: word } },
  })
  const { value } = (await results.next()) as { value: Answer['json'] }
  return outcomeOf({ json: value })
}

describe.each([
  ['with TLS', 'tls'],
  ['without', 'plain'],
] as const)('behind nginx at /chat/, %s', (_, name) => {
  test('redirects, cookies and hints are as the client needs them', async () => {
    const url = urls[name]
    const root = await send(url.replace(/graphql$/, ''))
    expect([root.status, root.headers.location]).toEqual([302, '/chat/graphql'])
    expect((await send(url.replace(/graphql$/, 'nothing'))).text).toContain('/chat/graphql')

    const { cookie } = await signUp(url)
    const attributes = cookie.split('; ').slice(1).sort()
    const secure = name === 'tls' ? ['Secure'] : []
    expect(attributes).toEqual(
      ['HttpOnly', 'Max-Age=604800', 'Path=/chat/graphql', 'SameSite=Strict', ...secure].sort(),
    )
    const pair = cookie.split(';', 1)[0] ?? ''
    const again = await send(url, { body: { query: refresh }, headers: { cookie: pair } })
    expect(outcomeOf(again)).toBe('RefreshSessionSuccess')
    expect(again.headers['set-cookie']?.[0]).toContain('; Path=/chat/graphql;')
  })

  test('who guesses passwords locks out themselves and nobody else, by HTTP and by WebSocket', async () => {
    const url = urls[name]
    const { handle } = await signUp(url)
    for (let at = 0; at < 10; at++) {
      // Each time as somebody else, were one to believe it.
      const headers = { 'x-forwarded-for': `198.51.100.${at}`, forwarded: `for=198.51.100.${at}`, 'x-real-ip': '::1' }
      const outcome =
        at % 2 === 0
          ? outcomeOf(await send(url, loginWith(handle, `guess ${at}`, { headers })))
          : await loginBySocket(url, handle, `guess ${at}`, { headers })
      expect(outcome).toBe('InvalidCredentialsError')
    }
    const headers = { 'x-forwarded-for': '198.51.100.99' }
    expect(outcomeOf(await send(url, loginWith(handle, password, { headers })))).toBe('RATE_LIMITED')
    expect(await loginBySocket(url, handle, password, { headers })).toBe('RATE_LIMITED')
    const owner = { from: '127.0.0.3' }
    expect(outcomeOf(await send(url, loginWith(handle, password, owner)))).toBe('LoginSuccess')
    expect(await loginBySocket(url, handle, password, owner)).toBe('LoginSuccess')
  })
})

test('two proxies in a row, the outer one with TLS and a path of its own, tell the address and path of the client', async () => {
  const url = urls.twice
  const { handle, cookie } = await signUp(url)
  expect(cookie).toContain('; Path=/team/graphql;')
  expect(cookie).toMatch(/; Secure/)
  const headers = { 'x-forwarded-for': '127.0.0.10', 'x-forwarded-prefix': '/evil', 'x-forwarded-proto': 'http' }
  for (let at = 0; at < 10; at++) await send(url, loginWith(handle, 'guess', { headers: headers }))
  expect(outcomeOf(await send(url, loginWith(handle, password)))).toBe('RATE_LIMITED')
  expect(outcomeOf(await send(url, loginWith(handle, password, { from: '127.0.0.3' })))).toBe('LoginSuccess')
})

test('a client cannot hide behind a header that its proxy does not write', async () => {
  const url = urls.partial
  const { handle } = await signUp(url)
  const outcomes: unknown[] = []
  for (let at = 0; at < 11; at++) {
    const headers = { forwarded: `for=198.51.100.${at};proto=https` }
    outcomes.push(outcomeOf(await send(url, loginWith(handle, 'guess', { headers }))))
  }
  expect(outcomes.at(-1)).toBe('RATE_LIMITED')
  expect(outcomeOf(await send(url, loginWith(handle, password, { from: '127.0.0.3' })))).toBe('LoginSuccess')
  expect(server.logs().match(/contradict each other/g)).toHaveLength(1)
})

describe('headers of a client whom nobody trusts', () => {
  test.each([
    // There the address of an IPv4 client comes mapped into IPv6.
    ['without TRUST_PROXY, on all addresses', { HOST: '::' }],
    ['with that of another', { TRUST_PROXY: '10.0.0.0/8, 127.0.0.1, ::1' }],
  ])('change nothing, %s', async (_, env) => {
    const { port } = new URL((await start(env)).url)
    const url = `http://127.0.0.1:${port}/graphql`
    const spoof = (at: number) => ({
      'x-forwarded-for': [`198.51.100.${at}`, '127.0.0.1'],
      forwarded: `for=198.51.100.${at};proto=https;host=evil.example`,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-prefix': '/evil',
    })
    const root = await send(new URL('/', url).href, { headers: spoof(1) })
    expect(root.headers.location).toBe('/graphql')
    const { handle, cookie } = await signUp(url, { headers: spoof(1) })
    expect(cookie).toContain('; Path=/graphql;')
    expect(cookie).not.toContain('Secure')
    for (let at = 0; at < 10; at++) await send(url, loginWith(handle, 'guess', { headers: spoof(at) }))
    expect(outcomeOf(await send(url, loginWith(handle, password, { headers: spoof(99) })))).toBe('RATE_LIMITED')
    expect(await loginBySocket(url, handle, password, { headers: spoof(98) })).toBe('RATE_LIMITED')
    expect(outcomeOf(await send(url, loginWith(handle, password, { from: '127.0.0.3' })))).toBe('LoginSuccess')
  })
})

describe('PUBLIC_URL', () => {
  test('is where everything points to, below a proxy that keeps the path and tells nothing', async () => {
    const ours = await start({ PUBLIC_URL: 'https://chat.example.com/chat/' })
    // Printed after the line that the test kit waits for.
    await expect.poll(() => ours.logs()).toContain('https://chat.example.com/chat/graphql')
    const [port] = await startNginx(
      1,
      (own = 0) => `
  server {
    listen 127.0.0.1:${own};
    location /chat/ { proxy_pass http://127.0.0.1:${portOf(ours)};${headers} }
  }`,
    )
    const url = `http://127.0.0.1:${port}/chat/graphql`
    expect((await send(url.replace(/graphql$/, ''))).headers.location).toBe('/chat/graphql')
    expect((await send(url.replace(/graphql$/, 'health/live'))).status).toBe(200)
    const evil = { 'x-forwarded-prefix': '/evil', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' }
    const { handle, cookie } = await signUp(url, { headers: evil })
    expect(cookie).toContain('; Path=/chat/graphql;')
    expect(cookie).toContain('; Secure')
    expect(await loginBySocket(url, handle, password, {})).toBe('LoginSuccess')
    // And without any proxy, below the path and not.
    for (const direct of [ours.url, ours.url.replace('/graphql', '/chat/graphql')]) {
      expect(outcomeOf(await send(direct, loginWith(handle, password)))).toBe('LoginSuccess')
      expect(await loginBySocket(direct, handle, password, {})).toBe('LoginSuccess')
    }
  })

  test('that is not known leaves cookies Secure in production', async () => {
    const { url } = await start({ NODE_ENV: 'production' })
    expect((await signUp(url)).cookie).toContain('; Secure')
  })
})

describe('the printed address', () => {
  test.each([
    ['[::1]', /^http:\/\/\[::1\]:\d+\/graphql$/],
    ['::', /^http:\/\/\[::1\]:\d+\/graphql$/],
  ])('of HOST=%s can be opened', async (host, pattern) => {
    const { url } = await start({ HOST: host })
    expect(url).toMatch(pattern)
    expect((await fetch(new URL('/health/live', url))).status).toBe(200)
  })
})
