import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test, vi } from 'vitest'
import { createLiveSseClient, RefusedError } from '../../../sdk/src/links/resuming-sse.ts'

const query = `subscription ($after: Int, $mark: String) {
  conversationEvents(conversationId: "c", after: $after, mark: $mark) { cursor { eventSeq mark } }
}`
const event = (eventSeq: number) => ({ data: { conversationEvents: { cursor: { eventSeq, mark: `m${eventSeq}` } } } })
const frames = (...seqs: number[]) => seqs.map((seq) => `event: next\ndata: ${JSON.stringify(event(seq))}\n\n`).join('')

let server: Server | undefined
afterEach(() => {
  vi.unstubAllGlobals()
  server?.close()
  server?.closeAllConnections()
})

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** Gives each connection its answer in turn, the last one to all that follow. Notes the variables that were sent. */
async function serve(...answers: Answer[]) {
  const sent: unknown[] = []
  server = createServer((request, response) => {
    void text(request).then((body) => {
      sent.push((JSON.parse(body) as { variables: unknown }).variables)
      answers[Math.min(sent.length, answers.length) - 1]!(response, request)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = (more = {}) =>
    createLiveSseClient({ url, token: () => 'token', retryWait: () => Promise.resolve(), ...more })
  return { sent, client }
}

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })

test('it comes back with the newest cursor, also after a server that ends the stream in order', async () => {
  const { sent, client } = await serve(
    (response) => stream(response).end(frames(4, 5)),
    (response) => stream(response).write(frames(6), () => response.socket?.destroy()),
    (response) => stream(response).end(`${frames(7)}event: complete\ndata:\n\n`),
  )
  const got: unknown[] = []
  for await (const result of client().iterate({ query, variables: { after: 3, mark: 'm3' } })) got.push(result)
  expect(got).toEqual([4, 5, 6, 7].map(event))
  expect(sent).toEqual([3, 5, 6].map((after) => ({ after, mark: `m${after}` })))
})

test('an end that is there at once with many events is not overlooked', async () => {
  let connections = 0
  const seqs = Array.from({ length: 50 }, (_, index) => index + 1)
  vi.stubGlobal('fetch', () => {
    const body = ++connections === 1 ? frames(...seqs) : 'event: complete\ndata:\n\n'
    return Promise.resolve(new Response(body))
  })
  const got: unknown[] = []
  const client = createLiveSseClient({ url: 'http://here', token: () => null, retryWait: () => Promise.resolve() })
  for await (const result of client.iterate({ query, variables: { after: 0 } })) got.push(result)
  expect(got).toEqual(seqs.map(event))
  expect(connections).toBe(2)
})

test('silence ends a connection', async () => {
  const { sent, client } = await serve(
    (response) => stream(response).write(frames(4)),
    (response) => stream(response).end('event: complete\ndata:\n\n'),
  )
  const got: unknown[] = []
  for await (const result of client({ silenceMs: 100 }).iterate({ query, variables: { after: 3 } })) got.push(result)
  expect(got).toEqual([event(4)])
  expect(sent).toHaveLength(2)
})

test('a refusal that passes is tried again, any other ends the subscription and says what it was', async () => {
  const { sent, client } = await serve(
    (response) => response.writeHead(503).end(),
    (response) => response.writeHead(403).end('not yours'),
  )
  const next = client()
    .iterate({ query, variables: { after: 3 } })
    .next()
  await expect(next).rejects.toThrow(RefusedError)
  await expect(next).rejects.toMatchObject({ status: 403, body: 'not yours' })
  expect(sent).toHaveLength(2)
})

test('nobody is asked as nobody, and each connect asks for the token', async () => {
  const seen: unknown[] = []
  const { client } = await serve((response, request) => {
    seen.push(request.headers.authorization)
    if (seen.length < 2) stream(response).end(frames(4))
    else stream(response).end('event: complete\ndata:\n\n')
  })
  const tokens = [null, 'second']
  const results = client({ token: () => tokens[seen.length] }).iterate({ query, variables: { after: 3 } })
  for await (const result of results) expect(result).toEqual(event(4))
  expect(seen).toEqual([undefined, 'Bearer second'])
})

test('disposing ends what runs', async () => {
  const { client } = await serve((response) => stream(response).write(frames(4)))
  const live = client()
  const results = live.iterate({ query, variables: { after: 3 } })
  await results.next()
  live.dispose()
  await expect(results.next()).resolves.toMatchObject({ done: true })
})
