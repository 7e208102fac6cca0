import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { HttpLimits } from '../../src/transport/http/limits.ts'
import { createToy } from './toy.ts'

// Node loads graphql's CommonJS build for Pothos, Vite its ES build for the sources: a schema belongs to one of them.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

async function start(httpLimits: Partial<HttpLimits>) {
  const toy = createToy({ httpLimits })
  await toy.start()
  onTestFinished(() => toy.stop())
  return toy
}

/** Names of the limits that are reached from here on. */
function reachedLimits(): string[] {
  const limits: string[] = []
  const listen = (fact: unknown) => limits.push((fact as { limit: string }).limit)
  subscribe('parley:limited', listen)
  onTestFinished(() => void unsubscribe('parley:limited', listen))
  return limits
}

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  open.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

const post = (body: string, { byteSize = Buffer.byteLength(body), headers = '' } = {}) =>
  `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}Content-Length: ${String(byteSize)}\r\n\r\n${body}`

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

/** What comes until the connection ends or a whole answer is there. */
async function answerOn(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString()
    if (text.includes('}')) break
  }
  return text
}

describe('answers that nobody reads', () => {
  const answerByteSize = 800_000
  /** Asks for more than the system holds for a connection, and reads nothing of it. */
  const asking = async (url: string, person = 'ann') => {
    const socket = await dial(url)
    socket.pause()
    const name = 'x'.repeat(answerByteSize)
    const body = JSON.stringify({ query: 'query ($name: String!) { hello(name: $name) }', variables: { name } })
    for (let nth = 0; nth < 8; nth++) socket.write(post(body, { headers: `Authorization: Bearer ${person}.1\r\n` }))
    return socket
  }

  /** All that still comes, once it is read. */
  const rest = async (socket: Socket) => {
    let byteSize = 0
    socket.on('data', (chunk) => (byteSize += chunk.length)).resume()
    await closed(socket)
    return byteSize
  }

  it('are cut off in time, and others are answered', async () => {
    const toy = await start({ unreadTimeoutMs: 300 })
    const limits = reachedLimits()
    const socket = await asking(toy.url)
    await expect.poll(() => limits).toEqual(['unread-answer-time'])
    expect((await toy.post('{ hello }')).status).toBe(200)
    expect(await rest(socket)).toBeLessThan(8 * answerByteSize)
  })

  it('are cut off before they take too much memory', async () => {
    const toy = await start({ unreadByteSize: 4_000_000, unreadTimeoutMs: 60_000 })
    const limits = reachedLimits()
    const sockets = []
    for (let nth = 0; nth < 4; nth++) sockets.push(await asking(toy.url, `ann${String(nth)}`))
    await expect.poll(() => limits.length).toBeGreaterThan(0)
    expect(new Set(limits)).toEqual(new Set(['unread-answers']))
    expect((await toy.post('{ hello }')).status).toBe(200)
    expect(limits.length).toBeLessThan(4)
  })
})

describe('bodies', () => {
  const hello = JSON.stringify({ query: '{ hello }' })

  it('that are not finished leave room for others, and the small ones are always taken', async () => {
    const toy = await start({ bodyByteSize: 1_000_000 })
    // 250,000 bytes for those without a token.
    const holders = await Promise.all(Array.from({ length: 5 }, () => dial(toy.url)))
    for (const socket of holders) socket.write(post(' '.repeat(60_000), { byteSize: 65_536 }))
    const large = hello + ' '.repeat(50_000)
    const ask = (headers: Record<string, string>, body = large) =>
      fetch(`${toy.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    await expect.poll(async () => (await ask({})).status).toBe(503)
    const refused = await ask({})
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }],
    })
    expect((await ask({}, hello)).status).toBe(200)
    expect((await ask({ authorization: 'Bearer ann.1' })).status).toBe(200)
    for (const socket of holders) socket.destroy()
    await expect.poll(async () => (await ask({})).status).toBe(200)
  })

  it('of one person do not take the room of another', async () => {
    const toy = await start({ bodyByteSize: 800_000 })
    const bearer = (name: string) => `Authorization: Bearer ${name}.1\r\n`
    for (let nth = 0; nth < 3; nth++) {
      const socket = await dial(toy.url)
      socket.write(post(' '.repeat(90_000), { byteSize: 100_000, headers: bearer('ann') }))
    }
    const large = hello + ' '.repeat(60_000)
    const ask = (name: string) =>
      fetch(`${toy.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${name}.1` },
        body: large,
      })
    await expect.poll(async () => (await ask('ann')).status).toBe(503)
    expect((await ask('bob')).status).toBe(200)
  })

  it('that go on and on after they were refused end their connection', async () => {
    const toy = await start({})
    for (const type of ['application/json', 'text/plain']) {
      const socket = await dial(toy.url)
      socket.resume()
      socket.write(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`)
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
      let sent = 0
      const pump = () => {
        while (!socket.destroyed && sent < 4_000 && socket.write(chunk)) sent++
      }
      socket.on('drain', pump)
      pump()
      await closed(socket)
      expect(sent).toBeLessThan(2_000)
    }
  })
})

describe('connections', () => {
  it('of one address are as many as the operator says', async () => {
    const toy = await start({ connectionsPerAddress: 3 })
    const taken = [await dial(toy.url), await dial(toy.url), await dial(toy.url)]
    await closed(await dial(toy.url))
    taken[0]?.destroy()
    await expect
      .poll(async () => {
        const socket = await dial(toy.url)
        socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
        return answerOn(socket)
      })
      .toContain('200 OK')
  })

  it('that many share are not counted unless the operator says so', async () => {
    const toy = await start({})
    const taken = await Promise.all(Array.from({ length: 300 }, () => dial(toy.url)))
    expect((await toy.post('{ hello }')).status).toBe(200)
    expect(taken.every(({ destroyed }) => !destroyed)).toBe(true)
  })
})

it('requests that are sent without waiting for answers are eight of a connection at the most', async () => {
  const toy = await start({})
  const get = 'GET /graphql?query={hello} HTTP/1.1\r\nHost: x\r\n\r\n'
  const few = await dial(toy.url)
  let text = ''
  few.on('data', (chunk) => (text += chunk.toString())).write(get.repeat(8))
  await expect.poll(() => text.split('Hello, you!').length - 1).toBe(8)
  expect(few.destroyed).toBe(false)
  const limits = reachedLimits()
  const many = await dial(toy.url)
  many.resume().write(get.repeat(200))
  await closed(many)
  expect(limits).toEqual(['requests-per-connection'])
  expect((await toy.post('{ hello }')).status).toBe(200)
})
