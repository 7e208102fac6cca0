import { randomUUID } from 'node:crypto'
import { roundTripped } from '../telemetry/facts.ts'
import type { RedisClient } from './connection.ts'
import type { Links } from './link.ts'
import type { Publish } from './redis.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface ProbeOptions {
  publisher: Pick<RedisClient, 'set'>
  publish: Publish
  links: Links
  subscriptions: Subscriptions
}

/**
 * Tries the whole way, by each link: subscribe, write, publish, receive. An open connection is no proof of it: after a failover
 * the former primary still answers, and what is published there reaches nobody else.
 */
export class RoundTripProbe {
  private readonly processId = randomUUID()
  private count = 0
  private readonly waiting = new Map<string, (probe: string) => void>()

  constructor(private readonly options: ProbeOptions) {
    options.links.onMessage((topic, payload) => this.waiting.get(topic)?.(payload))
  }

  /**
   * Resolves when the published messages have arrived. Rejects when Redis refuses; may never settle, so give it a deadline.
   */
  async run(): Promise<void> {
    const probe = String(++this.count)
    const names = this.options.links.probeTopics(this.processId)
    if (names.length === 0) throw new Error('no node of the cluster is known')
    await Promise.all(names.map((name) => this.roundTrip(name, probe)))
  }

  private async roundTrip(topic: string, probe: string): Promise<void> {
    const { publisher, publish, subscriptions } = this.options
    subscriptions.want(topic)
    await subscriptions.untilLive(topic)
    // A run that was given up meanwhile must not replace the next one.
    if (probe !== String(this.count)) return
    const received = new Promise<void>((resolve) => {
      this.waiting.set(topic, (payload) => {
        if (payload === probe) resolve()
      })
    })
    const startedAtMs = performance.now()
    // A key that is written to check that the server, or the node of this topic, takes writes. It expires at once.
    const written = publisher.set(topic, probe, 'PX', 1)
    await Promise.all([written, publish(topic, probe), received])
    if (roundTripped.hasSubscribers) roundTripped.publish({ durationMs: performance.now() - startedAtMs })
    this.waiting.delete(topic)
    subscriptions.unwant(topic)
  }
}
