import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Client, Sink, SubscribePayload } from 'graphql-ws'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createLiveClient, resuming } from '../../../sdk/src/links/resuming-client.ts'
import { SessionEndedError } from '../../../sdk/src/requests/errors.ts'

const query = `subscription ($id: ID!, $after: Int, $mark: String) {
  conversationEvents(conversationId: $id, after: $after, mark: $mark) { cursor { eventSeq mark } }
}`
const event = (eventSeq: number) => ({ data: { conversationEvents: { cursor: { eventSeq, mark: `m${eventSeq}` } } } })
const refusal = (retryable: boolean) => [{ message: 'No', extensions: { retryable, retryAfterMs: 2_000 } }]

afterEach(() => {
  vi.useRealTimers()
})

/** graphql-ws' client as far as it matters here: it sends the payload of the first time whenever it connects. */
function wire() {
  const sent: unknown[] = []
  const started: { sink: Sink; connect: () => void; stopped: boolean }[] = []
  const client = {
    subscribe(payload: SubscribePayload, sink: Sink) {
      const connect = () => sent.push((JSON.parse(JSON.stringify(payload)) as SubscribePayload).variables)
      const run = { sink, connect, stopped: false }
      started.push(run)
      connect()
      return () => {
        run.stopped = true
        sink.complete()
      }
    },
  } as unknown as Client
  return { client: resuming(client), sent, started }
}

const variables = { id: 'c', after: 3, mark: 'm3' }
const recorder = () => ({ next: vi.fn(), error: vi.fn(), complete: vi.fn() })

test('when graphql-ws connects again, the subscription goes on after what came', () => {
  const { client, sent, started } = wire()
  const sink = recorder()
  client.subscribe({ query, variables }, sink)
  started[0]!.sink.next(event(4))
  started[0]!.sink.next(event(5))
  started[0]!.connect()
  expect(sent).toEqual([variables, { id: 'c', after: 5, mark: 'm5' }])
  expect(sink.next.mock.calls).toEqual([[event(4)], [event(5)]])
  // Whoever has the variables finds them as they were.
  expect(variables).toEqual({ id: 'c', after: 3, mark: 'm3' })
})

test('each subscription has a position of its own', () => {
  const { client, sent, started } = wire()
  client.subscribe({ query, variables }, recorder())
  client.subscribe({ query, variables: { id: 'd', after: 0 } }, recorder())
  started[1]!.sink.next(event(9))
  for (const { connect } of started) connect()
  expect(sent.slice(2)).toEqual([variables, { id: 'd', after: 9, mark: 'm9' }])
})

test('a refusal that passes is waited out, as long as the server says; any other is told', async () => {
  vi.useFakeTimers()
  const { client, sent, started } = wire()
  const sink = recorder()
  client.subscribe({ query, variables }, sink)
  started[0]!.sink.next(event(4))
  started[0]!.sink.error(refusal(true))
  await vi.advanceTimersByTimeAsync(1_900)
  expect(sent).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_200)
  expect(sent[1]).toEqual({ id: 'c', after: 4, mark: 'm4' })
  expect(sink.error).not.toHaveBeenCalled()
  started[1]!.sink.error(refusal(false))
  expect(sink.error).toHaveBeenCalledExactlyOnceWith(refusal(false))
})

test('who unsubscribes while it waits is done', async () => {
  vi.useFakeTimers()
  const { client, sent, started } = wire()
  const sink = recorder()
  const stop = client.subscribe({ query, variables }, sink)
  started[0]!.sink.error(refusal(true))
  stop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sent).toHaveLength(1)
  expect(sink.complete).toHaveBeenCalledOnce()
})

test('what a loop has not read yet waits, and is not asked for again; leaving the loop unsubscribes', async () => {
  const { client, sent, started } = wire()
  const results = client.iterate({ query, variables })
  started[0]!.sink.next(event(4))
  started[0]!.sink.next(event(5))
  started[0]!.connect()
  expect(sent[1]).toEqual({ id: 'c', after: 5, mark: 'm5' })
  const got: unknown[] = []
  for await (const result of results) {
    got.push(result)
    if (got.length === 2) break
  }
  expect(got).toEqual([event(4), event(5)])
  expect(started[0]!.stopped).toBe(true)
  await expect(results.next()).resolves.toMatchObject({ done: true })
})

test('a loop that waits ends when it is returned from, and fails with the error of the subscription', async () => {
  const { client, started } = wire()
  const results = client.iterate({ query, variables })
  const next = results.next()
  await results.return!()
  await expect(next).resolves.toMatchObject({ done: true })
  const failing = client.iterate({ query, variables })
  const failed = failing.next()
  started[1]!.sink.error(refusal(false))
  await expect(failed).rejects.toEqual(refusal(false))
})

test('queries and mutations pass as they are, and a subscription that could not go on does not begin', () => {
  const { client, sent } = wire()
  client.subscribe({ query: '{ viewer { id } }', variables: { a: 1 } }, recorder())
  expect(sent).toEqual([{ a: 1 }])
  expect(() =>
    client.subscribe({ query: query.replace('cursor { eventSeq mark }', '__typename') }, recorder()),
  ).toThrow(/cannot go on/)
})

test('a token that cannot be had now is asked for again; a session that has ended ends the subscription', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const ended = new SessionEndedError('This session has ended. Log in again.')
  const token = vi.fn().mockRejectedValue(ended).mockRejectedValueOnce(new Error('The network is away'))
  const client = createLiveClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ token, webSocketImpl: WebSocket, retryWait: () => Promise.resolve() },
  })
  try {
    await expect(client.iterate({ query, variables }).next()).rejects.toBe(ended)
    expect(token).toHaveBeenCalledTimes(2)
    // And each that begins later: the closing of the connection before does not end it.
    await expect(client.iterate({ query, variables }).next()).rejects.toBe(ended)
    expect(token).toHaveBeenCalledTimes(3)
  } finally {
    await client.dispose()
    server.close()
  }
})

test('asked to come back later, it does so some seconds later; cut for another reason, at once', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' })
  await once(server, 'listening')
  const codes = [4413, 4420]
  server.on('connection', (socket) => {
    socket.send('{"type":"connection_ack"}')
    const code = codes.shift()
    if (code !== undefined) setImmediate(() => socket.close(code))
  })
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const client = createLiveClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ token: () => 'a', webSocketImpl: WebSocket },
  })
  try {
    client.subscribe({ query, variables }, recorder())
    const waits = () => timers.mock.calls.map(([, ms]) => ms ?? 0).filter((ms) => ms >= 5_000 && ms <= 5_250)
    await vi.waitFor(() => expect(codes).toEqual([]), { timeout: 10_000 })
    await vi.waitFor(() => expect(waits()).toHaveLength(1), { timeout: 5_000 })
  } finally {
    timers.mockRestore()
    await client.dispose()
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
})
