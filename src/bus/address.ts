import type { ClusterNode, RedisOptions } from 'ioredis'

/** PEM texts. Null: what Node trusts, and no certificate of our own. */
export interface RedisTls {
  ca: string | null
  cert: string | null
  key: string | null
}

const sentinelPort = 26_379
const redisPort = 6_379
/** Milliseconds for one Sentinel to answer; there are others. */
const sentinelTimeoutMs = 1_500

const portOf = (text: string | undefined, otherwise: number) => (text ? Number(text) : otherwise)

/** `[::1]:6379`, `redis-1` */
function endpointOf(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  return { host: bracketed ?? plain ?? text, port: portOf(port, defaultPort) }
}

const decoded = (text: string | undefined) => (text === undefined || text === '' ? undefined : decodeURIComponent(text))

const present = <Options extends object>(options: Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null)) as Options

interface AddressParts {
  scheme: string
  hosts: string
  path: string[]
  parameters: URLSearchParams
  common: RedisOptions
}

function partsOf(url: string, tls: RedisTls | null): AddressParts {
  const [, scheme = '', userInfo, hosts = '', path = '', query = ''] =
    /^(\w+(?:\+(?:sentinel|cluster))?):\/\/(?:(.*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/.exec(url) ?? []
  const [, username, password] = /^([^:]*)(?::(.*))?$/s.exec(userInfo ?? '') ?? []
  const common = present({
    username: decoded(username),
    password: decoded(password),
    tls: scheme.startsWith('rediss') ? present({ ca: tls?.ca, cert: tls?.cert, key: tls?.key }) : undefined,
  }) as RedisOptions
  return { scheme, hosts, path: path.split('/').slice(1), parameters: new URLSearchParams(query), common }
}

/** `redis+cluster://…`, `rediss+cluster://…` */
export const isClusterAddress = (url: string): boolean => /^rediss?\+cluster:/i.test(url)

/** Of `redis+cluster://user:password@host1:6379,host2:6379`: nodes to ask for all others, and the options for each. */
export function clusterOf(url: string, tls: RedisTls | null = null): { nodes: ClusterNode[]; options: RedisOptions } {
  const { hosts, common } = partsOf(url, tls)
  return { nodes: hosts.split(',').map((host) => endpointOf(host, redisPort)), options: common }
}

/**
 * The options of ioredis for REDIS_URL: `redis://user:password@host:6379/0`, `rediss://` for TLS, and
 * `redis+sentinel://user:password@host1:26379,host2:26379/name/0?sentinel_user=…&sentinel_password=…`, or `rediss+sentinel://`.
 */
export function redisOptionsOf(url: string, tls: RedisTls | null = null): RedisOptions {
  const { scheme, hosts, path: parts, parameters, common } = partsOf(url, tls)
  if (!scheme.endsWith('+sentinel')) {
    const family = parameters.get('family')
    const db = parts[0] || parameters.get('db')
    return {
      ...endpointOf(hosts, redisPort),
      ...common,
      ...(db && { db: Number(db) }),
      ...(family !== null && { family: Number(family) }),
    }
  }
  const sentinelUser = parameters.get('sentinel_user')
  const sentinelPassword = parameters.get('sentinel_password')
  return {
    ...common,
    sentinels: hosts.split(',').map((host) => endpointOf(host, sentinelPort)),
    name: decoded(parts[0]) ?? '',
    ...(parts[1] && { db: Number(parts[1]) }),
    ...(sentinelUser !== null && { sentinelUsername: sentinelUser }),
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(common.tls && { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
    connectTimeout: sentinelTimeoutMs,
    sentinelReconnectStrategy: (attempt: number) => Math.min(attempt * 100, 1_000),
    // Not `failoverDetector`: it leaves errors of Sentinels that are away to nobody. Our probes find a former primary.
  }
}
