import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const subscribeTo = (query: string, id = '1') => ({ id, type: 'subscribe', payload: { query } })

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

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
    await toy.stop()
    toy = createToy({ heartbeatMs: 100 })
    await toy.start()
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
    source.next = () => Promise.reject(new Error('secret'))
    source.push('one')
    expect(await broken.cut).toBe('ended')
    expect(broken.text().match(/"code":"INTERNAL"/g)).toHaveLength(1)
  })

  it('are cut, not told an error in the place of an event, when the database goes away', async () => {
    const stream = await openStream('subscription { events }')
    const source = toy.sources[0]!
    source.next = () => Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNRESET' }))
    source.push('one')
    expect(await stream.cut).toBe('cut')
    expect(stream.text()).not.toContain('event: complete')
  })

  it('end their source when the client goes, though it waits for the next event', async () => {
    const stream = await openStream('subscription { events }', { authorization: 'Bearer ana.s1' })
    expect(toy.listenersOf('s1')).toBe(1)
    await stream.reader.cancel()
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
    await vi.waitFor(() => expect(toy.listenersOf('s1')).toBe(0))
  })

  it('survive a source whose clean-up fails', async () => {
    const stream = await openStream('subscription { events }')
    toy.sources[0]!.returnFails = true
    await stream.reader.cancel()
    await vi.waitFor(() => expect(toy.sources[0]?.returned).toBe(true))
    expect(await toy.ask('{ hello }')).toEqual({ data: { hello: 'Hello, you!' } })
  })

  it('need an Accept header, and nothing is begun without one', async () => {
    const response = await toy.post('subscription { events }', { headers: { accept: 'application/json' } })
    expect(response.status).toBe(406)
    expect(toy.sources).toEqual([])
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
    expect(await toy.askSocket('{ who }')).toEqual({ data: { who: null } })
  })

  it.each([
    ['expired', 'Bearer expired', closeCodes.FORBIDDEN],
    ['malformed', 'Basic abc', closeCodes.FORBIDDEN],
    ['no text', 42, closeCodes.FORBIDDEN],
    ['uncheckable because the database is away', 'Bearer broken', closeCodes.TRY_AGAIN_LATER],
  ])('closes when the token is %s, with a code after which clients reconnect', async (_name, authorization, code) => {
    const { closed } = await toy.openSocket({ authorization })
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

  it.each([
    ['a kind that there is not', { deviceId: 'laptop', deviceKind: 'TOASTER' }],
    ['a kind that is no text', { deviceId: 'laptop', deviceKind: 7 }],
    ['an empty id', { deviceId: '' }],
    ['an id that is too long', { deviceId: 'x'.repeat(65) }],
    ['an id that is no text', { deviceId: ['laptop'] }],
  ])('refuses a device with %s, with a code after which clients give up', async (_name, device) => {
    const { closed } = await toy.openSocket({ authorization: 'Bearer ana.s1', ...device })
    expect(await closed).toBe(closeCodes.BAD_REQUEST)
  })

  it('closes all sockets of an ended session, with a code after which clients give up', async () => {
    const retryWait = vi.fn(() => Promise.resolve())
    const client = toy.client({ retryAttempts: 5, retryWait, connectionParams: { authorization: 'Bearer ana.s1' } })
    const ended = client
      .iterate({ query: 'subscription { events }' })
      .next()
      .catch((event: unknown) => event)
    const other = await toy.openSocket({ authorization: 'Bearer bo.s2' })
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

  it('runs nothing of what arrives after the session has ended', async () => {
    const { socket, send, acknowledged, closed } = await toy.openSocket({ authorization: 'Bearer ana.s1' })
    await acknowledged
    const contexts = toy.inits.length
    toy.endSession('s1')
    socket.pause()
    send(subscribeTo('{ who }'))
    await delay(200)
    socket.resume()
    expect(await closed).toBe(closeCodes.SESSION_ENDED)
    expect(toy.inits).toHaveLength(contexts)
  })

  it('sends a failed start as an `error` message, and errors of an event beside its data', async () => {
    const { send, messages, acknowledged, socket } = await toy.openSocket()
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
    const { send, acknowledged, socket, closed } = await toy.openSocket()
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
    const { send, messages, acknowledged, socket } = await toy.openSocket()
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
    const { send, acknowledged, socket, closed } = await toy.openSocket()
    await acknowledged
    socket.pause()
    for (let n = 0; n < 60; n += 1) send(subscribeTo('subscription { events(bigKilobytes: 400) }', String(n)))
    await vi.waitFor(() => expect(toy.sources.length).toBe(60))
    await delay(500)
    const asked = vi.fn(() => Promise.resolve({ value: 'x', done: false }))
    for (const source of toy.sources) source.next = asked
    await delay(500)
    expect(asked).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(toy.sources.every(({ returned }) => returned)).toBe(true), 40_000)
    socket.resume()
    expect([closeCodes.TOO_SLOW, 1006]).toContain(await closed)
  })

  it('closes on a message over 1 MB, on nonsense, and on a second connection_init, and lives on', async () => {
    const big = await toy.openSocket()
    big.send({ type: 'ping', payload: { x: 'x'.repeat(1_048_577) } })
    expect(await big.closed).toBe(closeCodes.MESSAGE_TOO_BIG)
    const nonsense = await toy.openSocket()
    nonsense.socket.send('nonsense')
    expect(await nonsense.closed).toBe(closeCodes.BAD_REQUEST)
    const twice = await toy.openSocket()
    twice.send({ type: 'connection_init' })
    expect(await twice.closed).toBe(closeCodes.TOO_MANY_INIT_REQUESTS)
    const raw = connect(Number(new URL(toy.url).port), '127.0.0.1')
    raw.write('GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    await once(raw, 'data')
    raw.resetAndDestroy()
    expect(await toy.askSocket('{ hello }')).toEqual({ data: { hello: 'Hello, you!' } })
  })

  it('is found at /graphql only', async () => {
    const socket = new WebSocket(toy.url.replace('http', 'ws') + '/other', 'graphql-transport-ws')
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('404')
  })
})
