import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { atEndOfEachFile } from './at-end.ts'
import { endedOrKilled } from './ending.ts'

export interface ServerOptions {
  /** The folder that contains `dist/main.js`. Default: this repository. */
  folder?: string
  databaseUrl?: string
  /** Default: the Redis that all tests share. Null: the bus inside the process. */
  redisUrl?: string | null
  /** Additional settings; they override the others. */
  env?: Record<string, string>
  /** Ends with this worker, not with the test file. */
  isShared?: boolean
  /** Called with the whole output so far whenever there is more, also before the server is ready. */
  onOutput?: (output: string) => void
}

export interface ServerProcess {
  /** http://127.0.0.1:PORT/graphql */
  url: string
  wsUrl: string
  pid: number
  /** The whole output, stdout and stderr. */
  logs(): string
  kill(signal: NodeJS.Signals): void
  /** Ends it as Ctrl-C would; resolves when it has ended. */
  stop(): Promise<void>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** A starting process is busy for seconds, and longer if many start at once. */
const startTimeoutMs = 60_000
const root = join(import.meta.dirname, '../..')
/** The JWT_SECRET of servers that get no other. */
export const testSecret = 'a secret that only tests know, 32 characters and more'
/** Where servers of one worker keep files that people upload: together, as on one machine. */
const dataDir = mkdtempSync(join(tmpdir(), 'parley-files-'))
process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
const running = new Set<ServerProcess>()

// The runner was killed. Otherwise this worker would wait for its own tests, and keep its servers until then.
process.once('disconnect', () => process.exit(1))

atEndOfEachFile(async () => {
  for (const server of running) server.kill('SIGKILL')
  await Promise.all([...running].map((server) => server.exited))
})

// Replaces the shell by the server, so that its pid is the child's. The process beside it kills the server when our end of
// the pipe closes, which also happens when the test runner is killed.
export const endsWithUs = 'exec 3<&0 </dev/null; (read -r _; kill -KILL $$) <&3 >/dev/null 2>&1 & exec 3<&-; exec "$@"'

/** Runs the built server in a process of its own. Rejects with the server's output if it does not start. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const redisUrl = options.redisUrl === undefined ? inject('redisUrl') : options.redisUrl
  // Threads that collect garbage beside each other cost more where all processors are busy.
  const child = spawn('sh', ['-c', endsWithUs, 'sh', process.execPath, '--single-threaded-gc', 'dist/main.js'], {
    cwd: options.folder ?? root,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      JWT_SECRET: testSecret,
      LOG_LEVEL: 'warn',
      PARLEY_DATA_DIR: dataDir,
      RATE_LIMITS: 'off',
      // A strong password hash takes longer than the rest of a registration.
      ...(options.env?.NODE_ENV === undefined && { PASSWORD_HASH_MEMORY_KIB: '64' }),
      ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
      ...(redisUrl !== null && { REDIS_URL: redisUrl }),
      ...options.env,
    },
  })
  let output = ''
  let announce: (url: string) => void
  const announced = new Promise<string>((resolve) => (announce = resolve))
  const collect = (chunk: Buffer): void => {
    output += chunk.toString()
    options.onOutput?.(output)
    const url = /Parley is listening on (http:\S+)\n/.exec(output)?.[1]
    if (url !== undefined) announce(url)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      child.stdin.destroy()
      resolve({ code, signal })
    })
  })
  const server: ServerProcess = {
    url: '',
    wsUrl: '',
    pid: child.pid ?? 0,
    logs: () => output,
    kill: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGINT')
      // A stopped (SIGSTOP) server handles the signal only when it continues.
      child.kill('SIGCONT')
      await endedOrKilled(exited, () => child.kill('SIGKILL'))
    },
    exited,
  }
  if (options.isShared !== true) running.add(server)
  void exited.then(() => running.delete(server))

  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs)
  const url = await Promise.race([announced, exited])
  clearTimeout(timer)
  if (typeof url !== 'string') throw new Error(`the server did not start:\n${output}`)
  server.url = url
  server.wsUrl = url.replace('http:', 'ws:')
  return server
}
