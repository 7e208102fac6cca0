import type { RedisTls } from '../bus/address.ts'
import { Connections } from '../bus/connection.ts'
import { RedisHealth } from '../bus/health.ts'
import { topics } from '../bus/topics.ts'
import { within } from '../flow/deadline.ts'
import { parseState, sweepSize, type Change, type LastSeen, type PresenceStates } from './presence.ts'
import { presenceScript } from './script.ts'

/** Most commands in flight; beyond that Redis counts as away. */
const maxPending = 1_000
/** Milliseconds to wait for an answer: a person's request is waiting too. */
const commandTimeoutMs = 1_000
const prefixAlone = 'parley:{presence}:'
/** All keys are in the slot of the topic on which the scripts announce changes: a node publishes only for slots of its own. */
const prefixInCluster = `parley:{${topics.presence}}:`

export interface RedisPresenceOptions {
  url: string
  /** Prefix of all keys. */
  prefix?: string
  /** Redis' own clock if not given. */
  nowMs?: () => number
  /** Gets the reports whether Redis works. */
  health?: RedisHealth
  /** Milliseconds between two probes. */
  probeIntervalMs?: number
  tls?: RedisTls | null
}

type Script = (...args: (string | number)[]) => Promise<unknown>

/** Keeps presence in Redis; the rules stand in the .lua files. */
export function createRedisPresence(options: RedisPresenceOptions): PresenceStates {
  const { url, nowMs } = options
  const { health = new RedisHealth(null), probeIntervalMs = 1_000, tls = null } = options
  const connections = new Connections('presence', health, tls)
  const redis = connections.add(url, {})
  const { prefix = connections.isCluster ? prefixInCluster : prefixAlone } = options
  const publish = connections.isCluster ? 'SPUBLISH' : 'PUBLISH'
  const listeners = new Set<(isBack: boolean) => void>()
  let hasWorked = false
  connections.onWorking = (isBack) => {
    hasWorked = true
    for (const listener of listeners) listener(isBack)
  }
  // A write, like a sign: a server that only answers reads is of no use.
  connections.probe(probeIntervalMs, () => redis.set(`${prefix}probe`, 1, 'PX', 1))
  let pending = 0
  let closed = false

  const guarded = <Answer>(command: () => Promise<Answer>): Promise<Answer> => {
    if (!health.isWorking('presence')) return Promise.reject(new Error('Redis is unreachable.'))
    if (pending >= maxPending) return Promise.reject(new Error('Redis is too slow: too many commands are waiting.'))
    pending += 1
    const answer = command().finally(() => (pending -= 1))
    return within(commandTimeoutMs, answer, () => new Error('Redis is too slow: it did not answer in time.'))
  }

  const defined = (name: string, lua: string) => {
    redis.defineCommand(name, { numberOfKeys: 2, lua })
    const command = (redis as unknown as Record<string, Script>)[name]
    if (!command) throw new Error(`ioredis did not define ${name}`)
    return (values: (string | number)[]) =>
      guarded(() =>
        command.call(redis, `${prefix}due`, `${prefix}unsaved`, topics.presence, nowMs ? nowMs() : '', ...values),
      )
  }
  const apply = defined('parleyPresenceApply', presenceScript('apply', publish))
  const sweep = defined('parleyPresenceSweep', presenceScript('sweep', publish))
  const saved = defined('parleyPresenceSaved', presenceScript('saved', publish))

  return {
    async apply(changes) {
      await apply(changes.flatMap(toValues))
    },
    async sweep() {
      const [dueCount, flat] = (await sweep([])) as [number, string[]]
      const unsaved: LastSeen[] = []
      for (let at = 0; at < flat.length; at += 2) unsaved.push({ userId: flat[at] ?? '', atMs: Number(flat[at + 1]) })
      return { isFull: dueCount === sweepSize || unsaved.length === sweepSize, unsaved }
    },
    async saved(moments) {
      await saved(moments.flatMap(({ userId, atMs }) => [userId, atMs]))
    },
    async read(userIds) {
      if (userIds.length === 0) return []
      const texts = await guarded(() => redis.mget(userIds.map((userId) => `${prefix}state:${userId}`)))
      return texts.map((text) => (text === null ? null : parseState(text)))
    },
    onConnected(listener) {
      listeners.add(listener)
      if (hasWorked && health.isWorking('presence')) listener(false)
    },
    get isReachable() {
      return !closed && health.isWorking('presence')
    },
    async close() {
      if (closed) return
      closed = true
      await connections.close()
    },
  }
}

/** The values in the order in which presence-apply.lua reads them. */
function toValues(change: Change): (string | number)[] {
  const { type, userId } = change
  switch (type) {
    case 'SIGN':
      return [
        type,
        userId,
        change.sessionId,
        change.deviceId,
        change.kind,
        change.idleMs === null ? '' : Math.max(0, Math.round(change.idleMs)),
        change.says ?? '',
        Math.max(0, Math.round(change.silentMs ?? 0)),
      ]
    case 'LEFT':
      return [type, userId, '', change.deviceId, '', '', '', '']
    case 'FORGET':
      return [type, userId, '', '', '', '', '', '']
    default:
      return [type, userId, change.sessionId, '', '', '', '', '']
  }
}
