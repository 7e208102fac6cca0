import type { Redis } from 'ioredis'
import { clusterOf, isClusterAddress, redisOptionsOf, type RedisTls } from '../bus/address.ts'
import { error, ok, type Finding } from './finding.ts'
import { lookAtServer } from './redis-server.ts'

type SlotRange = [first: number, last: number, master: [host: string, port: number, ...unknown[]], ...unknown[]]

const timeoutMs = 3_000
const slotCount = 16_384
const maxTries = 200

const hostsRemedy =
  'Check REDIS_URL, that its nodes run, their password, and what is between. One node that answers is enough'

/** Of REDIS_URL, whichever kind it is. */
export const lookAtRedis = (url: string, tls: RedisTls): Promise<Finding[]> =>
  isClusterAddress(url) ? lookAtCluster(url, tls) : lookAtServer(redisOptionsOf(url, tls), null)

/** Each master as a Redis of its own, and whether they are a whole together. */
async function lookAtCluster(url: string, tls: RedisTls): Promise<Finding[]> {
  const { nodes, options } = clusterOf(url, tls)
  const problems: string[] = []
  for (const node of nodes) {
    const address = { ...(node as { host: string; port: number }), ...options }
    try {
      const { ranges, state, keys } = await askNode(address)
      const findings = [judgeState(state, ranges)]
      for (const [name, key] of keys) {
        const at = name.lastIndexOf(':')
        const master = { host: name.slice(0, at), port: Number(name.slice(at + 1)), ...options }
        // A master with hardly any slots has none of the keys that were tried: what is of the whole cluster is seen at the others.
        if (key === '') continue
        for (const finding of await lookAtServer(master, key))
          findings.push({ ...finding, message: `${name}: ${finding.message}` })
      }
      return findings
    } catch (problem) {
      problems.push(`${address.host}:${String(address.port)}: ${(problem as Error).message}`)
    }
  }
  return [error('redis.connection', `no node of the cluster can be used: ${problems.join('; ')}`, hostsRemedy)]
}

interface Answer {
  ranges: SlotRange[]
  state: string
  keys: Map<string, string>
}

async function askNode(address: { host: string; port: number }): Promise<Answer> {
  const { Redis: Client } = (await import('ioredis')).default
  const redis = new Client({
    ...address,
    ...{ lazyConnect: true, connectTimeout: timeoutMs, commandTimeout: timeoutMs, maxRetriesPerRequest: 0 },
    ...{ retryStrategy: () => null, disableClientInfo: true, enableReadyCheck: false },
  })
  const problems: Error[] = []
  redis.on('error', (refused: Error) => problems.push(refused))
  try {
    const ranges = (await redis.call('CLUSTER', 'SLOTS')) as SlotRange[]
    const info = (await redis.call('CLUSTER', 'INFO')) as string
    return { ranges, state: /cluster_state:(\w+)/.exec(info)?.[1] ?? '', keys: await keysOf(redis, ranges) }
  } catch (refused) {
    throw problems[0] ?? refused
  } finally {
    redis.disconnect()
  }
}

function judgeState(state: string, ranges: readonly SlotRange[]): Finding {
  const covered = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  if (state === 'ok' && covered === slotCount)
    return ok('redis.cluster_state', `all ${String(slotCount)} slots are served`)
  return error(
    'redis.cluster_state',
    `the cluster says ${state}, and nodes serve ${String(covered)} of ${String(slotCount)} slots`,
    'See which master is away (CLUSTER NODES), start it, or give its slots to others: redis-cli --cluster fix',
  )
}

/** A key that each master has, by its address. */
async function keysOf(redis: Redis, ranges: readonly SlotRange[]): Promise<Map<string, string>> {
  const keys = new Map<string, string>()
  for (const [, , [host, port]] of ranges) keys.set(`${host}:${String(port)}`, '')
  for (let nth = 0; nth < maxTries && [...keys.values()].includes(''); nth++) {
    const key = `parley:doctor:${String(nth)}`
    const slot = (await redis.call('CLUSTER', 'KEYSLOT', key)) as number
    const [, , [host, port] = ['', 0]] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? []
    if (keys.get(`${host}:${String(port)}`) === '') keys.set(`${host}:${String(port)}`, key)
  }
  return keys
}
