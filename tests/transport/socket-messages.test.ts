import { once } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const subscribe = (id: string, query: string) => ({ id, type: 'subscribe', payload: { query } })
const complete = (id: string) => ({ id, type: 'complete' })

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

/** Looked at after each turn or so: there are hundreds of waits here. */
const soon = (assertion: () => unknown) => vi.waitFor(assertion, { interval: 1, timeout: 5_000 })

async function acknowledgedSocket() {
  const socket = await toy.openSocket()
  await socket.acknowledged
  return socket
}

describe('an operation id that is used again right after complete', () => {
  const ids = ['r', 'with:colon', '1:r', '{"id":"', '__proto__', 'ünïcödé "quoted" \\ 🙂', '\ud800', 'long'.repeat(16)]

  it.each(ids)('belongs to the new query alone, each time: %j', async (id) => {
    const { send, messages, socket } = await acknowledgedSocket()
    for (let cycle = 0; cycle < (id === 'r' ? 60 : 5); cycle++) {
      const before = messages.length
      send(subscribe(id, '{ hello }'))
      send(complete(id))
      send(subscribe(id, `{ hello(name: "second ${cycle}") }`))
      await soon(() => expect(messages.length).toBeGreaterThanOrEqual(before + 2))
      expect(messages.slice(before)).toEqual([
        { id, type: 'next', payload: { data: { hello: `Hello, second ${cycle}!` } } },
        { id, type: 'complete' },
      ])
    }
    socket.close()
  })

  it('belongs to the new subscription: alive, and stopped by complete', async () => {
    const { send, messages, socket } = await acknowledgedSocket()
    for (let cycle = 0; cycle < 60; cycle++) {
      const opened = toy.sources.length
      send(subscribe('r', 'subscription { events }'))
      send(complete('r'))
      send(subscribe('r', 'subscription { events }'))
      await soon(() => expect(toy.sources.length).toBe(opened + 2))
      const [first, second] = toy.sources.slice(opened)
      await soon(() => expect(first!.returned).toBe(true))
      expect(second!.returned).toBe(false)
      const before = messages.length
      second!.push(`event ${cycle}`)
      await soon(() => expect(messages.length).toBe(before + 1))
      expect(messages.at(-1)).toEqual({ id: 'r', type: 'next', payload: { data: { events: `event ${cycle}` } } })
      send(complete('r'))
      await soon(() => expect(second!.returned).toBe(true))
      expect(messages.length).toBe(before + 1)
    }
    socket.close()
  })

  it('is free again when the server has ended the operation: by a result, a refusal, a mistake and the end of a stream', async () => {
    const { send, messages, socket } = await acknowledgedSocket()
    const endings = [
      '{ hello }',
      'subscription { events(failAtStart: "notFound") }',
      '{ nope }',
      'subscription { events }',
      '{ fail(how: "unexpected") }',
    ]
    for (const query of [...endings, ...endings, '{ hello }']) {
      const opened = toy.sources.length
      send(subscribe('r', query))
      if (query === 'subscription { events }') {
        await soon(() => expect(toy.sources.length).toBe(opened + 1))
        await toy.sources[opened]!.return()
      }
      await soon(() => expect(['complete', 'error']).toContain(messages.at(-1)?.type))
      messages.length = 0
    }
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.close()
  })

  it.each(['r', 'long'.repeat(16)])('is refused with 4409 while the operation runs: %s', async (id) => {
    const { send, closed } = await acknowledgedSocket()
    send(subscribe(id, 'subscription { events }'))
    send(subscribe(id, '{ hello }'))
    expect(await closed).toBe(closeCodes.SUBSCRIBER_ALREADY_EXISTS)
    await soon(() => expect(toy.sources.every(({ returned }) => returned)).toBe(true))
    expect(toy.logLines).toEqual([])
  })

  it('may be completed when nothing has it', async () => {
    const { send, messages, socket } = await acknowledgedSocket()
    send(complete('nobody'))
    send(complete('nobody'))
    send(subscribe('nobody', '{ hello }'))
    await soon(() => expect(messages.at(-1)).toEqual({ id: 'nobody', type: 'complete' }))
    socket.close()
  })
})

describe('a message that no client may send', () => {
  const wrong: Record<string, unknown> = {
    connection_ack: { type: 'connection_ack' },
    'connection_ack with a payload': { type: 'connection_ack', payload: {} },
    next: { type: 'next', id: '1', payload: {} },
    'next without an id': { type: 'next', payload: {} },
    error: { type: 'error', id: '1', payload: [{ message: 'no' }] },
    'an error that is none': { type: 'error', id: '1', payload: 'no' },
    'an unknown type': { type: 'start', id: '1', payload: { query: '{ hello }' } },
    'a type of objects': { type: 'constructor' },
    'no type': { id: '1' },
    'a type that is no text': { type: 1 },
    'a list': [],
    null: null,
    text: 'ping',
    'a number': 7,
    'subscribe without an id': { type: 'subscribe', payload: { query: '{ hello }' } },
    'subscribe with an empty id': { type: 'subscribe', id: '', payload: { query: '{ hello }' } },
    'subscribe with a number for an id': { type: 'subscribe', id: 1, payload: { query: '{ hello }' } },
    'subscribe without a payload': { type: 'subscribe', id: '1' },
    'subscribe with a query that is no text': { type: 'subscribe', id: '1', payload: { query: 1 } },
    'subscribe with variables in a list': {
      type: 'subscribe',
      id: '1',
      payload: { query: '{ hello }', variables: [] },
    },
    'complete without an id': { type: 'complete' },
    'a ping with text': { type: 'ping', payload: 'x' },
  }
  const raw: Record<string, string | Buffer> = {
    ...Object.fromEntries(Object.entries(wrong).map(([name, message]) => [name, JSON.stringify(message)])),
    'no JSON': '{nope',
    nothing: '',
    'ten thousand brackets': '['.repeat(10_000),
    'bytes that are no text': Buffer.from([0xff, 0xfe, 0x00]),
  }

  it.each(Object.entries(raw))('is answered with 4400 and no line in the log: %s', async (_name, message) => {
    for (const initialised of [false, true]) {
      const socket = new WebSocket(`${toy.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
      const closed = once(socket, 'close') as Promise<[number]>
      await once(socket, 'open')
      if (initialised) {
        socket.send('{"type":"connection_init"}')
        await once(socket, 'message')
      }
      socket.send(message)
      // What comes behind it has no effect, however much it is.
      for (let more = 0; more < 20; more++) socket.send(message)
      expect([initialised, (await closed)[0]]).toEqual([initialised, closeCodes.BAD_REQUEST])
    }
    expect(toy.logLines).toEqual([])
    expect(toy.sources).toEqual([])
  })
})
