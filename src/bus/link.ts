import type { Redis } from 'ioredis'
import { topics } from './topics.ts'

/** A connection on which topics are subscribed to. */
export interface Link {
  readonly isReady: boolean
  /** Is another one after each reconnect. */
  readonly connection: unknown
  /** All names of one of the `batchesOf`. Rejects when refused, with `TopicsMovedError` too; may never settle. */
  subscribe(names: readonly string[]): Promise<unknown>
  unsubscribe(names: readonly string[]): Promise<unknown>
}

/** Another node of the cluster has these topics now. */
export class TopicsMovedError extends Error {}

/** The connections for subscriptions: one to a single Redis; one to each node of a cluster. */
export interface Links {
  /** Where the topic belongs now; null: not known yet. */
  of(topic: string): Link | null
  /** Names that can go in one command of their link. */
  batchesOf(names: readonly string[]): string[][]
  /** Topics that a probe is to be sent to, so that each link is probed. */
  probeTopics(processId: string): string[]
  onMessage(listener: (topic: string, payload: string) => void): void
  onReady(listener: (link: Link) => void): void
  /** Called when the connection of a link is gone, and what was subscribed to on it. */
  onLost(listener: (link: Link) => void): void
  /** Called when topics may belong to other links than before. */
  onMoved(listener: () => void): void
}

/** Topics of one SUBSCRIBE. */
const chunkSize = 500

export function chunksOf(names: readonly string[]): string[][] {
  const chunks: string[][] = []
  for (let at = 0; at < names.length; at += chunkSize) chunks.push(names.slice(at, at + chunkSize))
  return chunks
}

/** All topics on one connection. */
export function soleLink(client: Redis): Links {
  const link: Link = {
    get isReady() {
      return client.status === 'ready'
    },
    get connection() {
      return client.stream
    },
    subscribe: (names) => client.subscribe(...names),
    unsubscribe: (names) => client.unsubscribe(...names),
  }
  return {
    of: () => link,
    batchesOf: chunksOf,
    probeTopics: (processId) => [topics.probe(processId)],
    onMessage: (listener) => void client.on('message', listener),
    onReady: (listener) => void client.on('ready', () => listener(link)),
    onLost: (listener) => void client.on('close', () => listener(link)),
    onMoved: () => undefined,
  }
}
