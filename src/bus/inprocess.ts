import { PubSub } from 'graphql-subscriptions'
import type { Logger } from '../telemetry/logger.ts'
import type { Bus } from './bus.ts'
import { Listeners } from './listeners.ts'

/** The bus of a process that runs alone. Payloads arrive before publish() resolves. */
export function createInProcessBus(logger: Logger): Bus {
  const pubSub = new PubSub()
  const topics = new Map<string, { listeners: Listeners; id: Promise<number> }>()
  let closed = false

  return {
    isShared: false,

    publish(topic, payload) {
      return closed ? Promise.reject(new Error('The bus is closed.')) : pubSub.publish(topic, payload)
    },

    async subscribe(topic, listener) {
      if (closed) return () => undefined
      let entry = topics.get(topic)
      if (!entry) {
        const listeners = new Listeners(topic, logger)
        entry = { listeners, id: pubSub.subscribe(topic, listeners.deliver) }
        topics.set(topic, entry)
      }
      const { listeners, id } = entry
      const leave = listeners.add(listener)
      const subscriptionId = await id
      return () => {
        leave()
        if (listeners.size > 0 || topics.get(topic)?.listeners !== listeners) return
        topics.delete(topic)
        pubSub.unsubscribe(subscriptionId)
      }
    },

    // It is never away, so it is never back.
    onBack: () => undefined,

    get connected() {
      return !closed
    },

    get topicCount() {
      return topics.size
    },

    async close() {
      closed = true
      const open = [...topics.values()]
      topics.clear()
      for (const { id } of open) pubSub.unsubscribe(await id)
    },
  }
}
