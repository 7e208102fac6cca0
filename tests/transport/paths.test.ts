import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const json = { 'content-type': 'application/json' }
const named = ['https://app.example', 'https://other.example']

interface Case {
  headers?: Record<string, string>
  /** Anything but text is sent as JSON. */
  body: unknown
  path?: string
  method?: string
}

/** The whole answer, but for what says when it was given. */
async function answerOf(toy: Toy, { headers = {}, body, path = '/graphql', method = 'POST' }: Case) {
  const sent = httpRequest(`${toy.url}${path}`, {
    method,
    headers: { ...json, 'x-request-id': 'request-0001', ...headers },
  })
  sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { date, ...rest } = response.headers
  expect(date).toBeDefined()
  return { status: response.statusCode, message: response.statusMessage, headers: rest, body: await text(response) }
}

const graphqlJson = 'application/graphql-response+json'
const failing = ['unexpected', 'database', 'notFound', 'invalid', 'limited', 'pothos']
const operations: Record<string, object> = {
  'a query': { query: '{ hello }' },
  'variables and a name': {
    query: 'query A($name: String) { hello(name: $name) } query B { who }',
    variables: { name: 'Änne' },
    operationName: 'A',
  },
  'nulls around it': { query: '{ hello }', variables: null, operationName: null, extensions: null, more: null },
  'an empty name': { query: '{ hello }', operationName: '' },
  'an unknown name': { query: 'query A { hello }', operationName: 'B' },
  'a name that is no text': { query: 'query A { hello }', operationName: 5 },
  'several operations and no name': { query: 'query A { hello } query B { hello }' },
  'a fragment alone': { query: 'fragment F on Query { hello }' },
  'a syntax error': { query: '{ hello' },
  'an empty query': { query: '' },
  'no query': {},
  'a query that is no text': { query: 5 },
  'an unknown field': { query: '{ nope }' },
  'a wrong literal': { query: '{ even(n: 3) }' },
  'a wrong variable': { query: 'query ($n: Even!) { even(n: $n) }', variables: { n: 3 } },
  'a missing variable': { query: 'query ($n: Even!) { even(n: $n) }' },
  'variables that are a list': { query: '{ hello }', variables: [1] },
  'extensions that are text': { query: '{ hello }', extensions: 'x' },
  'a parameter nobody knows': { query: '{ hello }', id: 'x' },
  'a value no Int can hold': { query: '{ hello badInt }' },
  'too many tokens': { query: `{ ${'hello '.repeat(2_000)} }` },
  'too many aliases': { query: `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: hello`).join(' ')} }` },
  introspection: { query: '{ __schema { queryType { name } } __type(name: "Query") { kind } }' },
  'a mutation with a cookie': { query: 'mutation { logIn(token: "r/1") }' },
  'a cookie that goes': { query: 'mutation { first: logIn second: logIn(token: "a") third: logIn }' },
  'a subscription': { query: 'subscription { events(failAtStart: "notFound") }' },
  'a hash nobody knows': { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
  'a hash that is none': { query: '{ hello }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
  'a hash of something else': {
    query: '{ hello }',
    extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } },
  },
  ...Object.fromEntries(failing.map((how) => [`the failure "${how}"`, { query: `{ hello fail(how: "${how}") }` }])),
}

const accepts = [
  json['content-type'],
  graphqlJson,
  `${graphqlJson}, application/json;q=0.9`,
  `application/json, ${graphqlJson}`,
  'application/graphql+json, application/*;q=0.5',
  'text/event-stream, */*',
  'text/event-stream',
  'text/html, image/png',
  'multipart/mixed; boundary="-", application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  '*/json',
  '',
]

const requests: Record<string, Case> = {
  ...Object.fromEntries(Object.entries(operations).map(([name, body]) => [name, { body }])),
  ...Object.fromEntries(
    Object.entries(operations).map(([name, body]) => [
      `${name}, in the new type`,
      { body, headers: { accept: graphqlJson } },
    ]),
  ),
  ...Object.fromEntries(
    accepts.map((accept) => [
      `accept: ${accept}`,
      { body: { query: '{ hello fail(how: "invalid") }' }, headers: { accept } },
    ]),
  ),
  ...Object.fromEntries(
    ['application/json; charset=utf-8', 'application/graphql+json', 'text/plain', 'application/graphql'].map((type) => [
      `content-type: ${type}`,
      { body: { query: '{ hello }' }, headers: { 'content-type': type } },
    ]),
  ),
  'no JSON': { body: '{nope' },
  'no body': { body: '' },
  'a list': { body: [{ query: '{ hello }' }] },
  null: { body: 'null' },
  'too large a body': { body: `${JSON.stringify({ query: '{ hello }' })}${' '.repeat(1_048_576)}` },
  'a query string beside the body': { body: { query: '{ hello }' }, path: '/graphql?query={who}' },
  'a wrong method': { body: {}, method: 'PUT' },
  'a preflight': { body: '', method: 'OPTIONS', headers: { origin: named[0] ?? '' } },
  'a person': { body: { query: '{ who }' }, headers: { authorization: 'Bearer ana.s1' } },
  'a token that expired': { body: { query: '{ who }' }, headers: { authorization: 'Bearer expired' } },
  'a token that expired, in the new type': {
    body: { query: '{ who }' },
    headers: { authorization: 'Bearer expired', accept: graphqlJson },
  },
  'a database that is gone': { body: { query: '{ who }' }, headers: { authorization: 'Bearer broken' } },
  'a named origin': { body: { query: '{ hello }' }, headers: { origin: named[0] ?? '' } },
  'a named origin and headers': {
    body: { query: '{ hello }' },
    headers: { origin: named[1] ?? '', 'access-control-request-headers': 'x-a, x-b' },
  },
  'an origin nobody named': { body: { query: '{ hello }' }, headers: { origin: 'https://evil.example' } },
}

describe.each([
  ['any origin', { corsOrigins: '*', introspection: true }],
  ['named origins, secure, without introspection', { corsOrigins: named, introspection: false, secure: true }],
] as const)('the short path and Yoga answer the same with %s', (_name, options) => {
  const short = createToy(options)
  const yoga = createToy({ ...options, plainPosts: false })
  beforeAll(() => Promise.all([short.start(), yoga.start()]))
  afterAll(() => Promise.all([short.stop(), yoga.stop()]))

  it.each(Object.entries(requests))('to %s', async (_request, request) => {
    // Twice: the second time from what was remembered.
    for (const time of [1, 2]) {
      expect([time, await answerOf(short, request)]).toEqual([time, await answerOf(yoga, request)])
    }
  })
})

describe('persisted documents', () => {
  const hashOf = (query: string) => createHash('sha256').update(query).digest('hex')
  const by = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
  const codeOf = ({ body }: { body: string }) =>
    (JSON.parse(body) as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code

  it.each([true, false])(
    'are registered with their text and asked for by hash (short path: %s)',
    async (plainPosts) => {
      const toy = createToy({ plainPosts })
      await toy.start()
      const query = `query Q${randomUUID().slice(0, 8)} { hello }`
      const unknown = await answerOf(toy, { body: by(hashOf(query)) })
      expect([unknown.status, codeOf(unknown)]).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND'])
      expect(unknown.body).toContain('"message":"PersistedQueryNotFound"')
      expect((await answerOf(toy, { body: { query, ...by(hashOf(query)) } })).status).toBe(200)
      const known = await answerOf(toy, { body: by(hashOf(query).toUpperCase()) })
      expect(known.body).toBe('{"data":{"hello":"Hello, you!"}}')
      const extensions = encodeURIComponent(JSON.stringify(by(hashOf(query)).extensions))
      const got = await fetch(`${toy.url}/graphql?extensions=${extensions}`)
      expect(await got.json()).toEqual({ data: { hello: 'Hello, you!' } })
      await toy.stop()
    },
  )

  it('are not registered under the hash of something else', async () => {
    const toy = createToy()
    await toy.start()
    const refused = await answerOf(toy, { body: { query: '{ who }', ...by(hashOf('{ hello }')) } })
    expect([refused.status, codeOf(refused)]).toEqual([400, 'VALIDATION_ERROR'])
    expect(codeOf(await answerOf(toy, { body: by(hashOf('{ hello }')) }))).toBe('PERSISTED_QUERY_NOT_FOUND')
    await toy.stop()
  })

  it.each([true, false])(
    'of the operator are known from the start, and the only ones if so wanted (%s)',
    async (only) => {
      const trusted = '{ hello }'
      const toy = createToy({ trustedDocuments: { byHash: new Map([[hashOf(trusted), trusted]]), only } })
      await toy.start()
      expect((await answerOf(toy, { body: by(hashOf(trusted)) })).body).toContain('Hello, you!')
      expect((await answerOf(toy, { body: { query: trusted } })).body).toContain('Hello, you!')
      const other = await answerOf(toy, { body: { query: '{ who }', ...by(hashOf('{ who }')) } })
      expect([other.status, codeOf(other)]).toEqual(only ? [400, 'VALIDATION_ERROR'] : [200, undefined])
      const again = await answerOf(toy, { body: by(hashOf('{ who }')) })
      expect(codeOf(again)).toBe(only ? 'PERSISTED_QUERY_NOT_FOUND' : undefined)
      const byGet = await fetch(`${toy.url}/graphql?query={who}`)
      expect(byGet.status).toBe(only ? 400 : 200)
      await toy.stop()
    },
  )
})
