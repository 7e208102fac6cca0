import type { Logger } from '../telemetry/logger.ts'

/**
 * The listeners of one topic in this process. One subscription of the library underneath feeds them all, because
 * the libraries stop at the first listener that throws and pay for each subscription.
 */
export class Listeners {
  // An object for each: the same function may be subscribed twice, and unsubscribed once.
  readonly #members = new Set<{ listener: (payload: string) => void }>()
  readonly #topic: string
  readonly #logger: Logger

  constructor(topic: string, logger: Logger) {
    this.#topic = topic
    this.#logger = logger
  }

  get size() {
    return this.#members.size
  }

  /** Returns the function that removes the listener; it is idempotent. */
  add(listener: (payload: string) => void): () => void {
    const member = { listener }
    this.#members.add(member)
    return () => this.#members.delete(member)
  }

  readonly deliver = (payload: string): void => {
    for (const { listener } of this.#members) {
      try {
        listener(payload)
      } catch (error) {
        this.#logger.error({ err: error, topic: this.#topic }, 'A bus listener threw')
      }
    }
  }
}
