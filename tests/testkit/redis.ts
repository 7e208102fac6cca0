import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnSupervised } from '../../src/embedded/supervised.ts'
import { ensureCommand } from './commands.ts'
import { endSupervised } from './ending.ts'

export interface RedisServer {
  url: string
  port: number
  /** As on a machine that is suspended: it takes connections and commands, and answers nothing until goOn(). */
  hang(): void
  goOn(): void
  /** As when its machine loses power. What it left behind is removed by `stop`. */
  kill(): void
  stop(): Promise<void>
}

const otherwise = `, or brew install redis; or
  - docker compose up -d redis, and TEST_REDIS_URL=redis://127.0.0.1:6379
  - TEST_REDIS_URL with the address of a Redis that tests may use`

export const ensureRedisServer = (): void => ensureCommand('redis-server', 'redis-server', otherwise)

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function replyOf(port: number, command: string): Promise<string | null> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString()
  } catch {
    return null
  } finally {
    socket.destroy()
  }
}

const answers = async (port: number) => (await replyOf(port, 'PING'))?.startsWith('+PONG') === true

/** Starts a Redis for one test, on `port` if given: a test can stop it and start it again at the same address. */
export async function startRedis(port?: number, settings: readonly string[] = []): Promise<RedisServer> {
  const chosen = port ?? (await freePort())
  // A replica writes a dump whatever `save` says, and a server loads a dump that it finds: each needs its own folder.
  const folder = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  const command = [
    'redis-server',
    '--dir',
    folder,
    '--port',
    String(chosen),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
    ...settings,
  ]
  const server = spawnSupervised(command, openSync('/dev/null', 'w'), { cwd: '/' })
  while (!(await answers(chosen))) {
    if (server.hasEnded()) throw new Error(`redis-server ended at once on port ${chosen}`)
    await sleep(20)
  }
  const pid = Number(/process_id:(\d+)/.exec((await replyOf(chosen, 'INFO server')) ?? '')?.[1])
  if (!Number.isInteger(pid)) throw new Error(`redis-server on port ${chosen} does not say which process it is`)
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    hang: () => void process.kill(pid, 'SIGSTOP'),
    goOn: () => void process.kill(pid, 'SIGCONT'),
    kill: () => void process.kill(pid, 'SIGKILL'),
    async stop() {
      await endSupervised(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
