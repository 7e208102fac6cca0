import { performance } from 'node:perf_hooks'
import type { Redis, RedisOptions } from 'ioredis'
import { error, judgeClock, ok, unknown, warning, type Finding } from './finding.ts'

const connectTimeoutMs = 3_000
/** Bytes. A process that stands still for a moment has more than this waiting for it. */
const smallBuffer = 1_048_576
/** Redis 6.2 is the first with all that the presence uses; older ones get no mending any more. */
const oldestVersion = 6

type Info = Map<string, string>

const parseInfo = (text: string): Info =>
  new Map(
    text.split('\r\n').flatMap((line) => (/^\w+:/.test(line) ? [line.split(/:(.*)/s, 2) as [string, string]] : [])),
  )

/** SSUBSCRIBE and SPUBLISH came with it. */
const oldestInCluster = 7

function judgeServer(info: Info, isInCluster: boolean): Finding[] {
  const of = (name: string) => info.get(name) ?? ''
  const policy = of('maxmemory_policy')
  const isBounded = Number(of('maxmemory')) > 0
  const version = of('valkey_version') || of('redis_version')
  const isTooOld = Number(version.split('.')[0]) < (isInCluster ? oldestInCluster : oldestVersion)
  const judgeAge = isInCluster ? error : warning
  return [
    isTooOld
      ? judgeAge(
          'redis.version',
          `it is Redis ${version}`,
          `Use version ${isInCluster ? '7' : '6.2'} or newer, or Valkey`,
        )
      : ok('redis.version', `it is ${of('valkey_version') ? 'Valkey' : 'Redis'} ${version}`),
    policy !== '' && policy !== 'noeviction'
      ? warning(
          'redis.maxmemory-policy',
          `maxmemory-policy is ${policy}${isBounded ? '' : ' (maxmemory is not set, so nothing is evicted yet)'}: when memory is full people are shown OFFLINE who are not, and counts of failed logins begin anew`,
          'Set maxmemory-policy noeviction, in the configuration too: CONFIG SET maxmemory-policy noeviction, CONFIG REWRITE',
        )
      : ok('redis.maxmemory-policy', policy === '' ? 'not told' : 'nothing is evicted'),
    isBounded && Number(of('used_memory')) > 0.9 * Number(of('maxmemory'))
      ? error(
          'redis.memory',
          `${of('used_memory_human')} of ${of('maxmemory_human')} are used: at the limit Redis refuses all writes`,
          'Raise maxmemory, and see what fills it: Parley needs some 500 bytes for each person who is online',
        )
      : ok('redis.memory', `${of('used_memory_human')} are used`),
    (of('cluster_enabled') === '1') !== isInCluster
      ? error(
          'redis.cluster',
          isInCluster
            ? 'it is no node of a cluster'
            : 'it is a node of a Redis Cluster: keys of other nodes are refused (MOVED)',
          isInCluster ? 'Use redis:// or rediss://' : 'Use redis+cluster:// or rediss+cluster://',
        )
      : ok('redis.cluster', isInCluster ? 'it is a node of a cluster' : 'it is no cluster'),
    of('role') === 'slave' || of('role') === 'replica'
      ? error(
          'redis.role',
          `it is a replica, of ${of('master_host')}:${of('master_port')}, which takes no writes`,
          'Name the primary, or its Sentinels (redis+sentinel://…)',
        )
      : ok('redis.role', 'it is a primary'),
    of('rdb_last_bgsave_status') === 'err' || of('aof_last_write_status') === 'err'
      ? error(
          'redis.persistence',
          'it failed to write its data to the disk, and refuses writes after that (stop-writes-on-bgsave-error)',
          'Parley needs no persistence: CONFIG SET save "", CONFIG SET appendonly no; or give it a disk with room',
        )
      : ok('redis.persistence', 'nothing of it is needed: Redis holds only what may be lost'),
  ]
}

/** As CONFIG GET has it: `normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60`. */
function judgeBuffers(limits: string): Finding {
  const [, hard = '0', soft = '0'] = /pubsub (\d+) (\d+)/.exec(limits) ?? []
  const check = 'redis.client-output-buffer-limit'
  const remedy = 'Set client-output-buffer-limit pubsub 32mb 8mb 60, which is the default'
  if (hard === '0' && soft === '0')
    return warning(check, 'for a process that stands still Redis keeps messages without a bound', remedy)
  const least = Math.min(...[hard, soft].map(Number).filter((byteSize) => byteSize > 0))
  return least < smallBuffer
    ? warning(
        check,
        `a process that stands still for a moment is cut off when ${String(least)} bytes wait for it, and reads the log instead`,
        remedy,
      )
    : ok(check, 'a process that stands still is cut off, and reads the log instead')
}

const configOf = async (redis: Redis, name: string) => ((await redis.config('GET', name)) as string[])[1] ?? ''

function judgePersistence(settings: { appendonly: string; appendfsync: string }): Finding[] {
  return settings.appendonly === 'yes' && settings.appendfsync === 'always'
    ? [
        warning(
          'redis.appendfsync',
          'it waits for the disk with each write (appendfsync always), for data that may be lost',
          'Set appendonly no, or appendfsync everysec',
        ),
      ]
    : []
}

/** What Parley does with it, as a user of an ACL may be kept from each. `key`: of a slot of this node, in a cluster. */
async function judgeRights(redis: Redis, subscriber: Redis, key: string, isInCluster: boolean): Promise<Finding> {
  const steps: [string, () => Promise<unknown>][] = [
    ['write keys that begin with parley:', () => redis.set(key, '1', 'PX', 1_000)],
    ['run scripts', () => redis.eval("return redis.call('GET', KEYS[1])", 1, key)],
    ['use hashes and sorted sets', () => redis.zrange(`parley:{${key}}:due`, 0, 0)],
    [
      'subscribe to channels that begin with parley:',
      () => (isInCluster ? subscriber.ssubscribe(key) : subscriber.subscribe(key)),
    ],
    [
      'publish on channels that begin with parley:',
      () => (isInCluster ? redis.spublish(key, '1') : redis.publish(key, '1')),
    ],
  ]
  for (const [what, attempt] of steps) {
    try {
      await attempt()
    } catch (problem) {
      const { message } = problem as Error
      return error(
        'redis.rights',
        `Parley cannot ${what}: ${message}`,
        /NOPERM/.test(message)
          ? 'Give its user the rights: ACL SETUSER … ~parley:* &parley:* +@all -@admin -@dangerous +info'
          : 'See what Redis says, and its log',
      )
    }
  }
  return ok('redis.rights', 'what Parley does there is allowed')
}

async function lookAtClock(redis: Redis): Promise<Finding> {
  const check = 'clock.redis'
  const atMs = Date.now()
  const started = performance.now()
  try {
    const [seconds, micros] = (await redis.time()) as unknown as [string, string]
    const answeredAtMs = atMs + (performance.now() - started)
    return judgeClock(check, "Redis'", Number(seconds) * 1_000 + Number(micros) / 1_000, { atMs, answeredAtMs })
  } catch (problem) {
    return unknown(check, `TIME is not answered: ${(problem as Error).message}`, 'See what Redis says, and its log')
  }
}

/**
 * Rejects for a wrong password. The client hands one over by itself, and where the default user has none its next commands can be answered
 * before it has taken the refusal.
 */
async function authenticate(redis: Redis, { username, password }: RedisOptions): Promise<void> {
  if (typeof password !== 'string') return
  try {
    await (username === undefined ? redis.auth(password) : redis.auth(username, password))
  } catch (problem) {
    // Redis wants none: Parley's client says so in its log, and goes on.
    if (!/without any password|no password is set/i.test((problem as Error).message)) throw problem
  }
}

/** `keyInCluster`: one that this node has; null for a Redis that is in no cluster. */
export async function lookAtServer(address: RedisOptions, keyInCluster: string | null): Promise<Finding[]> {
  // Only here: all commands are in one file, and each of the others would load it too. By `default`: in the image's bundle a CommonJS
  // package that is loaded late has no other names.
  const { Redis: Client } = (await import('ioredis')).default
  const options = {
    ...address,
    ...{ lazyConnect: true, connectTimeout: connectTimeoutMs, commandTimeout: connectTimeoutMs },
    ...{
      retryStrategy: () => null,
      sentinelRetryStrategy: () => null,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
    },
    enableReadyCheck: false,
  }
  const [redis, subscriber] = [new Client(options), new Client(options)]
  const problems: string[] = []
  for (const client of [redis, subscriber]) client.on('error', ({ message }: Error) => problems.push(message))
  try {
    try {
      for (const client of [redis, subscriber]) await client.connect()
      await redis.ping()
      await authenticate(redis, options)
    } catch (problem) {
      return [
        error(
          'redis.connection',
          `Redis cannot be used: ${problems.find((text) => !/closed/.test(text)) ?? (problem as Error).message}`,
          'Check REDIS_URL, that it runs, its password, and what is between. Without it Parley serves, with live events up to RELAY_INTERVAL_MS late',
        ),
      ]
    }
    const findings = [ok('redis.connection', 'Redis answers')]
    try {
      findings.push(...judgeServer(parseInfo(await redis.info()), keyInCluster !== null))
    } catch (problem) {
      findings.push(
        unknown('redis.info', `INFO is refused: ${(problem as Error).message}`, 'Allow it: ACL SETUSER … +info'),
      )
    }
    try {
      findings.push(judgeBuffers(await configOf(redis, 'client-output-buffer-limit')))
      const [appendonly, appendfsync] = [await configOf(redis, 'appendonly'), await configOf(redis, 'appendfsync')]
      findings.push(...judgePersistence({ appendonly, appendfsync }))
    } catch (problem) {
      const message = `CONFIG GET is refused: ${(problem as Error).message}`
      findings.push(unknown('redis.client-output-buffer-limit', message, 'Look at client-output-buffer-limit yourself'))
    }
    findings.push(await judgeRights(redis, subscriber, keyInCluster ?? 'parley:doctor', keyInCluster !== null))
    findings.push(await lookAtClock(redis))
    return findings
  } finally {
    for (const client of [redis, subscriber]) client.disconnect()
  }
}
