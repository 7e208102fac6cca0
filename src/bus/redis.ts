import { randomUUID } from 'node:crypto'
import { RedisPubSub, type PubSubRedisOptions } from 'graphql-redis-subscriptions'
import type { Redis } from 'ioredis'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus } from './bus.ts'
import { Connections } from './connection.ts'
import { RedisHealth } from './health.ts'
import { Listeners } from './listeners.ts'
import { Subscriptions } from './subscriptions.ts'
import { topics as topicNames } from './topics.ts'

const maxPendingPublishes = 10_000
/** A key that is written to see that the server takes writes. It is gone at once. */
const probeKey = 'parley:probe'

export interface RedisBusOptions {
  health?: RedisHealth
  /** Milliseconds between two looks whether what is published is heard. */
  probeIntervalMs?: number
}

export function createRedisBus(url: string, logger: Logger, options: RedisBusOptions = {}): Bus {
  const { health = new RedisHealth(logger), probeIntervalMs = 1_000 } = options
  const connections = new Connections('bus', health)
  const publisher = connections.add(url, { enableAutoPipelining: true })
  // No ready check: its INFO would be refused on a connection that is subscribed.
  const subscriber = connections.add(url, { enableReadyCheck: false })
  const subscriptions = new Subscriptions(subscriber, logger, (error) => connections.lost(error, true))
  const pubSub = new RedisPubSub({
    publisher,
    subscriber: localSubscriber(subscriber, subscriptions),
    // Payloads are opaque. Without these the library quotes them as JSON and parses what comes.
    serializer: (payload: string) => payload,
    deserializer: (payload) => payload.toString(),
  })
  const topics = new Map<string, { listeners: Listeners; id: Promise<number> }>()
  let pendingPublishes = 0
  let closed = false
  const backListeners = new Set<() => void>()

  /**
   * A connection that is there may be one to the wrong server: after a failover the former primary goes on answering, and
   * what is published there reaches nobody else. So the way is tried as a whole: subscribed, written, published and heard.
   */
  const probeTopic = topicNames.probe(randomUUID())
  let probeCount = 0
  let onHeard: (probe: string) => void = () => undefined
  subscriber.on('message', (topic: string, payload: string) => {
    if (topic === probeTopic) onHeard(payload)
  })
  connections.onWorking = () => {
    // Also when it was away from the start: others may have published meanwhile.
    for (const listener of backListeners) listener()
  }
  connections.probe(probeIntervalMs, async () => {
    const probe = String(++probeCount)
    subscriptions.want(probeTopic)
    await subscriptions.untilLive(probeTopic)
    // One that was given up meanwhile must not take the place of the next.
    if (probe !== String(probeCount)) return
    const heard = new Promise<void>((resolve) => (onHeard = (payload) => payload === probe && resolve()))
    await Promise.all([publisher.set(probeKey, probe, 'PX', 1), publisher.publish(probeTopic, probe), heard])
    subscriptions.unwant(probeTopic)
  })

  const open = (topic: string) => {
    const listeners = new Listeners(topic, logger)
    const entry = { listeners, id: pubSub.subscribe(topic, listeners.deliver) }
    topics.set(topic, entry)
    return entry
  }

  return {
    isShared: true,

    async publish(topic, payload) {
      if (publisher.status !== 'ready') throw new Error('Redis is unreachable.')
      if (pendingPublishes >= maxPendingPublishes) throw new Error('Redis is too slow: too many messages are waiting.')
      pendingPublishes += 1
      try {
        await pubSub.publish(topic, payload)
      } catch (error) {
        // Its connection may have gone without its status saying so yet.
        throw new Error('Redis is unreachable.', { cause: error })
      } finally {
        pendingPublishes -= 1
      }
    },

    async subscribe(topic, listener, onLate = () => undefined) {
      if (closed) return () => undefined
      const entry = topics.get(topic) ?? open(topic)
      const leave = entry.listeners.add(listener)
      let hasLeft = false
      await subscriptions.settled(topic, () => {
        if (!hasLeft) onLate()
      })
      const id = await entry.id
      return () => {
        hasLeft = true
        leave()
        if (entry.listeners.size > 0 || topics.get(topic) !== entry) return
        topics.delete(topic)
        if (!closed) pubSub.unsubscribe(id)
      }
    },

    onBack(listener) {
      backListeners.add(listener)
    },

    get connected() {
      return !closed && health.isWorking('bus')
    },

    get topicCount() {
      return topics.size
    },

    async close() {
      if (closed) return
      closed = true
      topics.clear()
      await connections.close()
    },
  }
}

/**
 * What graphql-redis-subscriptions is given for a connection: what it asks for is noted and counts as done, so that its own
 * records never wait for an answer that does not come.
 */
function localSubscriber(client: Redis, subscriptions: Subscriptions): PubSubRedisOptions['subscriber'] {
  const facade = {
    on: client.on.bind(client),
    subscribe(topic: string, done: (error: null) => void) {
      subscriptions.want(topic)
      done(null)
    },
    unsubscribe: (topic: string) => subscriptions.unwant(topic),
    // It ends patterns and topics alike, and has no patterns.
    punsubscribe: () => undefined,
  }
  return facade as unknown as Redis
}
