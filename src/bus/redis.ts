import { RedisPubSub } from 'graphql-redis-subscriptions'
import { Cluster, type Redis } from 'ioredis'
import type { Logger } from '../telemetry/logger.ts'
import type { RedisTls } from './address.ts'
import type { Bus } from './bus.ts'
import { ClusterLinks } from './cluster-links.ts'
import { Connections, type RedisClient } from './connection.ts'
import { RedisHealth } from './health.ts'
import { soleLink, type Links } from './link.ts'
import { Listeners } from './listeners.ts'
import { RoundTripProbe } from './probe.ts'
import { Subscriptions } from './subscriptions.ts'

const maxPendingPublishes = 10_000

export interface RedisBusOptions {
  health?: RedisHealth
  /** Milliseconds between two probes of the way from publishing to receiving. */
  probeIntervalMs?: number
  tls?: RedisTls | null
}

export type Publish = (topic: string, payload: string) => Promise<unknown>

interface OpenTopic {
  listeners: Listeners
  id: Promise<number>
}

export const createRedisBus = (url: string, logger: Logger, options: RedisBusOptions = {}): Bus =>
  new RedisBus(url, logger, options)

class RedisBus implements Bus {
  readonly isShared = true
  private readonly health: RedisHealth
  private readonly connections: Connections
  private readonly publisher: RedisClient
  private readonly subscriptions: Subscriptions
  private readonly pubSub: RedisPubSub
  private readonly topics = new Map<string, OpenTopic>()
  private readonly backListeners = new Set<() => void>()
  private pendingPublishes = 0
  private closed = false

  constructor(
    url: string,
    private readonly logger: Logger,
    { health = new RedisHealth(logger), probeIntervalMs = 1_000, tls = null }: RedisBusOptions,
  ) {
    this.health = health
    this.connections = new Connections('bus', health, tls)
    this.publisher = this.connections.add(url, { enableAutoPipelining: true })
    const links = this.linksOf(url, this.publisher)
    const publish = publishBy(this.publisher)
    this.subscriptions = new Subscriptions(links, logger, (error) => this.connections.lost(error, true))
    this.pubSub = new RedisPubSub({
      publisher: { publish } as unknown as Redis,
      subscriber: localSubscriber(links, this.subscriptions),
      // Payloads are opaque. Without these functions the library quotes them as JSON and parses them again.
      serializer: (payload: string) => payload,
      deserializer: (payload) => payload.toString(),
    })
    this.connections.onWorking = () => {
      // On the first connection too: Redis may have been away since the start, and others may have published meanwhile.
      for (const listener of this.backListeners) listener()
    }
    const { publisher, subscriptions } = this
    const probe = new RoundTripProbe({ publisher, publish, links, subscriptions })
    this.connections.probe(probeIntervalMs, () => probe.run())
  }

  async publish(topic: string, payload: string): Promise<void> {
    if (this.publisher.status !== 'ready') throw new Error('Redis is unreachable.')
    if (this.pendingPublishes >= maxPendingPublishes) {
      throw new Error('Redis is too slow: too many messages are waiting.')
    }
    this.pendingPublishes += 1
    try {
      await this.pubSub.publish(topic, payload)
    } catch (error) {
      // The connection may be gone although its status does not say so yet.
      throw new Error('Redis is unreachable.', { cause: error })
    } finally {
      this.pendingPublishes -= 1
    }
  }

  async subscribe(
    topic: string,
    listener: (payload: string) => void,
    onLate: () => void = () => undefined,
  ): Promise<() => void> {
    if (this.closed) return () => undefined
    const entry = this.topics.get(topic) ?? this.open(topic)
    const leave = entry.listeners.add(listener)
    let hasLeft = false
    await this.subscriptions.settled(topic, () => {
      if (!hasLeft) onLate()
    })
    const id = await entry.id
    return () => {
      hasLeft = true
      leave()
      if (entry.listeners.size > 0 || this.topics.get(topic) !== entry) return
      this.topics.delete(topic)
      if (!this.closed) this.pubSub.unsubscribe(id)
    }
  }

  onBack(listener: () => void): void {
    this.backListeners.add(listener)
  }

  get connected(): boolean {
    return !this.closed && this.health.isWorking('bus')
  }

  get topicCount(): number {
    return this.topics.size
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.topics.clear()
    await this.connections.close()
  }

  private open(topic: string): OpenTopic {
    const listeners = new Listeners(topic, this.logger)
    const entry = { listeners, id: this.pubSub.subscribe(topic, listeners.deliver) }
    this.topics.set(topic, entry)
    return entry
  }

  private linksOf(url: string, publisher: RedisClient): Links {
    if (publisher instanceof Cluster) return new ClusterLinks(publisher, this.connections.nodes())
    // No ready check: its INFO would be refused on a connection that is subscribed.
    return soleLink(this.connections.addSubscriber(url))
  }
}

/** In a cluster by the node that has the topic's slot, to those who are subscribed there: not to all nodes. */
const publishBy = (client: RedisClient): Publish =>
  client instanceof Cluster
    ? (topic, payload) => client.spublish(topic, payload)
    : (topic, payload) => client.publish(topic, payload)

/**
 * The subscriber that graphql-redis-subscriptions gets. Its subscriptions are noted and count as done at once, so that the
 * library never waits for an answer that does not come.
 */
function localSubscriber(links: Links, subscriptions: Subscriptions): Redis {
  const facade = {
    on(event: string, listener: (topic: string, payload: string) => void) {
      // The library listens to patterns besides, and there are none here.
      if (event === 'message') links.onMessage(listener)
    },
    subscribe(topic: string, done: (error: null) => void) {
      subscriptions.want(topic)
      done(null)
    },
    unsubscribe: (topic: string) => subscriptions.unwant(topic),
    // The library calls it for patterns and topics alike.
    punsubscribe: () => undefined,
  }
  return facade as unknown as Redis
}
