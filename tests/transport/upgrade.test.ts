import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ensureCommand, run } from '../testkit/commands.ts'
import { createToy, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

let toy: Toy
let connectionCount = 0
const count = () => {
  connectionCount++
}
beforeEach(async () => {
  toy = createToy()
  await toy.start()
  connectionCount = 0
  subscribe('net.server.socket', count)
})
afterEach(async () => {
  unsubscribe('net.server.socket', count)
  await toy.stop()
})

const h2c = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
]
const request = (line: string, fields: readonly string[] = [], body = '') =>
  [`${line} HTTP/1.1`, 'Host: x', ...fields, ...(body ? [`Content-Length: ${body.length}`] : []), '', body].join('\r\n')
const query = (name: string) => JSON.stringify({ query: `{ hello(name: "${name}") }` })
const post = (name: string, fields: readonly string[] = []) =>
  request('POST /graphql', ['Content-Type: application/json', ...fields], query(name))
const chunked = (name: string, fields: readonly string[]) => {
  const body = query(name)
  return (
    request('POST /graphql', ['Content-Type: application/json', 'Transfer-Encoding: chunked', ...fields]) +
    `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  )
}

/** Sends pieces, each in a packet of its own, until there are so many answers or the server hangs up. */
async function talk(pieces: readonly string[], answers: number) {
  const socket = connect(Number(new URL(toy.url).port), '127.0.0.1').setNoDelay(true)
  let text = ''
  let closed = false
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.once('close', () => (closed = true))
  await once(socket, 'connect')
  for (const piece of pieces) {
    socket.write(piece)
    await delay(20)
  }
  const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
  await vi.waitFor(() => expect(closed || statuses().length >= answers).toBe(true), 5_000)
  const names = [...text.matchAll(/Hello, (\w+)!/g)].map(([, name]) => name)
  socket.destroy()
  return { statuses: statuses(), names, closed, text }
}

describe('an offer to upgrade that is not taken', () => {
  it.each([
    ['h2c', h2c],
    ['several protocols', ['Connection: keep-alive, Upgrade', 'Upgrade: TLS/1.0, HTTP/2.0, IRC/6.9']],
    ['WebSocket, by POST', ['Connection: Upgrade', 'Upgrade: websocket']],
  ])('is passed over, and the request answered: %s', async (_name, fields) => {
    expect((await talk([post('Ana', fields)], 1)).names).toEqual(['Ana'])
    expect((await talk([chunked('Ana', fields)], 1)).names).toEqual(['Ana'])
    const whole = post('Ana', fields)
    expect((await talk([whole.slice(0, 100), whole.slice(100, -5), whole.slice(-5)], 1)).names).toEqual(['Ana'])
    const byGet = fields === h2c ? fields : h2c
    expect((await talk([request('GET /graphql?query={hello}', byGet)], 1)).names).toEqual(['you'])
    expect((await talk([request('GET /health/ready', byGet)], 1)).statuses).toEqual([200])
    expect((await talk([request('GET /nowhere', byGet)], 1)).statuses).toEqual([404])
  })

  it('leaves the connection open for the next request, also one that offers again', async () => {
    const pieces = [post('a', h2c), request('GET /health/ready', h2c), post('b', h2c), post('c')]
    const { statuses, names, closed } = await talk(pieces, 4)
    expect([statuses, names, closed]).toEqual([[200, 200, 200, 200], ['a', 'b', 'c'], false])
  })

  it('loses nothing that was sent behind it without waiting: it is answered, or the connection ends after the answer', async () => {
    for (const [pieces, answered] of [
      [[request('GET /health/ready', h2c) + post('b')], 1],
      [[post('a', h2c) + post('b')], 1],
      [[post('a', h2c).slice(0, -4), post('a', h2c).slice(-4) + post('b')], 1],
      [[chunked('a', h2c) + post('b')], 1],
      [[post('a') + post('b', h2c) + post('c')], 2],
      [[post('a') + post('b') + post('c', h2c), post('d')], 3],
    ] as const) {
      const { statuses, closed, text } = await talk(pieces, 4)
      expect([statuses.length >= answered, closed]).toEqual([true, true])
      expect(statuses.every((status) => status === 200)).toBe(true)
      expect(text.toLowerCase()).toContain('connection: close')
    }
  })

  it('of a body that is refused unread does not hang', async () => {
    const refused = request('POST /graphql', ['Content-Type: text/plain', ...h2c], 'x'.repeat(100_000))
    const { statuses } = await talk([refused.slice(0, 50_000), refused.slice(50_000)], 1)
    expect(statuses).toEqual([415])
  })

  it('beside WebSocket is not asked for: the socket opens', async () => {
    const socket = new WebSocket(`${toy.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { upgrade: 'h2c, WebSocket' },
    })
    // The client of ws wants its own word back.
    const [response] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }]
    expect(response.headers.upgrade).toBe('websocket')
    socket.on('error', () => undefined)
    socket.terminate()
  })
})

describe('clients that offer HTTP/2 on plain HTTP', () => {
  it("the JDK's, by default, are answered, and keep their connection", async () => {
    ensureCommand('java', 'default-jdk-headless')
    const output = await run('java', [join(import.meta.dirname, '../testkit/OfferingClient.java'), toy.url])
    const line = (length: number) => `200 HTTP_1_1 ${length}`
    const ready = line('{"ready":true,"checks":{"database":"ok"}}'.length)
    const hello = (length: number) => line('{"data":{"hello":"Hello, !"}}'.length + length)
    expect(output.trim().split('\n')).toEqual([hello(0), ready, hello(15_000), ready, hello(30_000), ready])
    expect(connectionCount).toBe(1)
  })

  it('curl with --http2 is answered', async () => {
    ensureCommand('curl', 'curl')
    const graphql = `${toy.url}/graphql`
    const json = ['-H', 'content-type: application/json', '-d', query('Ana')]
    expect(await run('curl', ['-sS', '--http2', '--max-time', '10', ...json, graphql])).toContain('Hello, Ana!')
    const health = `${toy.url}/health/ready`
    expect(await run('curl', ['-sS', '--http2', '--max-time', '10', health, health])).toMatch(/^({"ready":true.*}){2}$/)
  })
})
