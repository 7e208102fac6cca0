import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Connections } from '../bus/connection.ts'
import { RedisHealth } from '../bus/health.ts'
import { within } from '../flow/deadline.ts'

export interface CountRule {
  /** In kebab-case; part of the keys in Redis. */
  name: string
  points: number
  durationMs: number
}

/** Counts things of one kind by key, for as long as the rule says from the first of them on. Never rejects because of Redis. */
export interface Counter {
  /** Counts one more. Milliseconds until the key may go on, when that was too many; else 0. */
  add(key: string): Promise<number>
  /** Milliseconds until the key may go on, when it has all that it may have; else 0. */
  fullForMs(key: string): Promise<number>
}

export interface Counters {
  counter(rule: CountRule): Counter
  close(): Promise<void>
}

export interface RedisCountersOptions {
  url: string
  health?: RedisHealth
  probeIntervalMs?: number
  prefix?: string
}

type Limiter = RateLimiterMemory | RateLimiterRedis

/** An answer that takes longer is not waited for: somebody's login is behind it. */
const commandTimeoutMs = 250
/** After that Redis is left alone for a while. */
const silenceMs = 1_000

const optionsOf = ({ points, durationMs }: CountRule) => ({ points, duration: Math.ceil(durationMs / 1000) })

const isOutcome = (error: unknown): error is RateLimiterRes => error instanceof RateLimiterRes

/** Rejects when the limiter does not work, and not when there were too many. */
async function add(limiter: Limiter, key: string): Promise<number> {
  try {
    await limiter.consume(key)
    return 0
  } catch (error) {
    if (isOutcome(error)) return error.msBeforeNext
    throw error
  }
}

async function fullForMs(limiter: Limiter, key: string): Promise<number> {
  const state = await limiter.get(key)
  return state && state.consumedPoints >= limiter.points ? state.msBeforeNext : 0
}

const localCounter = (rule: CountRule) => new RateLimiterMemory({ keyPrefix: rule.name, ...optionsOf(rule) })

/** Each process by itself. */
export function createInProcessCounters(): Counters {
  return {
    counter(rule) {
      const limiter = localCounter(rule)
      return { add: (key) => add(limiter, key), fullForMs: (key) => fullForMs(limiter, key) }
    },
    close: () => Promise.resolve(),
  }
}

/**
 * Shared by all processes, in Redis. While that does not answer each counts by itself: rate-limiter-flexible has an insurance of
 * its own, which is never asked when Redis hangs, as the command then never settles.
 */
export class RedisCounters implements Counters {
  private readonly connections: Connections
  private readonly health: RedisHealth
  private readonly prefix: string
  private silentUntilMs = -Infinity

  constructor({
    url,
    health = new RedisHealth(null),
    probeIntervalMs = 1_000,
    prefix = 'parley:limits',
  }: RedisCountersOptions) {
    this.health = health
    this.prefix = prefix
    this.connections = new Connections('limits', health)
    const redis = this.connections.add(url, {})
    this.connections.probe(probeIntervalMs, () => redis.set(`${prefix}:probe`, 1, 'PX', 1))
  }

  counter(rule: CountRule): Counter {
    const local = localCounter(rule)
    const [storeClient] = this.connections.clients
    const shared = new RateLimiterRedis({
      storeClient,
      keyPrefix: `${this.prefix}:${rule.name}`,
      rejectIfRedisNotReady: true,
      ...optionsOf(rule),
    })
    return {
      add: (key) => this.ask((limiter) => add(limiter, key), shared, local),
      // What was counted here while Redis was away still counts here.
      fullForMs: async (key) =>
        Math.max(await fullForMs(local, key), await this.ask((limiter) => fullForMs(limiter, key), shared, local)),
    }
  }

  close(): Promise<void> {
    return this.connections.close()
  }

  private async ask(question: (limiter: Limiter) => Promise<number>, shared: Limiter, local: Limiter): Promise<number> {
    if (!this.health.isWorking('limits') || performance.now() < this.silentUntilMs) return question(local)
    try {
      return await within(commandTimeoutMs, question(shared), () => new Error('Redis did not answer in time'))
    } catch {
      this.silentUntilMs = performance.now() + silenceMs
      return question(local)
    }
  }
}
