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

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString().startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

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
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    async stop() {
      await endSupervised(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
