import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { atEnd } from './at-end.ts'
import { crowdSecret } from './crowd.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { startRedis } from './redis.ts'
import { statementsOf } from './statements.ts'
import type { WorkCounts } from './work-counts.ts'

/** The counts of some work. */
export interface Work extends WorkCounts {
  /** SQL statements, without the periodic ones (polling, checks of live sessions). */
  statements: number
  /** The statements among them that read events from the log. */
  logReads: number
  redisCommands: number
}

export interface MeasuredServer {
  url: string
  database: TestDatabase
  /** Counts the work until the server is quiet again. `details` explain the numbers. */
  measure(act: () => Promise<unknown>): Promise<{ work: Work; details: string }>
}

const dataDir = mkdtempSync(join(tmpdir(), 'parley-measured-'))
process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))

/** Milliseconds without any work after which the server counts as quiet. */
const quietMs = 100
/** Redis commands that are periodic, or sent by this module. */
const notWork = ['ping', 'info', 'config|resetstat']
const logRead = 'AS r(stream_id, after_seq'

/** A server whose work can be counted, with a database and a Redis of its own. Ends with the test file. */
export async function startMeasuredServer(env: Record<string, string> = {}): Promise<MeasuredServer> {
  const [database, redisServer] = await Promise.all([createTestDatabase(), startRedis()])
  const redis = new Redis(redisServer.url)
  const child = fork(join(import.meta.dirname, 'work-server.ts'), [], {
    execArgv: ['--import', 'tsx'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      REDIS_URL: redisServer.url,
      JWT_SECRET: crowdSecret,
      LOG_LEVEL: 'warn',
      PARLEY_DATA_DIR: dataDir,
      RATE_LIMITS: 'off',
      // Otherwise periodic work could do what the measured work should have done.
      RELAY_INTERVAL_MS: '60000',
      HOUSEKEEPING_INTERVAL_MS: '3600000',
      PRESENCE_INTERVAL_MS: '60000',
      REDIS_PROBE_INTERVAL_MS: '60000',
      RECEIPT_FLUSH_INTERVAL_MS: '60000',
      SEARCH_INDEX_INTERVAL_MS: '60000',
      // What each operation costs is measured, and not what it costs again.
      READ_CACHE_MB: '0',
      ...env,
    },
  })
  atEnd(async () => {
    child.kill('SIGKILL')
    await redis.quit()
    await redisServer.stop()
  })

  async function message<T>(): Promise<T> {
    const [received] = (await once(child, 'message')) as [T]
    return received
  }

  async function counts(): Promise<WorkCounts> {
    const answered = message<WorkCounts>()
    child.send('counts')
    return answered
  }

  async function redisCalls(): Promise<Record<string, number>> {
    const lines = (await redis.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)
    const calls = [...lines].map(([, name = '', count]) => [name, Number(count)] as const)
    return Object.fromEntries(calls.filter(([name]) => !notWork.includes(name)))
  }

  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

  /** The answer comes before the fan-out, so work may continue after the answer. */
  async function quiet(): Promise<WorkCounts> {
    const look = async () => ({ counts: await counts(), redis: await redisCalls() })
    for (let before = await look(); ;) {
      await delay(quietMs)
      const now = await look()
      if (JSON.stringify(now) === JSON.stringify(before)) return now.counts
      before = now
    }
  }

  const { url } = await message<{ url: string }>()
  return {
    url,
    database,
    async measure(act) {
      const before = await quiet()
      await redis.config('RESETSTAT')
      let after = before
      const { calls, list } = await statementsOf(database, async () => {
        await act()
        after = await quiet()
      })
      const commands = await redisCalls()
      const logReads = list.filter(({ query }) => query.includes(logRead))
      return {
        work: {
          statements: calls,
          logReads: sum(logReads.map((read) => read.calls)),
          redisCommands: sum(Object.values(commands)),
          executions: after.executions - before.executions,
          serialisedResults: after.serialisedResults - before.serialisedResults,
          otherSerialisations: after.otherSerialisations - before.otherSerialisations,
          socketWrites: after.socketWrites - before.socketWrites,
        },
        details: JSON.stringify({ statements: list, redis: commands }, null, 2),
      }
    },
  }
}
