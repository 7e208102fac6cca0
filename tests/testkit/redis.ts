import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnSupervised } from '../../src/embedded/supervised.ts'

export interface RedisServer {
  url: string
  port: number
  stop(): Promise<void>
}

const missing = `The tests need redis-server. Any of these gives it:
  - the package: apt-get install redis-server (or brew install redis)
  - docker compose up -d redis, and TEST_REDIS_URL=redis://127.0.0.1:6379
  - TEST_REDIS_URL with the address of a Redis that tests may use`

function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/** Installs Redis where that needs nobody's consent: as root on Debian or Ubuntu. */
export function ensureRedisServer(): void {
  if (hasRedis()) return
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const aptGet = (...args: string[]) =>
      spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    aptGet('update')
    aptGet('install', '--yes', '--no-install-recommends', 'redis-server')
    if (hasRedis()) return
  }
  throw new Error(missing)
}

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

/** Starts a Redis of one's own, on `port` when given: a test can stop it and start it again where it was. */
export async function startRedis(port?: number): Promise<RedisServer> {
  const chosen = port ?? (await freePort())
  const command = ['redis-server', '--port', String(chosen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawnSupervised(command, openSync('/dev/null', 'w'), { cwd: '/' })
  while (!(await answers(chosen))) {
    if (server.hasEnded()) throw new Error(`redis-server ended at once on port ${chosen}`)
    await sleep(20)
  }
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    async stop() {
      server.end()
      await server.ended
    },
  }
}
