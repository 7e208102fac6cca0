import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startProxy, type Proxy } from '../../testkit/proxy.ts'
import { ensureRedisServer, startRedis, type RedisServer } from '../../testkit/redis.ts'
import { isPublished, RespSplitter } from '../../testkit/resp.ts'

describe('the frames of Redis', () => {
  const frames = [
    '+OK\r\n',
    '*3\r\n$7\r\nmessage\r\n$1\r\nt\r\n$9\r\n*1\r\n$1\r\nx\r\n',
    ':1000\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '*0\r\n',
    '$0\r\n\r\n',
    '*2\r\n*2\r\n:1\r\n$3\r\nabc\r\n-ERR no\r\n',
    '%1\r\n+key\r\n_\r\n',
    '*3\r\n$9\r\nsubscribe\r\n$1\r\nt\r\n:1\r\n',
    '$6\r\nü€z\r\n',
  ]
  const bytes = Buffer.from(frames.join(''))

  test.each([1, 2, 3, 7, 20, bytes.length])('come out whole from pieces of %i bytes', (size) => {
    const splitter = new RespSplitter()
    const found: string[] = []
    for (let start = 0; start < bytes.length; start += size) {
      found.push(...splitter.push(bytes.subarray(start, start + size)).map((frame) => frame.toString()))
    }
    expect(found).toEqual(frames)
    expect(found.filter((frame) => isPublished(Buffer.from(frame)))).toEqual([frames[1]])
  })

  test('that are none are not passed over', () => {
    expect(() => new RespSplitter().push(Buffer.from('HTTP/1.1 200 OK\r\n'))).toThrow('no frame of Redis')
  })
})

/** Waits until something holds; fails with what did not. */
const until = (condition: () => boolean, timeoutMs = 5_000) =>
  expect.poll(condition, { timeout: timeoutMs, interval: 5 }).toBe(true)

describe('a proxy before a server that answers what it is sent', () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  let proxy: Proxy
  const clients: Socket[] = []

  const open = async () => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const client = { socket, got: '', ended: false, closed: false }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => (client.got += chunk.toString()))
    socket.on('end', () => (client.ended = true))
    socket.on('close', () => (client.closed = true))
    clients.push(socket)
    await until(() => !socket.connecting)
    return client
  }

  beforeAll(async () => {
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
  })
  afterAll(() => echo.close())
  beforeEach(async () => {
    proxy = await startProxy((echo.address() as AddressInfo).port)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await proxy.close()
  })

  test('moves bytes both ways, many of them, and hands on the end', async () => {
    const client = await open()
    const text = 'x'.repeat(5_000_000)
    client.socket.end(text)
    await until(() => client.ended)
    expect(client.got).toBe(text)
    await until(() => proxy.connectionCount === 0)
  })

  test('cuts, refuses while it is cut, and is whole again when healed', async () => {
    const client = await open()
    client.socket.write('before')
    await until(() => client.got === 'before')
    proxy.cut()
    await until(() => client.closed)
    expect(client.ended).toBe(false)
    const refused = await open()
    await until(() => refused.closed)
    proxy.heal()
    const again = await open()
    again.socket.write('after')
    await until(() => again.got === 'after')
  })

  test('stalls old and new connections, and loses nothing by it', async () => {
    const client = await open()
    proxy.stall()
    const late = await open()
    client.socket.write('one ')
    late.socket.write('two')
    await sleep(100)
    client.socket.write('more')
    await sleep(100)
    expect([client.got, late.got, client.closed, late.closed]).toEqual(['', '', false, false])
    proxy.resume()
    await until(() => client.got === 'one more' && late.got === 'two')
  })

  test('delays each direction', async () => {
    proxy.delay(100)
    const client = await open()
    const startMs = performance.now()
    client.socket.write('slow')
    await until(() => client.got === 'slow')
    expect(performance.now() - startMs).toBeGreaterThan(190)
    proxy.delay(60_000)
    proxy.heal()
    client.socket.write('fast')
    await until(() => client.got === 'slowfast')
  })

  test('refuses when nothing listens behind it', async () => {
    const lost = await startProxy(1)
    const socket = connect(lost.port, '127.0.0.1').on('error', () => undefined)
    await until(() => socket.closed)
    await lost.close()
  })
})

describe('a proxy before Redis', () => {
  let server: RedisServer
  let proxy: Proxy
  let publisher: Redis
  let subscriber: Redis
  let got: number[] = []
  let draws: number[] = []

  beforeAll(async () => {
    ensureRedisServer()
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    got = []
    draws = []
    proxy = await startProxy(server.port, { redis: true, random: () => draws.shift() ?? 0.99 })
    publisher = new Redis(server.url)
    subscriber = new Redis(`redis://127.0.0.1:${proxy.port}`)
    await subscriber.subscribe('numbers')
    subscriber.on('message', (_, text) => got.push(Number(text)))
  })
  afterEach(async () => {
    publisher.disconnect()
    subscriber.disconnect()
    await proxy.close()
  })

  const publish = async (from: number, to: number) => {
    for (let number = from; number <= to; number++) await publisher.publish('numbers', String(number))
  }
  const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

  test('hands on what it is not told to spoil', async () => {
    await publish(1, 100)
    await until(() => got.length === 100)
    expect(got).toEqual(oneTo(100))
  })

  test('loses some, and answers nothing less', async () => {
    proxy.lose(0.5)
    draws = oneTo(100).flatMap((number) => (number % 2 === 0 ? [0.4] : [0.6, 0.99, 0.99]))
    await publish(1, 100)
    expect(await subscriber.ping()).toEqual(['pong', ''])
    expect(got).toEqual(oneTo(100).filter((number) => number % 2 === 1))
    proxy.heal()
    await publish(101, 101)
    await until(() => got.at(-1) === 101)
  })

  test('repeats', async () => {
    proxy.repeat(1)
    await publish(1, 3)
    await until(() => got.length === 6)
    expect(got).toEqual([1, 1, 2, 2, 3, 3])
  })

  test('reorders, and keeps none back when it is healed', async () => {
    proxy.reorder(1)
    await publish(1, 5)
    await until(() => got.length === 4)
    expect(got).toEqual([2, 1, 4, 3])
    proxy.heal()
    await until(() => got.length === 5)
    expect(got).toEqual([2, 1, 4, 3, 5])
  })
})
