import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { roundTripped } from '../telemetry/facts.ts'
import type { Subscriptions } from './subscriptions.ts'
import { topics } from './topics.ts'

/** A key that is written to check that the server takes writes. It expires at once. */
const probeKey = 'parley:probe'

/**
 * Tries the whole way: subscribe, write, publish, receive. An open connection is no proof of it: after a failover the
 * former primary still answers, and what is published there reaches nobody else.
 */
export class RoundTripProbe {
  private readonly topic = topics.probe(randomUUID())
  private count = 0
  private onReceived: (probe: string) => void = () => undefined

  constructor(
    private readonly publisher: Redis,
    subscriber: Redis,
    private readonly subscriptions: Subscriptions,
  ) {
    subscriber.on('message', (topic: string, payload: string) => {
      if (topic === this.topic) this.onReceived(payload)
    })
  }

  /**
   * Resolves when the published message has arrived. Rejects when Redis refuses; may never settle, so give it a deadline.
   */
  async run(): Promise<void> {
    const probe = String(++this.count)
    this.subscriptions.want(this.topic)
    await this.subscriptions.untilLive(this.topic)
    // A run that was given up meanwhile must not replace the next one.
    if (probe !== String(this.count)) return
    const received = new Promise<void>((resolve) => {
      this.onReceived = (payload) => {
        if (payload === probe) resolve()
      }
    })
    const startedAtMs = performance.now()
    const written = this.publisher.set(probeKey, probe, 'PX', 1)
    await Promise.all([written, this.publisher.publish(this.topic, probe), received])
    if (roundTripped.hasSubscribers) roundTripped.publish({ durationMs: performance.now() - startedAtMs })
    this.subscriptions.unwant(this.topic)
  }
}
