import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { atEnd } from './at-end.ts'
import { freePort, startRedis, type RedisServer } from './redis.ts'

const slotCount = 16_384
const nodeTimeoutMs = 2_000

export interface ClusterNode {
  server: RedisServer
  admin: Redis
  id: string
}

/** A Redis Cluster of this machine: three masters, and a replica of each. */
export class RedisCluster {
  /** At first the masters, then the replica of each. */
  constructor(readonly nodes: readonly ClusterNode[]) {}

  /** Names two nodes only: the others have to be found. */
  get url(): string {
    const hosts = this.nodes.slice(0, 2).map(({ server }) => `127.0.0.1:${String(server.port)}`)
    return `redis+cluster://${hosts.join(',')}`
  }

  /** The node that takes writes for this slot, as the others see it. */
  async ownerOf(slot: number): Promise<ClusterNode> {
    const asked = this.nodes.find(({ admin }) => admin.status === 'ready')
    const ranges = (await asked!.admin.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
    const [, , [, , id]] = ranges.find(([first, last]) => first <= slot && slot <= last)!
    return this.nodes.find((node) => node.id === id)!
  }

  /** The replica of a master that is still one. */
  async replicaOf({ id }: ClusterNode): Promise<ClusterNode> {
    const asked = this.nodes.find(({ admin }) => admin.status === 'ready')
    const [line = ''] = (await asked!.admin.cluster('REPLICAS', id)) as string[]
    return this.nodes.find((node) => line.startsWith(node.id))!
  }

  /** As `redis-cli --cluster reshard` does it: keys one after the other, while both nodes serve. */
  async moveSlot(slot: number, to: ClusterNode): Promise<void> {
    const from = await this.ownerOf(slot)
    if (from === to) return
    await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id)
    await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id)
    for (;;) {
      const keys = await from.admin.cluster('GETKEYSINSLOT', slot, 10)
      if (keys.length === 0) break
      await from.admin.call('MIGRATE', '127.0.0.1', to.server.port, '', 0, 5_000, 'KEYS', ...keys)
    }
    for (const { admin } of [to, from]) await admin.cluster('SETSLOT', slot, 'NODE', to.id)
  }

  /** Planned: the replica takes over with all that the master has. */
  async failOver(master: ClusterNode): Promise<void> {
    const replica = await this.replicaOf(master)
    await replica.admin.cluster('FAILOVER')
    await expect.poll(() => replica.admin.role().then(([role]) => role), { timeout: 30_000 }).toBe('master')
  }
}

async function startNode(): Promise<ClusterNode> {
  const server = await startRedis(undefined, [
    ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
    ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
  ])
  const admin = new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 100 })
  admin.on('error', () => undefined)
  atEnd(async () => {
    admin.disconnect()
    await server.stop()
  })
  return { server, admin, id: await admin.cluster('MYID') }
}

const stateOf = async ({ admin }: ClusterNode) => {
  const text = await admin.cluster('INFO')
  return /cluster_state:ok/.test(text) && /cluster_known_nodes:6/.test(text)
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: ClusterNode[] = []
  for (let nth = 0; nth < 6; nth++) nodes.push(await startNode())
  const [first] = nodes
  const busPort = Number(((await first!.admin.config('GET', 'cluster-port')) as string[])[1])
  for (const [nth, { admin }] of nodes.entries()) {
    await admin.cluster('SET-CONFIG-EPOCH', nth + 1)
    if (nth < 3) {
      const range = [Math.floor((slotCount * nth) / 3), Math.floor((slotCount * (nth + 1)) / 3) - 1] as const
      await admin.cluster('ADDSLOTSRANGE', ...range)
    }
    if (nth > 0) await admin.call('CLUSTER', 'MEET', '127.0.0.1', first!.server.port, busPort)
  }
  for (const [nth, node] of nodes.entries()) {
    if (nth < 3) continue
    const master = nodes[nth - 3]!
    await expect
      .poll(() => node.admin.cluster('REPLICATE', master.id).then(String, String), { timeout: 30_000 })
      .toBe('OK')
  }
  for (const node of nodes) await expect.poll(() => stateOf(node), { timeout: 30_000 }).toBe(true)
  for (const { admin } of nodes.slice(3))
    await expect.poll(() => admin.role().then((role) => role[3]), { timeout: 30_000 }).toBe('connected')
  return new RedisCluster(nodes)
}
