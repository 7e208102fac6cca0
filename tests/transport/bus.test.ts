import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Bus } from '../../src/bus/bus.ts'
import { createInProcessBus } from '../../src/bus/inprocess.ts'
import { createRedisBus } from '../../src/bus/redis.ts'
import { startProxy } from '../testkit/proxy.ts'
import { startRedis as startRedisServer } from '../testkit/redis.ts'
import { isSubscribed } from '../testkit/resp.ts'

// A Redis of its own: these tests stop, kill and freeze it.
let folder: string
let port: number
let redis: ChildProcess | undefined
const url = () => `redis://127.0.0.1:${port}`

async function startRedis() {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  redis = spawn('redis-server', args, { stdio: 'ignore' })
  const probe = new Redis(url(), { maxRetriesPerRequest: null, retryStrategy: () => 20 }).on('error', () => undefined)
  await probe.ping()
  probe.disconnect()
}

async function killRedis() {
  const dying = redis
  redis = undefined
  if (!dying || dying.exitCode !== null) return
  const gone = new Promise((resolve) => dying.once('exit', resolve))
  dying.kill('SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-bus-'))
  port = await freePort()
  await startRedis()
})

afterAll(async () => {
  await killRedis()
  await rm(folder, { recursive: true })
})

const logLines: { level: number; msg: string }[] = []
const logger = pino({ level: 'debug' }, { write: (line: string) => logLines.push(JSON.parse(line) as never) })
const warnings = () => logLines.filter(({ level }) => level === 40).map(({ msg }) => msg)

const buses: Bus[] = []
const rejections: unknown[] = []
const onRejection = (reason: unknown) => rejections.push(reason)
process.on('unhandledRejection', onRejection)
afterAll(() => process.off('unhandledRejection', onRejection))

function track(bus: Bus): Bus {
  buses.push(bus)
  return bus
}

async function connectedRedisBus(): Promise<Bus> {
  const bus = track(createRedisBus(url(), logger))
  await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
  return bus
}

afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()))
  if (!redis) await startRedis()
  await delay(20)
  expect(rejections.splice(0)).toEqual([])
  logLines.length = 0
})

const kinds = {
  'in-process': () => Promise.resolve(track(createInProcessBus(logger))),
  Redis: connectedRedisBus,
}

describe.each(Object.entries(kinds))('the %s bus', (_kind, createBus) => {
  it('carries payloads as they are to every listener of the topic, in order', async () => {
    const bus = await createBus()
    const first: string[] = []
    const second: string[] = []
    await bus.subscribe('a', (payload) => first.push(payload))
    await bus.subscribe('a', (payload) => second.push(payload))
    await bus.subscribe('b', () => expect.unreachable())
    const payloads = ['{"n":1}', '"quoted"', 'no JSON at all', '', 'ünïcödé 🙂', '42']
    for (const payload of payloads) await bus.publish('a', payload)
    await vi.waitFor(() => expect(first).toEqual(payloads))
    expect(second).toEqual(payloads)
    expect(bus.topicCount).toBe(2)
  })

  it('delivers to the other listeners when one throws', async () => {
    const bus = await createBus()
    const got: string[] = []
    await bus.subscribe('a', () => {
      throw new Error('listener failed')
    })
    await bus.subscribe('a', (payload) => got.push(payload))
    await bus.publish('a', 'one')
    await bus.publish('a', 'two')
    await vi.waitFor(() => expect(got).toEqual(['one', 'two']))
    expect(logLines.filter(({ msg }) => msg === 'A bus listener threw')).toHaveLength(2)
  })

  it('counts the same function twice, and unsubscribes each once however often it is asked', async () => {
    const bus = await createBus()
    const listener = vi.fn()
    const leaveFirst = await bus.subscribe('a', listener)
    const leaveSecond = await bus.subscribe('a', listener)
    leaveFirst()
    leaveFirst()
    await bus.publish('a', 'one')
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1))
    leaveSecond()
    leaveSecond()
    expect(bus.topicCount).toBe(0)
    await bus.publish('a', 'two')
    await delay(50)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('can be subscribed again after the last listener left, also at once', async () => {
    const bus = await createBus()
    const got: string[] = []
    for (let round = 0; round < 20; round += 1) {
      const leave = await bus.subscribe('a', (payload) => got.push(payload))
      await bus.publish('a', `round ${round}`)
      await vi.waitFor(() => expect(got).toContain(`round ${round}`))
      leave()
    }
    expect(got).toHaveLength(20)
  })

  it('ends idempotently; afterwards publishing rejects and leaving does nothing', async () => {
    const bus = await createBus()
    const leave = await bus.subscribe('a', () => undefined)
    await bus.close()
    await bus.close()
    expect(bus.connected).toBe(false)
    expect(bus.topicCount).toBe(0)
    leave()
    await expect(bus.publish('a', 'x')).rejects.toThrow()
  })
})

describe('the Redis bus', () => {
  it('carries messages between processes', async () => {
    const [here, there] = [await connectedRedisBus(), await connectedRedisBus()]
    const got: string[] = []
    await there.subscribe('a', (payload) => got.push(payload))
    await Promise.all(Array.from({ length: 100 }, (_, n) => here.publish('a', String(n))))
    await vi.waitFor(() => expect(got).toHaveLength(100))
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
  })

  it('survives unsubscribing while SUBSCRIBE is pending', async () => {
    const bus = await connectedRedisBus()
    const early = vi.fn()
    const late = vi.fn()
    const leaving = bus.subscribe('a', early).then((leave) => leave())
    const joining = bus.subscribe('a', late)
    await leaving
    await joining
    // Twenty topics that are left in the very turn in which SUBSCRIBE is sent, and joined again.
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const first = bus.subscribe(`t${n}`, early)
        const second = first.then((leave) => {
          leave()
          return bus.subscribe(`t${n}`, late)
        })
        await second
      }),
    )
    for (let n = 0; n < 20; n += 1) await bus.publish(`t${n}`, 'x')
    await bus.publish('a', 'x')
    await vi.waitFor(() => expect(late).toHaveBeenCalledTimes(21))
    expect(early).not.toHaveBeenCalled()
    expect(bus.topicCount).toBe(21)
  })

  it('rejects a publish at once while Redis is down, and logs one line for the outage', async () => {
    const bus = await connectedRedisBus()
    await killRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(false))
    await expect(bus.publish('a', 'lost')).rejects.toThrow('Redis is unreachable')
    await delay(1_500)
    expect(warnings()).toEqual(['Redis is unreachable; trying again until it is back'])
    await startRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(true), 3_000)
    expect(logLines.filter(({ msg }) => msg === 'Redis is back')).toHaveLength(1)
  })

  it('rejects what is under way when the connection breaks', async () => {
    const bus = await connectedRedisBus()
    redis?.kill('SIGSTOP')
    const publishing = bus.publish('a', 'x')
    const outcome = expect(publishing).rejects.toThrow()
    await delay(50)
    await killRedis()
    await outcome
  })

  it('notices a Redis that answers nothing any more', async () => {
    const bus = await connectedRedisBus()
    redis?.kill('SIGSTOP')
    await expect(bus.publish('a', 'x')).rejects.toThrow()
    expect(bus.connected).toBe(false)
    redis?.kill('SIGCONT')
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
  })

  it('delivers again to old and new listeners when Redis is back', async () => {
    const bus = await connectedRedisBus()
    const old: string[] = []
    const fresh: string[] = []
    await bus.subscribe('old', (payload) => old.push(payload))
    const leaveGone = await bus.subscribe('gone', () => expect.unreachable())
    await killRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(false))
    await bus.subscribe('fresh', (payload) => fresh.push(payload))
    const leaveNever = await bus.subscribe('never', () => expect.unreachable())
    leaveGone()
    leaveNever()
    expect(bus.topicCount).toBe(2)
    await delay(300)
    await startRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(true), 3_000)
    await vi.waitFor(async () => {
      for (const topic of ['old', 'fresh', 'gone', 'never']) await bus.publish(topic, 'back')
      expect(old).toContain('back')
      expect(fresh).toContain('back')
    }, 3_000)
    const probe = new Redis(url())
    expect((await probe.pubsub('CHANNELS')).sort()).toEqual(['fresh', 'old'])
    probe.disconnect()
  })

  it('resolves a subscribe whose connection is lost while it waits, and makes it live later', async () => {
    const bus = await connectedRedisBus()
    redis?.kill('SIGSTOP')
    const got: string[] = []
    const subscribing = bus.subscribe('a', (payload) => got.push(payload))
    await delay(50)
    await killRedis()
    await subscribing
    await startRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(true), 3_000)
    await vi.waitFor(async () => {
      await bus.publish('a', 'live')
      expect(got).toContain('live')
    }, 3_000)
  })

  it('tries again when SUBSCRIBE is refused, leaving nothing behind', async () => {
    const admin = new Redis(url())
    await admin.acl('SETUSER', 'narrow', 'on', '>pw', '+@all', '~*', 'resetchannels', '&parley:*')
    const bus = track(createRedisBus(`redis://narrow:pw@127.0.0.1:${port}`, logger))
    await vi.waitFor(() => expect(bus.connected).toBe(true))
    const got: string[] = []
    const leaveRefused = await bus.subscribe('refused', () => undefined)
    await bus.subscribe('other', (payload) => got.push(payload))
    expect(logLines.filter(({ msg }) => msg === 'SUBSCRIBE failed; trying again')).toHaveLength(2)
    leaveRefused()
    await admin.acl('SETUSER', 'narrow', '&other')
    await vi.waitFor(async () => {
      await admin.publish('other', 'allowed')
      expect(got).toContain('allowed')
    }, 3_000)
    expect(await admin.pubsub('CHANNELS')).toEqual(['other'])
    admin.disconnect()
  })

  it('starts while Redis is down, and closes while it is down', async () => {
    await killRedis()
    const bus = track(createRedisBus(url(), logger))
    const got: string[] = []
    await bus.subscribe('a', (payload) => got.push(payload))
    expect(bus.connected).toBe(false)
    await expect(bus.publish('a', 'x')).rejects.toThrow()
    const doomed = track(createRedisBus(url(), logger))
    const leave = await doomed.subscribe('b', () => undefined)
    leave()
    await doomed.close()
    await startRedis()
    await vi.waitFor(() => expect(bus.connected).toBe(true), 3_000)
    await vi.waitFor(async () => {
      await bus.publish('a', 'up')
      expect(got).toContain('up')
    }, 3_000)
  })

  it('makes live what was asked for while it was connecting, on a connection that was lost before it was ready', async () => {
    const proxy = await startProxy(port)
    const bus = track(createRedisBus(`redis://127.0.0.1:${proxy.port}`, logger))
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
    // Connected again, and nothing is answered: neither the greeting nor what comes with it.
    proxy.stall()
    proxy.cut()
    await vi.waitFor(() => expect(bus.connected).toBe(false))
    proxy.heal()
    proxy.stall()
    await vi.waitFor(() => expect(proxy.connectionCount).toBe(2), 5_000)
    const got: string[] = []
    await bus.subscribe('a', (payload) => got.push(`first ${payload}`))
    proxy.cut()
    proxy.heal()
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
    await bus.subscribe('a', (payload) => got.push(`second ${payload}`))
    const other = new Redis(url())
    await vi.waitFor(async () => {
      await other.publish('a', 'live')
      expect(got).toEqual(expect.arrayContaining(['first live', 'second live']))
    }, 5_000)
    other.disconnect()
    await bus.close()
    await proxy.close()
  })

  it('waits a quarter of a second for an answer that is lost, and tells when the topic is live after all', async () => {
    const proxy = await startProxy(port, { redis: true })
    const bus = track(createRedisBus(`redis://127.0.0.1:${proxy.port}`, logger))
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
    proxy.swallow(isSubscribed())
    const [inTime, late, never] = [vi.fn(), vi.fn(), vi.fn()]
    const leave = await bus.subscribe('left', () => undefined, never)
    leave()
    await bus.subscribe('a', () => undefined, late)
    // The connection that does not answer is given up, and the next one does no better.
    await vi.waitFor(() => expect(bus.connected).toBe(false), 10_000)
    expect(late).not.toHaveBeenCalled()
    proxy.heal()
    await vi.waitFor(() => expect(late).toHaveBeenCalledTimes(1), 10_000)
    await vi.waitFor(() => expect(bus.connected).toBe(true), 10_000)
    await bus.subscribe('b', () => undefined, inTime)
    await bus.publish('a', 'x')
    for (const listener of [inTime, never]) expect(listener).not.toHaveBeenCalled()
    expect(late).toHaveBeenCalledTimes(1)
    await bus.close()
    await proxy.close()
  })

  it('does not stay with a server that others no longer publish on, however well that one answers', async () => {
    const other = await startRedisServer()
    const proxy = await startProxy(port)
    const bus = track(createRedisBus(`redis://127.0.0.1:${proxy.port}`, logger))
    const got: string[] = []
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
    await bus.subscribe('a', (payload) => got.push(payload))
    // The address is another server's now. What publishes finds it when its connection is cut; what hears has no reason to.
    proxy.retarget(other.port)
    const [former, next] = [new Redis(url()), new Redis(other.url)]
    await former.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await vi.waitFor(async () => {
      await next.publish('a', 'from the new one')
      expect(got).toContain('from the new one')
    }, 15_000)
    expect(warnings()).toHaveLength(1)
    await vi.waitFor(() => expect(bus.connected).toBe(true), 5_000)
    for (const client of [former, next]) client.disconnect()
    await bus.close()
    await proxy.close()
    await other.stop()
  })
})
