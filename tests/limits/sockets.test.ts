import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { parse } from 'graphql'
import { beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { residentMb } from '../testkit/resident.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const megabyte = 1_048_576

let server: ServerProcess
let ann: Person
let bob: Person

beforeAll(async () => {
  server = await startServer({
    databaseUrl: (await createTestDatabase()).url,
    redisUrl: null,
    env: {
      // Addresses are as a test says.
      TRUST_PROXY: 'loopback',
      MAX_SOCKETS_PER_ADDRESS: '3',
      MAX_SOCKETS_PER_PERSON: '20',
      MAX_SUBSCRIPTIONS_PER_PERSON: '150',
      EVENT_WORK_MS_PER_SECOND: '20',
    },
  })
  ;[ann, bob] = await Promise.all([signUp(server.url), signUp(server.url)])
})

const until = (assertion: () => unknown) => vi.waitFor(assertion, { interval: 5, timeout: 15_000 })

/** A socket by hand, and the code it is closed with. */
async function open({ person, address }: { person?: Person; address?: string } = {}) {
  const headers = address === undefined ? {} : { 'x-forwarded-for': address }
  const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws', { headers })
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(([code]) => code as number)
  const messages: { type: string; id?: string; payload?: unknown }[] = []
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as never))
  await Promise.race([once(socket, 'open'), closed])
  const send = (message: object) => socket.send(JSON.stringify(message))
  if (person) {
    send({ type: 'connection_init', payload: person.connectionParams })
    await Promise.race([until(() => expect(messages[0]?.type).toBe('connection_ack')), closed])
  }
  const subscribe = (id: string, query: string, variables: object = {}) =>
    send({ id, type: 'subscribe', payload: { query, variables } })
  return { socket, closed, messages, send, subscribe }
}

const ended = async (sockets: { socket: WebSocket; closed: Promise<number> }[]) => {
  for (const { socket } of sockets) socket.terminate()
  await Promise.all(sockets.map(({ closed }) => closed))
}

/** How an upgrade is answered that is refused. */
function refusedUpgrade(address: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(server.url, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'x-forwarded-for': address,
      },
    })
    asked.once('response', resolve).once('error', reject)
    asked.once('upgrade', () => reject(new Error('it was taken')))
    asked.end()
  })
}

test('until it is known who sends it, a message over 16 KB is refused, also one in frames that never end', async () => {
  const whole = await open()
  whole.send({ type: 'ping', payload: { text: 'x'.repeat(20_000) } })
  expect(await whole.closed).toBe(closeCodes.MESSAGE_TOO_BIG)
  const pieces = await open()
  for (let nth = 0; nth < 3; nth++) pieces.socket.send('x'.repeat(6_000), { fin: false })
  expect(await pieces.closed).toBe(closeCodes.MESSAGE_TOO_BIG)
  const many = await open()
  for (let nth = 0; nth < 300; nth++) many.socket.send('x', { fin: false })
  expect(await many.closed).toBe(closeCodes.TOO_MANY_FRAMES)
})

test('somebody who is known may send a message of almost 1 MB', async () => {
  const { messages, send, socket } = await open({ person: ann })
  send({ type: 'ping', payload: { text: 'x'.repeat(1_000_000) } })
  await until(() => expect(messages.at(-1)?.type).toBe('pong'))
  socket.close()
})

test('what one person leaves unfinished on all their sockets stays within 16 MB', async () => {
  const before = residentMb(server.pid)
  const sockets = await Promise.all(range(1, 20).map(() => open({ person: bob })))
  const piece = 'x'.repeat(megabyte - 1)
  for (const { socket } of sockets) socket.send(piece, { fin: false })
  const codes = await Promise.race([
    Promise.all(sockets.slice(0, 20).map(({ closed }) => closed)),
    until(() => expect(sockets.filter(({ socket }) => socket.readyState !== WebSocket.OPEN).length).toBeGreaterThan(3)),
  ])
  if (Array.isArray(codes)) expect(new Set(codes)).toEqual(new Set([closeCodes.TOO_MUCH_WORK]))
  expect(residentMb(server.pid) - before).toBeLessThan(100)
  await ended(sockets)
})

test('nothing is kept of a subscription but the variables that it declares', async () => {
  const id = await ann.createGroup([])
  const sockets = await Promise.all(range(1, 2).map(() => open({ person: ann })))
  const before = residentMb(server.pid)
  const query = 'subscription ($id: ID!) { messageEvents(conversationId: $id) { __typename } }'
  const payload = {
    query,
    variables: { id, undeclared: 'x'.repeat(900_000) },
    extensions: { more: 'x'.repeat(50_000) },
  }
  for (let nth = 0; nth < 25; nth++) {
    for (const { send } of sockets) send({ id: String(nth), type: 'subscribe', payload, more: 'x'.repeat(50_000) })
    // All at once would be more than one person may have under way.
    for (const { messages, send } of sockets) {
      send({ type: 'ping', payload: { nth } })
      await until(() => expect(messages.at(-1)).toMatchObject({ type: 'pong', payload: { nth } }))
    }
  }
  // 45 MB of what was sent, and what is read at the moment.
  expect(residentMb(server.pid) - before).toBeLessThan(40)
  expect(sockets.flatMap(({ messages }) => messages).filter(({ type }) => type === 'error')).toEqual([])
  await ended(sockets)
})

test('nor is anything of what a stream of server-sent events was asked with', async () => {
  const id = await ann.createGroup([])
  const before = residentMb(server.pid)
  const query = 'subscription ($id: ID!) { messageEvents(conversationId: $id) { __typename } }'
  const body = JSON.stringify({ query, variables: { id, undeclared: 'x'.repeat(1_000_000) } })
  const headers = { ...ann.connectionParams, accept: 'text/event-stream', 'content-type': 'application/json' }
  const stop = new AbortController()
  for (let nth = 0; nth < 30; nth++) {
    const open = () => fetch(server.url, { method: 'POST', headers, body, signal: stop.signal })
    // Bodies of 1 MB are work: a slow machine asks to come back later.
    await vi.waitFor(async () => expect((await open()).status).toBe(200), { interval: 500, timeout: 30_000 })
  }
  expect(residentMb(server.pid) - before).toBeLessThan(22)
  stop.abort()
})

test('the name of an operation has 64 characters at the most', async () => {
  const { subscribe, messages, closed } = await open({ person: ann })
  subscribe('x'.repeat(64), '{ __typename }')
  await until(() => expect(messages.at(-1)).toEqual({ id: 'x'.repeat(64), type: 'complete' }))
  subscribe('x'.repeat(65), '{ __typename }')
  expect(await closed).toBe(closeCodes.BAD_REQUEST)
})

test('sockets of one address, and of one network of IPv6, are counted; those of a proxy are not', async () => {
  for (const [one, other] of [
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::ffff'],
  ] as const) {
    const sockets = await Promise.all(range(1, 3).map(() => open({ address: one })))
    const refused = await refusedUpgrade(other)
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '10'])
    const neighbour = await open({ address: '203.0.113.8' })
    expect(neighbour.socket.readyState).toBe(WebSocket.OPEN)
    await ended([...sockets, neighbour])
    await until(async () => {
      const again = await open({ address: other })
      expect(again.socket.readyState).toBe(WebSocket.OPEN)
      await ended([again])
    })
  }
  const unnamed = await Promise.all(range(1, 5).map(() => open()))
  expect(unnamed.every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true)
  await ended(unnamed)
})

test('one person has so many sockets, and one of them more when another has gone', async () => {
  const sockets = await Promise.all(range(1, 20).map(() => open({ person: bob })))
  expect(await (await open({ person: bob })).closed).toBe(closeCodes.TOO_MUCH_WORK)
  await ended(sockets.splice(0, 1))
  await until(async () => {
    const again = await open({ person: bob })
    expect(again.messages[0]?.type).toBe('connection_ack')
    sockets.push(again)
  })
  await ended(sockets)
})

test('one person has so many subscriptions over all sockets and streams, of so many selections', async () => {
  const id = await bob.createGroup([])
  const [one, other] = [await open({ person: bob }), await open({ person: bob })]
  const query = 'subscription ($id: ID!) { messageEvents(conversationId: $id) { __typename } }'
  for (const nth of range(1, 100)) one.subscribe(String(nth), query, { id })
  for (const nth of range(1, 60)) other.subscribe(String(nth), query, { id })
  const refused = () => [one, other].flatMap(({ messages }) => messages).filter(({ type }) => type === 'error')
  await until(() => expect(refused()).toHaveLength(10))
  const refusal = {
    extensions: { code: 'QUERY_TOO_COMPLEX' },
    message: expect.stringContaining('150 subscriptions') as string,
  }
  expect(refused()[0]?.payload).toMatchObject([refusal])
  const headers = {
    ...bob.connectionParams,
    accept: 'text/event-stream',
    'content-type': 'application/json',
  }
  const stream = await fetch(server.url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables: { id } }),
  })
  expect(await stream.text()).toContain('"code":"QUERY_TOO_COMPLEX"')
  await ended([one, other])

  const varied = await open({ person: bob })
  for (const nth of range(1, 40))
    varied.subscribe(String(nth), query.replace('__typename', `a${String(nth)}: __typename`), { id })
  await until(() => expect(varied.messages.filter(({ type }) => type === 'error')).toHaveLength(8))
  // One of those that run makes room when it ends, and one that asks the same as another takes none.
  varied.subscribe('same', query.replace('__typename', 'a1: __typename'), { id })
  varied.send({ id: '1', type: 'complete' })
  varied.send({ id: '2', type: 'complete' })
  varied.subscribe('next', query.replace('__typename', 'next: __typename'), { id })
  varied.subscribe('last', '{ __typename }')
  await until(() => expect(varied.messages.at(-1)).toEqual({ id: 'last', type: 'complete' }))
  expect(varied.messages.filter(({ id: of, type }) => type === 'error' && /same|next/.test(of ?? ''))).toEqual([])
  await ended([varied])
})

test('all presence subscriptions of one person follow 5,000 people', async () => {
  const { subscribe, messages, socket, closed } = await open({ person: ann })
  const userIds = (await Promise.all(range(1, 60).map(() => signUp(server.url)))).map(({ id }) => id)
  const query = 'subscription ($userIds: [ID!]!) { presenceEvents(userIds: $userIds) { user { id } } }'
  for (const nth of range(1, 90)) subscribe(String(nth), query, { userIds })
  await until(() => expect(messages.filter(({ type }) => type === 'error')).toHaveLength(90 - Math.floor(5_000 / 60)))
  await ended([{ socket, closed }])
})

const EventsDocument = (alias: string) =>
  parse(`subscription ($id: ID!, $after: Int) { conversationEvents(conversationId: $id, after: $after) {
    ... on StreamEvent { cursor { eventSeq } }
    ... on MessageSent { message { ${alias}: text sender { id handle displayName } } } } }`)

interface Told {
  conversationEvents: { cursor: { eventSeq: number } }
}

test('whose events cost too much gets them later, each once and in order; nobody else waits', async () => {
  const conversationId = await ann.createGroup([bob])
  const from = (await ann.send(conversationId, 'first')).ack.cursor.eventSeq
  const [greedy, plain] = await Promise.all([RawSocket.connect(bob), RawSocket.connect(ann)])
  const seqs = new Map<string, number[]>()
  greedy.onData = (id, data) => {
    const told = seqs.get(id) ?? []
    seqs.set(id, told)
    told.push((data as unknown as Told).conversationEvents.cursor.eventSeq)
  }
  let plainSeq = from
  plain.onData = (_, data) => (plainSeq = (data as unknown as Told).conversationEvents.cursor.eventSeq)
  plain.begin('plain', EventsDocument('text'), { id: conversationId, after: from })
  for (const nth of range(1, 10))
    greedy.begin(String(nth), EventsDocument(`a${String(nth)}`), { id: conversationId, after: from })
  const headSeq = from + 15
  for (const seq of range(from + 1, headSeq)) {
    await ann.send(conversationId, `message ${String(seq)}`)
    await until(() => expect(plainSeq).toBe(seq))
  }
  await until(() => expect(range(1, 10).map((nth) => seqs.get(String(nth))?.at(-1))).toEqual(Array(10).fill(headSeq)))
  for (const told of seqs.values()) expect(told).toEqual(range(from + 1, headSeq))
})
