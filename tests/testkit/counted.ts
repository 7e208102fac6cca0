import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Counts } from '../../src/app/counts.ts'
import { atEndOfEachFile } from './at-end.ts'

const running = new Set<() => Promise<void>>()

atEndOfEachFile(async () => {
  for (const stop of running) await stop()
})

export interface Held {
  /** Including the channels that Redis counts, and the file descriptors that the kernel counts. */
  counts: Counts & { channels: number; fds: number }
  heapBytes: number
  residentBytes: number
}

export interface CountedServer {
  url: string
  /** What the process holds, by its own counts and those of Redis and the kernel. */
  held(): Promise<Held>
  /** Everything that it has logged. */
  logs(): string
  stop(): Promise<void>
}

export interface CountedOptions {
  databaseUrl: string
  redisUrl: string
  /** The same Redis, if the server reaches it by another address. Use a Redis of its own: its channels are counted. */
  countedRedisUrl?: string
}

/** Starts a server in a process of its own that reports what it holds. */
export async function startCounted(options: CountedOptions): Promise<CountedServer> {
  const { databaseUrl, redisUrl, countedRedisUrl = redisUrl } = options
  const redis = new Redis(countedRedisUrl)
  const server = fork(join(import.meta.dirname, 'counted-server.ts'), [], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      JWT_SECRET: 'a secret that only tests know, 32 characters and more',
      LOG_LEVEL: 'warn',
      RATE_LIMITS: 'off',
    },
  })
  let output = ''
  for (const stream of [server.stdout, server.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const stop = async () => {
    if (!running.delete(stop)) return
    server.kill('SIGKILL')
    await redis.quit()
  }
  running.add(stop)
  const ended = new Promise<never>((_, reject) => {
    server.once('exit', () => {
      reject(new Error(`the server ended:\n${output}`))
    })
  })
  ended.catch(() => undefined)
  const message = <T>(): Promise<T> =>
    Promise.race([ended, new Promise<T>((resolve) => server.once('message', (received) => resolve(received as T)))])
  const { url } = await message<{ url: string }>()
  return {
    url,
    logs: () => output,
    stop,
    async held() {
      const answered = message<Counts & Omit<Held, 'counts'>>()
      server.send('counts')
      const { heapBytes, residentBytes, ...counts } = await answered
      const channels = (await redis.pubsub('CHANNELS', 'parley:*')) as string[]
      const fds = readdirSync(`/proc/${server.pid}/fd`).length
      return { counts: { ...counts, channels: channels.length, fds }, heapBytes, residentBytes }
    },
  }
}
