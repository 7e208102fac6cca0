import { beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask, askSocket, expectErrors, send, type Answer } from '../testkit/api.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess
let ann: Person
beforeAll(async () => {
  ;({ server } = await sharedServer())
  ann = await signUp(server.url)
})

const nodes = 'query ($x: [ID!]!) { nodes(ids: $x) { id } }'
const resync = 'query ($x: [StreamCursorInput!]!) { resync(cursors: $x) { streams { streamId } } }'
const inbox = 'subscription ($x: [StreamCursorInput!]) { inboxEvents(after: $x) { __typename } }'
const watched = 'subscription ($x: [ID!]!) { presenceEvents(userIds: $x) { __typename } }'
const included = 'query ($x: Boolean!) { viewer @include(if: $x) { user { id } } }'
const ticket = `mutation ($x: JSONObject) { createStreamTicket(input: { query: "subscription { inboxEvents { __typename } }", variables: $x }) { __typename } }`
const login = `mutation ($x: LoginInput!) { login(input: $x) { __typename } }`

/** Without a token no more than 128 KB would be taken. */
const posted = (body: string, headers: Record<string, string> = { accept: 'application/json' }) => {
  const authorization = `Bearer ${ann.session.accessToken}`
  return send(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body,
  })
}

/** What is told by server-sent events: the first result. */
async function byEvents(body: object, headers: Record<string, string> = {}) {
  const { status, text } = await posted(JSON.stringify(body), { accept: 'text/event-stream', ...headers })
  const data = /^data: ?(\{.*)$/m.exec(text)?.[1] ?? '{}'
  return { ...(JSON.parse(data) as Pick<Answer, 'data' | 'errors'>), status }
}

describe('variables with very many faults', () => {
  const lists: [string, unknown[]][] = [
    ['null', Array<null>(9_000).fill(null)],
    ['{}', Array.from({ length: 4_500 }, () => ({}))],
    ['[[]]', Array.from({ length: 3_000 }, () => [[]])],
  ]
  const cases = [nodes, resync, inbox, watched].flatMap((query) =>
    lists.map(([name, x]) => [`${name}: ${query}`, query, x] as const),
  )

  test.each(cases)('are answered with the first of them: %s', async (_name, query, x) => {
    const isSubscription = query.startsWith('subscription')
    const byHttp = isSubscription ? await byEvents({ query, variables: { x } }) : await ask(ann, query, { x })
    const errors = expectErrors(byHttp, 'VALIDATION_ERROR')
    expect(errors[0]?.message).toMatch(/^Variable "\$x" got invalid value .* at "x\[0\]/)
    expect(errors.length).toBeLessThanOrEqual(11)
    const bySocket = expectErrors(await askSocket(ann, query, { x }), 'VALIDATION_ERROR')
    expect(bySocket.map(({ message }) => message)).toEqual(errors.map(({ message }) => message))
  })

  test.each(['null', '{}', '""', '[[]]'])('so many that parsing them takes long are not parsed: %s', async (value) => {
    const x = `[${Array<string>(180_000).fill(value).join(',')}]`
    for (const accept of ['application/json', 'text/event-stream']) {
      const answer = await posted(`{"query":${JSON.stringify(nodes)},"variables":{"x":${x}}}`, { accept })
      expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/10000 values/)])
    }
    const keys = Array.from({ length: 60_000 }, (_, at) => `"k${String(at)}":1`).join(',')
    expect((await posted(`{"query":"{ __typename }","variables":{${keys}}}`)).status).toBe(400)
    const cursors = Array.from({ length: 1_000 }, (_, at) => ({ streamId: String(at), eventSeq: at, mark: 'x' }))
    expect((await ask(ann, resync, { x: cursors })).text).not.toMatch(/10000 values/)
  })

  test('one fault is told once', async () => {
    expect(expectErrors(await ask(server.url, nodes, { x: ['a', null] }), 'VALIDATION_ERROR')).toHaveLength(1)
    expect(expectErrors(await ask(server.url, resync, { x: [{ streamId: 'a' }] }), 'VALIDATION_ERROR')).toHaveLength(1)
  })
})

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const objects = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)

describe('JSON that is nested deep', () => {
  const values = [60, 5_000, 30_000, 400_000].flatMap((levels) => [lists(levels), objects(Math.min(levels, 150_000))])
  const cases = [nodes, resync, inbox, included, ticket, login].flatMap((query) =>
    values.map((value) => [`${String(value.length)} of ${value.slice(0, 4)}: ${query}`, query, value] as const),
  )
  const authorization = () => `Bearer ${ann.session.accessToken}`

  test.each(cases)('is refused as it is: %s', async (_name, query, value) => {
    const isShallow = value.length < 1_000
    const body = `{"query":${JSON.stringify(query)},"variables":{"x":${value}}}`
    for (const accept of ['application/json', 'text/event-stream', 'application/json, text/event-stream']) {
      const answer = await posted(body, { accept, authorization: authorization() })
      // Within the bound what it says is for the operation's own rules.
      if (isShallow) expect(answer.status, answer.text).toBeLessThan(500)
      else expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/64 levels/)])
      expect(answer.text).not.toContain('INTERNAL')
    }
  })

  test('is refused at 65 levels and taken at 64, whatever stands in texts', async () => {
    // The body and its variables are two.
    const body = (inner: number, name = 'x') =>
      `{"query":"{ __typename }","variables":{${JSON.stringify(name)}:${lists(inner)}}}`
    expect((await posted(body(62))).data).toEqual({ __typename: 'Query' })
    const refused = await posted(body(63))
    expectErrors(refused, 'VALIDATION_ERROR')
    expect(refused.status).toBe(400)
    const names = ['[{'.repeat(100), `\\"${'['.repeat(100)}`, '\\', '"', ']]]}}}']
    for (const name of names) {
      expect((await posted(body(62, name))).data).toEqual({ __typename: 'Query' })
      expect((await posted(body(63, name))).status).toBe(400)
    }
    expect((await ann.send(await ann.createGroup([]), '['.repeat(1_000), newKey())).message.text).toHaveLength(1_000)
  })

  test.each(['variables', 'extensions'])('is refused in the %s of a GET', async (name) => {
    const get = (value: string, accept: string) =>
      send(`${server.url}?${new URLSearchParams({ query: '{ __typename }', [name]: value }).toString()}`, {
        headers: { accept },
      })
    expect((await get(objects(64), 'application/json')).data).toEqual({ __typename: 'Query' })
    // The first line of a request holds some thousand characters.
    for (const value of [objects(65), objects(500), lists(2_000)]) {
      for (const accept of ['application/json', 'text/event-stream']) {
        const answer = await get(value, accept)
        expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/64 levels/)])
      }
    }
  })

  test('closes a WebSocket with 4400, in whatever message', async () => {
    const deep = [objects(65), objects(30_000), objects(150_000)]
    const frames = (value: string) => [
      `{"type":"connection_init","payload":${value}}`,
      `{"type":"ping","payload":${value}}`,
      `{"type":"subscribe","id":"1","payload":{"query":${JSON.stringify(nodes)},"variables":{"x":[${value}]}}}`,
      `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","extensions":${value}}}`,
    ]
    for (const frame of deep.flatMap(frames)) {
      const isFirst = frame.includes('connection_init')
      const code = await new Promise((resolve) => {
        const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws')
        const init = { type: 'connection_init', payload: { authorization: authorization() } }
        socket.on('open', () => socket.send(isFirst ? frame : JSON.stringify(init)))
        socket.on('message', () => socket.send(frame))
        socket.on('close', resolve)
      })
      // Before it is known who sends it, a message is not even read when it is over 16 KB.
      expect(code, frame.slice(0, 60)).toBe(isFirst && frame.length > 16_384 ? 1009 : 4400)
    }
  })
})

describe('a document that is nested deep', () => {
  const around = (before: string, inner: string, after: string) => (levels: number) =>
    before.repeat(levels) + inner + after.repeat(levels)
  const documents: [string, (levels: number) => string][] = [
    ['lists', (levels) => `{ nodes(ids: ${lists(levels)}) { id } }`],
    ['objects', (levels) => `{ nodes(ids: ${around('{a:', '1', '}')(Math.min(levels, 600))}) { id } }`],
    ['fields', around('{ a ', '{ a }', '}')],
    ['fragments', (levels) => `{ ${around('... { ', '__typename', ' }')(levels)} }`],
    ['types', (levels) => `query ($x: ${around('[', 'ID', ']')(levels)}) { __typename }`],
    ['nothing closed', (levels) => `{ nodes(ids: ${'['.repeat(levels)}`],
  ]

  test.each(documents)('is QUERY_TOO_COMPLEX: %s', async (_name, document) => {
    for (const levels of [65, 400, 990, 1_990]) {
      const query = document(levels)
      expectErrors(await ask(server.url, query), 'QUERY_TOO_COMPLEX')
      expectErrors(await byEvents({ query }), 'QUERY_TOO_COMPLEX')
      expectErrors(await askSocket(ann, query), 'QUERY_TOO_COMPLEX')
      const made = await ask<{ createStreamTicket: object }>(
        ann,
        'mutation ($query: String!) { createStreamTicket(input: { query: $query }) { __typename } }',
        { query },
      )
      expect(made.data?.createStreamTicket, made.text).toEqual({ __typename: 'ValidationError' })
    }
  })

  test('is taken within the bound, whatever stands in texts and comments', async () => {
    const query = `# ${'['.repeat(100)}\n{ ... { ... { __type(name: "${'{'.repeat(100)}") { name } __typename } } }`
    expect((await ask(server.url, query)).errors).toBeUndefined()
    const within = `{ ${'... { '.repeat(62)} __typename ${'} '.repeat(62)} }`
    expect((await ask(server.url, within)).data).toEqual({ __typename: 'Query' })
  })
})

describe('@skip and @include at the root of a subscription', () => {
  const refused: [string, Record<string, unknown>?][] = [
    ['subscription { inboxEvents @skip(if: true) { __typename } }'],
    ['subscription { inboxEvents @include(if: false) { __typename } }'],
    ['subscription { inboxEvents @skip(if: false) { __typename } }'],
    ['subscription { ... @skip(if: true) { inboxEvents { __typename } } }'],
    ['subscription { ... on Subscription { ... @include(if: false) { inboxEvents { __typename } } } }'],
    ['subscription { ...F @include(if: false) } fragment F on Subscription { inboxEvents { __typename } }'],
    ['subscription { ...F } fragment F on Subscription { inboxEvents @include(if: false) { __typename } }'],
    [
      'subscription { ...F } fragment F on Subscription { ...G } fragment G on Subscription { ... @skip(if: true) { inboxEvents { __typename } } }',
    ],
    ['subscription ($x: Boolean!) { inboxEvents @skip(if: $x) { __typename } }', { x: true }],
    ['subscription ($x: Boolean!) { inboxEvents @skip(if: $x) { __typename } }', { x: false }],
    ['subscription ($x: Boolean!) { inboxEvents @skip(if: $x) { __typename } }', {}],
    ['subscription ($x: Boolean = true) { ... @skip(if: $x) { inboxEvents { __typename } } }'],
    ['subscription ($x: Boolean!) { ...F } fragment F on Subscription { inboxEvents @include(if: $x) { __typename } }'],
  ]

  test.each(refused)('are a mistake in the document: %s %o', async (query, variables = {}) => {
    const errors = expectErrors(await byEvents({ query, variables }), 'VALIDATION_ERROR')
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^@(skip|include) cannot stand at the root of a subscription/),
    ])
    const messages = errors.map(({ message }) => message)
    const bySocket = expectErrors(await askSocket(ann, query, variables), 'VALIDATION_ERROR')
    expect(bySocket.map(({ message }) => message)).toEqual(messages)
    const byJson = expectErrors(await ask(ann, query, variables), 'VALIDATION_ERROR')
    expect(byJson.map(({ message }) => message)).toEqual(messages)
  })

  test('are fine below it, and a subscription still has one root field', async () => {
    const below =
      'subscription ($x: Boolean!) { inboxEvents { __typename cursor { eventSeq @skip(if: $x) streamId } } }'
    // Valid: that nobody is logged in is found later.
    const nobody = { authorization: '' }
    expectErrors(await byEvents({ query: below, variables: { x: true } }, nobody), 'UNAUTHENTICATED')
    const two = 'subscription { inboxEvents { __typename } a: inboxEvents { __typename } }'
    const [error] = expectErrors(await byEvents({ query: two }), 'VALIDATION_ERROR')
    expect(error?.message).toContain('one top level field')
  })
})

test('nothing of this is an unexpected error in the log of the server', () => {
  expect(server.logs()).not.toMatch(/Unexpected error|could not be answered|could not be handled|RangeError/i)
})
