import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RedisTls } from '../bus/address.ts'
import { Connections, type RedisClient } from '../bus/connection.ts'
import { RedisHealth } from '../bus/health.ts'
import { within } from '../flow/deadline.ts'

export interface CountRule {
  /** In kebab-case; part of the keys in Redis. */
  name: string
  points: number
  durationMs: number
}

/** What became of a count, and how the key stands after it. */
export interface Counted {
  /** 0, or, if that was too many, the milliseconds until the key may continue. */
  overForMs: number
  limit: number
  remaining: number
  /** Milliseconds until the key begins anew. */
  resetMs: number
}

/** Counts by key, from the first count on for the rule's duration. Never rejects because of Redis. */
export interface Counter {
  /**
   * Counts one more, or so many. Returns 0, or, if that was too many, the milliseconds until the key may continue. What is
   * refused as a whole, though fewer would have been let through, does not count.
   */
  add(key: string, points?: number): Promise<number>
  /** The same, and says how the key stands. */
  take(key: string, points?: number): Promise<Counted>
  /** Takes back one that was counted a moment ago. */
  giveBack(key: string): Promise<void>
  /** Returns 0, or, if the key has reached its limit, the milliseconds until it may continue. Counts nothing. */
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
  tls?: RedisTls | null
  prefix?: string
}

type Limiter = RateLimiterMemory | RateLimiterRedis

/** Milliseconds to wait for an answer: a person's login is waiting too. */
const commandTimeoutMs = 250
/** Milliseconds without commands to Redis after one that got no answer in time. */
const silenceMs = 1_000

const optionsOf = ({ points, durationMs }: CountRule) => ({ points, duration: Math.ceil(durationMs / 1000) })

const isOutcome = (error: unknown): error is RateLimiterRes => error instanceof RateLimiterRes

/** Rejects when the limiter does not work; too many counts are no error. */
async function take(limiter: Limiter, key: string, points = 1): Promise<Counted> {
  const limit = limiter.points
  try {
    const { remainingPoints: remaining, msBeforeNext: resetMs } = await limiter.consume(key, points)
    return { overForMs: 0, limit, remaining, resetMs }
  } catch (error) {
    if (!isOutcome(error)) throw error
    const { consumedPoints, msBeforeNext: resetMs } = error
    if (points > 1) await limiter.reward(key, points)
    const remaining = points > 1 ? Math.max(0, limit - consumedPoints + points) : 0
    return { overForMs: resetMs, limit, remaining, resetMs }
  }
}

async function fullForMs(limiter: Limiter, key: string): Promise<number> {
  const state = await limiter.get(key)
  return state && state.consumedPoints >= limiter.points ? state.msBeforeNext : 0
}

/** Not where the time in which it was counted is over: that would let one more through in the next one. */
async function giveBack(limiter: Limiter, key: string): Promise<void> {
  if (((await limiter.get(key))?.consumedPoints ?? 0) > 0) await limiter.reward(key, 1)
}

const localCounter = (rule: CountRule) => new RateLimiterMemory({ keyPrefix: rule.name, ...optionsOf(rule) })

/** Each process by itself. */
export function createInProcessCounters(): Counters {
  return {
    counter(rule) {
      const limiter = localCounter(rule)
      return {
        add: async (key, points) => (await take(limiter, key, points)).overForMs,
        take: (key, points) => take(limiter, key, points),
        giveBack: (key) => giveBack(limiter, key),
        fullForMs: (key) => fullForMs(limiter, key),
      }
    },
    close: () => Promise.resolve(),
  }
}

/**
 * Shared by all processes, in Redis. While Redis does not answer, each process counts by itself. The `insuranceLimiter` of
 * rate-limiter-flexible is not enough: when Redis hangs, the command never settles, so the insurance is never used.
 */
export class RedisCounters implements Counters {
  private readonly connections: Connections
  private readonly redis: RedisClient
  private readonly health: RedisHealth
  private readonly prefix: string
  private silentUntilMs = -Infinity

  constructor({
    url,
    health = new RedisHealth(null),
    probeIntervalMs = 1_000,
    tls = null,
    prefix = 'parley:limits',
  }: RedisCountersOptions) {
    this.health = health
    this.prefix = prefix
    this.connections = new Connections('limits', health, tls)
    this.redis = this.connections.add(url, {})
    this.connections.probe(probeIntervalMs, () => this.redis.set(`${prefix}:probe`, 1, 'PX', 1))
  }

  counter(rule: CountRule): Counter {
    const local = localCounter(rule)
    const shared = new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `${this.prefix}:${rule.name}`,
      rejectIfRedisNotReady: true,
      ...optionsOf(rule),
    })
    const taken = (key: string, points?: number) => this.ask((limiter) => take(limiter, key, points), shared, local)
    return {
      add: async (key, points) => (await taken(key, points)).overForMs,
      take: taken,
      giveBack: (key) => this.ask((limiter) => giveBack(limiter, key), shared, local),
      // Counts from the time when Redis was away are in this process, and still apply here.
      fullForMs: async (key) =>
        Math.max(await fullForMs(local, key), await this.ask((limiter) => fullForMs(limiter, key), shared, local)),
    }
  }

  close(): Promise<void> {
    return this.connections.close()
  }

  private async ask<Answer>(
    question: (limiter: Limiter) => Promise<Answer>,
    shared: Limiter,
    local: Limiter,
  ): Promise<Answer> {
    if (!this.health.isWorking('limits') || performance.now() < this.silentUntilMs) return question(local)
    try {
      return await within(commandTimeoutMs, question(shared), () => new Error('Redis did not answer in time'))
    } catch {
      this.silentUntilMs = performance.now() + silenceMs
      return question(local)
    }
  }
}
