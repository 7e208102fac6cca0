import type { Socket } from 'node:net'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { Redis } from 'ioredis'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus } from './bus.ts'
import { connectionOptions, endConnection, keepPinging, neverQueue } from './connection.ts'
import { Listeners } from './listeners.ts'

const maxPendingPublishes = 10_000
const resubscribeDelayMs = 1_000

/**
 * graphql-redis-subscriptions drops the promise of its UNSUBSCRIBE, and ioredis those of its own re-subscribing; each
 * would be an unhandled rejection when the connection ends first. Whoever awaits the reply still sees the error.
 */
class SubscriberClient extends Redis {
  override sendCommand(...args: Parameters<Redis['sendCommand']>) {
    this.writeOncePerTick()
    const reply = super.sendCommand(...args) as Promise<unknown>
    reply.catch(() => undefined)
    return reply
  }

  /** What ioredis does for other commands: SUBSCRIBEs of one tick go out in one write, not thousands. */
  private writeOncePerTick() {
    const stream = this.stream as Socket | undefined
    if (!stream || stream.writableCorked > 0) return
    stream.cork()
    process.nextTick(() => {
      stream.uncork()
    })
  }
}

interface Topic {
  listeners: Listeners
  /** The library's id once SUBSCRIBE is answered; null when it failed. Never rejects. */
  live: Promise<number | null>
}

export function createRedisBus(url: string, logger: Logger): Bus {
  const publisher = new Redis(url, {
    ...connectionOptions,
    ...neverQueue,
    enableAutoPipelining: true,
  })
  // Its queue while offline holds SUBSCRIBE and UNSUBSCRIBE only: bounded by the topics in use.
  // No ready check: its INFO is refused when a SUBSCRIBE got in before it, and the connection dropped for that.
  const subscriber = new SubscriberClient(url, {
    ...connectionOptions,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
  })
  subscriber.setMaxListeners(0)
  const pubSub = new RedisPubSub({
    publisher,
    subscriber,
    // Payloads are opaque. Without these the library quotes them as JSON and parses what comes.
    serializer: (payload: string) => payload,
    deserializer: (payload) => payload.toString(),
  })
  const topics = new Map<string, Topic>()
  let pendingPublishes = 0
  let closed = false
  let down = false
  const backListeners = new Set<() => void>()

  const clients = [publisher, subscriber]
  const isConnected = () => clients.every((client) => client.status === 'ready')
  const onDown = (error?: Error) => {
    // One line per outage: 'error' and 'close' come with every attempt to reconnect.
    if (down || closed) return
    down = true
    logger.warn(
      { reason: error?.message ?? 'connection closed' },
      'Redis is unreachable; trying again until it is back',
    )
  }
  const onReady = () => {
    if (!down || !isConnected()) return
    down = false
    logger.info('Redis is back')
    for (const listener of backListeners) listener()
  }
  for (const client of clients) client.on('error', onDown).on('close', onDown).on('ready', onReady)

  const pinging = keepPinging(clients)

  function open(topic: string): Topic {
    const listeners = new Listeners(topic, logger)
    const entry: Topic = { listeners, live: Promise.resolve(null) }
    topics.set(topic, entry)
    goLive(topic, entry)
    return entry
  }

  function goLive(topic: string, entry: Topic) {
    const internals = pubSub as unknown as LibraryInternals
    // Read before the call: a failed SUBSCRIBE rejects without its id and leaves the id's entries behind.
    const id = internals.currentSubscriptionId
    const subscribing = pubSub.subscribe(topic, entry.listeners.deliver)
    // The library rejects a second promise of its own, for those who subscribe meanwhile, even when there are none.
    internals.subsPendingRefsMap.get(topic)?.pending.catch(() => undefined)
    entry.live = subscribing.catch((error: unknown) => {
      /* eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the library's map is a plain object */
      delete internals.subscriptionMap[id]
      if (internals.subsRefsMap.get(topic)?.size === 0) internals.subsRefsMap.delete(topic)
      if (closed) return null
      logger.error({ err: error, topic }, 'SUBSCRIBE failed; trying again')
      setTimeout(() => {
        if (!closed && topics.get(topic) === entry) goLive(topic, entry)
      }, resubscribeDelayMs).unref()
      return null
    })
  }

  // Not a listener for each who waits: thousands may, and taking one off costs as much as there are.
  const waiting = new Set<() => void>()
  subscriber.on('close', () => {
    for (const stopWaiting of waiting) stopWaiting()
  })

  /** Resolves when SUBSCRIBE is answered, or as soon as the connection it waits on is lost. */
  function untilLiveOrDown(entry: Topic): Promise<void> {
    if (subscriber.status !== 'ready') return Promise.resolve()
    return new Promise((resolve) => {
      const stopWaiting = () => {
        waiting.delete(stopWaiting)
        resolve()
      }
      waiting.add(stopWaiting)
      void entry.live.then(stopWaiting)
    })
  }

  function release(topic: string, entry: Topic) {
    if (entry.listeners.size > 0 || topics.get(topic) !== entry) return
    topics.delete(topic)
    // Unsubscribing before SUBSCRIBE is answered leaves an id without a listener in the library, which then throws
    // at the next message. So: first the answer, then unsubscribe. A newer entry on the topic has an id of its own.
    void entry.live.then((id) => {
      if (id === null || closed) return
      try {
        pubSub.unsubscribe(id)
      } catch (error) {
        logger.warn({ err: error, topic }, 'Unsubscribing failed')
      }
    })
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

    async subscribe(topic, listener) {
      if (closed) return () => undefined
      const entry = topics.get(topic) ?? open(topic)
      const leave = entry.listeners.add(listener)
      await untilLiveOrDown(entry)
      return () => {
        leave()
        release(topic, entry)
      }
    },

    onBack(listener) {
      backListeners.add(listener)
    },

    get connected() {
      return !closed && isConnected()
    },

    get topicCount() {
      return topics.size
    },

    async close() {
      if (closed) return
      closed = true
      clearInterval(pinging)
      topics.clear()
      await Promise.all(clients.map(endConnection))
    },
  }
}

/** What a failed SUBSCRIBE leaves behind in graphql-redis-subscriptions 2.7. */
interface LibraryInternals {
  currentSubscriptionId: number
  subscriptionMap: Record<number, unknown>
  subsRefsMap: Map<string, Set<number>>
  subsPendingRefsMap: Map<string, { pending: Promise<number> }>
}
