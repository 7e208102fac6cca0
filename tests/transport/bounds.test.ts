import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { expectErrors, send, type Answer } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

let server: ServerProcess
let ann: Person
/** Of a group with nothing in it. */
let id: string
beforeAll(async () => {
  const { url } = await createTestDatabase()
  server = await startServer({ databaseUrl: url, env: { INTROSPECTION: 'off' } })
  ann = await signUp(server.url)
  id = await ann.createGroup([])
})

interface Asked {
  query?: string
  variables?: Record<string, unknown>
  extensions?: object
}
type Told = Pick<Answer, 'data' | 'errors'>

const authorization = () => `Bearer ${ann.session.accessToken}`

const post = (asked: Asked, accept = 'application/json') =>
  send(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: authorization() },
    body: JSON.stringify(asked),
  })

function get({ query, variables, extensions }: Asked, accept = 'application/json') {
  const search = new URLSearchParams(query === undefined ? {} : { query })
  for (const [name, value] of Object.entries({ variables, extensions })) {
    if (value !== undefined) search.set(name, JSON.stringify(value))
  }
  return send(`${server.url}?${search.toString()}`, { headers: { accept, authorization: authorization() } })
}

/** The first result of an answer by server-sent events. */
function eventIn({ text }: Answer): Told {
  return JSON.parse(/^data: ?(\{.*)$/m.exec(text)?.[1] ?? '{}') as Told
}

function bySocket(asked: Asked): Promise<Told> {
  const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws')
  return new Promise<Told>((resolve, reject) => {
    socket.on('error', reject).on('close', (code) => reject(new Error(`closed with ${String(code)}`)))
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: authorization() } })),
    )
    socket.on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: unknown }
      // The protocol wants a text always.
      const query = asked.query ?? ''
      if (type === 'connection_ack')
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { ...asked, query } }))
      if (type === 'error') resolve({ errors: payload as never })
      if (type === 'next') resolve(payload as Told)
    })
  }).finally(() => socket.terminate())
}

/** By its hash, once it was sent along with it. */
const byHash = (ask: (asked: Asked) => Promise<Told>) => async (asked: Asked) => {
  const { query = '', ...rest } = asked
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  const extensions = { persistedQuery: { version: 1, sha256Hash } }
  const first = await post({ ...asked, extensions })
  const again = await ask({ ...rest, extensions })
  // Too long to be kept.
  return again.errors?.[0]?.extensions.code === 'PERSISTED_QUERY_NOT_FOUND' ? first : again
}

const transports: [string, (asked: Asked) => Promise<Told>][] = [
  ['POST', (asked) => post(asked)],
  ['GET', (asked) => get(asked)],
  ['server-sent events by POST', async (asked) => eventIn(await post(asked, 'text/event-stream'))],
  ['server-sent events by GET', async (asked) => eventIn(await get(asked, 'text/event-stream'))],
  ['WebSocket', bySocket],
  ['a hash by POST', byHash((asked) => post(asked))],
  ['a hash by GET', byHash((asked) => get(asked))],
  ['a hash by WebSocket', byHash(bySocket)],
]

const numbered = (count: number, make: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => make(at)).join(' ')
const pages = (levels: number): string =>
  levels === 0 ? 'seq' : `conversation { messages(first: 100) { nodes { ${pages(levels - 1)} } } }`
const replies = (levels: number): string => (levels === 0 ? 'id' : `replyTo { ${replies(levels - 1)} }`)

type Bound = [name: string, code: string, asked: () => Asked]
const tooComplex = (name: string, query: string, variables?: () => Record<string, unknown>): Bound => [
  name,
  'QUERY_TOO_COMPLEX',
  () => ({ query, ...(variables && { variables: variables() }) }),
]

const bounds: Bound[] = [
  tooComplex('size', `{ viewer { user { id } } } #${'x'.repeat(20_480)}`),
  tooComplex('tokens', `{ viewer { user { ${'id '.repeat(1_000)} } } }`),
  tooComplex('lines', `{ viewer ${'\n'.repeat(2_000)} { user { id } } }`),
  tooComplex('a name', `{ ${'x'.repeat(129)} }`),
  tooComplex('brackets', `${'{viewer'.repeat(65)}${'}'.repeat(65)}`),
  tooComplex('depth', `query ($id: ID!) { node(id: $id) { ... on Message { ${replies(12)} } } }`, () => ({ id })),
  tooComplex('aliases', `{ ${numbered(31, (at) => `a${String(at)}: viewer { user { id } }`)} }`),
  tooComplex('fields of one name', `{ viewer { ${'user{presence{status}}'.repeat(120)} } }`),
  tooComplex(
    'fragments',
    `{ ...f0 } ${numbered(101, (at) => `fragment f${String(at)} on Query{...f${String(at + 1)}}`)} fragment f101 on Query{__typename}`,
  ),
  tooComplex(
    'operations',
    numbered(51, (at) => `query q${String(at)}{__typename}`),
  ),
  tooComplex('rows', `query ($id: ID!) { node(id: $id) { ... on Message { ${pages(3)} } } }`, () => ({ id })),
  tooComplex('rows of nodes', `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { ${pages(2)} } } }`, () => ({
    ids: Array.from({ length: 20 }, (_, at) => `${id}${String(at)}`),
  })),
  tooComplex(
    'rows in fragments on an interface',
    `query ($id: ID!) { node(id: $id) { ...N } } fragment N on Node { ... on Message { ...M } } fragment M on Message { ${pages(3)} }`,
    () => ({ id }),
  ),
  ['introspection', 'VALIDATION_ERROR', () => ({ query: '{ __schema { types { name } } }' })],
  ['introspection of a type', 'VALIDATION_ERROR', () => ({ query: '{ __type(name: "User") { name } }' })],
  ['mistakes', 'VALIDATION_ERROR', () => ({ query: `{ viewer { ${numbered(400, (at) => `usr${String(at)}`)} } }` })],
  [
    'mistakes in variables',
    'VALIDATION_ERROR',
    () => ({ query: 'query ($x: [ID!]!) { nodes(ids: $x) { id } }', variables: { x: Array<null>(500).fill(null) } }),
  ],
]

describe.each(transports)('by %s', (name, ask) => {
  test.each(bounds)('a bound is kept: %s', async (bound, code, asked) => {
    const request = asked()
    const isTooLongForUrl = JSON.stringify(request).length > 8_000
    if (isTooLongForUrl && name.endsWith('GET') && !name.startsWith('a hash')) {
      expect((await get(request)).status).toBe(431)
      return
    }
    const errors = expectErrors(await ask(request), code)
    expect(errors.length).toBeLessThanOrEqual(bound === 'mistakes in variables' ? 11 : 5)
    const said = errors.map(({ message }) => message).join(' ')
    expect(said).not.toContain('Did you mean')
    expect(said).not.toMatch(/\w{65}/)
  })
})

const subscriptions: Bound[] = [
  tooComplex(
    'rows',
    `subscription ($id: ID!) { messageEvents(conversationId: $id) { ... on MessageSent { message { ${pages(3)} } } } }`,
    () => ({ id }),
  ),
  tooComplex(
    'depth',
    `subscription ($id: ID!) { messageEvents(conversationId: $id) { ... on MessageSent { message { ${replies(12)} } } } }`,
    () => ({ id }),
  ),
  tooComplex(
    'fields of one name',
    `subscription { inboxEvents { ${'... on InboxEntryChanged { entry { id } }'.repeat(108)} } }`,
  ),
  ['mistakes', 'VALIDATION_ERROR', () => ({ query: 'subscription { inboxEvents { nope } }' })],
]
const streams = transports.filter(([name]) => /events|WebSocket/.test(name))

describe.each(streams)('a subscription by %s', (_name, ask) => {
  test.each(subscriptions)('keeps a bound: %s', async (_bound, code, asked) => {
    expectErrors(await ask(asked()), code)
  })
})

describe('a body of several parts', () => {
  test('is taken by nobody, however large, and the connection goes on', async () => {
    const form = new FormData()
    form.set('operations', JSON.stringify({ query: '{ __typename }', variables: { x: '['.repeat(400_000) } }))
    const answer = await send(server.url, { method: 'POST', headers: { authorization: authorization() }, body: form })
    expectErrors(answer, 'VALIDATION_ERROR')
    expect(answer.status).toBe(415)
    expect((await post({ query: '{ __typename }' })).data).toEqual({ __typename: 'Query' })
  })
})

test('nothing of this is an unexpected error in the log of the server', () => {
  expect(server.logs()).not.toMatch(/Unexpected error|could not be answered|could not be handled|RangeError/i)
})
