import { Command, type Cluster, type Redis } from 'ioredis'
import { chunksOf, TopicsMovedError, type Link, type Links } from './link.ts'
import { topics } from './topics.ts'

/** Names for probes of one process, among which there is one for each node, if it has more than a few slots. */
const probeCandidates = 1_024

export const slotOf = (topic: string): number => new Command('spublish', [topic]).getSlot()

export interface NodeAddress {
  host: string
  port: number
}

/** What the links need of the connections of their part. */
export interface NodeConnections {
  open(node: NodeAddress): Redis
  /** For a node that has no slots any more. */
  end(client: Redis): void
  /** Ends a connection at once; it is made anew. */
  drop(client: Redis): void
  /** Called when messages may have been lost. */
  onTrouble(error: Error): void
}

/**
 * A connection to each node that has slots, for sharded subscriptions (SSUBSCRIBE): each topic is subscribed to at the node that has
 * its slot. ioredis' own `shardedSubscribers` are not used: in ioredis 5.11 they are deaf after a slot's move and a planned failover,
 * without an error.
 */
export class ClusterLinks implements Links {
  private readonly byNode = new Map<string, NodeLink>()
  /** The node of each slot, as `host:port`. */
  private owners: (string | undefined)[] = []
  private candidates: { name: string; slot: number }[] = []
  private readonly messageListeners: ((topic: string, payload: string) => void)[] = []
  private readonly readyListeners: ((link: Link) => void)[] = []
  private readonly lostListeners: ((link: Link) => void)[] = []
  private readonly movedListeners: (() => void)[] = []

  constructor(
    private readonly cluster: Cluster,
    private readonly connections: NodeConnections,
  ) {
    cluster.on('refresh', this.follow)
  }

  of(topic: string): Link | null {
    return this.byNode.get(this.owners[slotOf(topic)] ?? '') ?? null
  }

  batchesOf(names: readonly string[]): string[][] {
    const bySlot = new Map<number, string[]>()
    for (const name of names) {
      const slot = slotOf(name)
      const others = bySlot.get(slot)
      if (others) others.push(name)
      else bySlot.set(slot, [name])
    }
    return [...bySlot.values()].flatMap(chunksOf)
  }

  probeTopics(processId: string): string[] {
    if (this.candidates.length === 0) {
      this.candidates = Array.from({ length: probeCandidates }, (_, nth) => {
        const name = topics.probe(`${processId}:${String(nth)}`)
        return { name, slot: slotOf(name) }
      })
    }
    return [...this.byNode.keys()].flatMap((node) => {
      const found = this.candidates.find(({ slot }) => this.owners[slot] === node)
      return found ? [found.name] : []
    })
  }

  onMessage(listener: (topic: string, payload: string) => void): void {
    this.messageListeners.push(listener)
  }

  onReady(listener: (link: Link) => void): void {
    this.readyListeners.push(listener)
  }

  onLost(listener: (link: Link) => void): void {
    this.lostListeners.push(listener)
  }

  onMoved(listener: () => void): void {
    this.movedListeners.push(listener)
  }

  /** Opens and ends links so that there is one for each node with slots. */
  private readonly follow = (): void => {
    const owners = Array.from(this.cluster.slots, (nodes: string[] | undefined) => nodes?.[0])
    if (owners.length === this.owners.length && owners.every((node, slot) => node === this.owners[slot])) return
    this.owners = owners
    const nodes = new Set(owners)
    for (const [node, link] of this.byNode) {
      if (nodes.has(node)) continue
      this.byNode.delete(node)
      this.connections.end(link.client)
      this.lost(link)
    }
    for (const node of nodes) if (node !== undefined && !this.byNode.has(node)) this.open(node)
    for (const listener of this.movedListeners) listener()
  }

  private open(node: string): void {
    const at = node.lastIndexOf(':')
    const client = this.connections.open({ host: node.slice(0, at), port: Number(node.slice(at + 1)) })
    const link = new NodeLink(client)
    this.byNode.set(node, link)
    client.on('smessage', (topic: string, payload: string) => {
      for (const listener of this.messageListeners) listener(topic, payload)
    })
    client.on('ready', () => {
      for (const listener of this.readyListeners) listener(link)
    })
    client.on('close', () => {
      this.lost(link)
      // The others may already know which node has its slots now.
      this.refresh()
    })
    client.on('moved', () => {
      link.rejectPending()
      this.refresh()
    })
    client.on('error', (error: Error) => {
      // A node that gives a slot away unsubscribes its topics unasked, which ioredis takes for the answer to a command that it
      // has not sent. From then on nothing on this connection can be trusted.
      if (!error.message.startsWith('Command queue state error')) return
      this.connections.onTrouble(new Error('slots of the cluster have moved'))
      this.connections.drop(client)
    })
  }

  private refresh(): void {
    if (this.cluster.status === 'ready') this.cluster.refreshSlotsCache()
  }

  private lost(link: Link): void {
    for (const listener of this.lostListeners) listener(link)
  }
}

class NodeLink implements Link {
  private readonly pending = new Set<(error: Error) => void>()

  constructor(readonly client: Redis) {}

  get isReady(): boolean {
    return this.client.status === 'ready'
  }

  get connection(): unknown {
    return this.client.stream
  }

  async subscribe(names: readonly string[]): Promise<void> {
    let settle = (_: Error): void => undefined
    const moved = new Promise<never>((_, reject) => (settle = reject))
    this.pending.add(settle)
    try {
      await Promise.race([this.client.ssubscribe(...names), moved])
    } finally {
      this.pending.delete(settle)
    }
  }

  unsubscribe(names: readonly string[]): Promise<unknown> {
    return this.client.sunsubscribe(...names)
  }

  /** An SSUBSCRIBE that is answered by MOVED never settles in ioredis 5.11, and the event does not say which one it was. */
  rejectPending(): void {
    for (const reject of this.pending) reject(new TopicsMovedError('slots of the cluster have moved'))
  }
}
