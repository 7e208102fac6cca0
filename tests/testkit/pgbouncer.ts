import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { atEndOfEachFile } from './at-end.ts'

export interface PgBouncer {
  /** The address of the database through it. */
  url: string
  port: number
  stop(): Promise<void>
}

const startTimeoutMs = 20_000
const running = new Set<PgBouncer>()

atEndOfEachFile(async () => {
  for (const one of running) await one.stop()
})

/** Debian installs it outside most PATHs. */
const path = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`

export function ensurePgBouncer(): void {
  if (spawnSync('pgbouncer', ['--version'], { env: { PATH: path } }).status === 0) return
  throw new Error('The tests of poolers need PgBouncer. As root on Debian or Ubuntu: apt-get install pgbouncer')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts PgBouncer in front of a database, with its package's default settings except for these. */
export async function startPgBouncer(
  databaseUrl: string,
  settings: Record<string, string | number> = {},
): Promise<PgBouncer> {
  ensurePgBouncer()
  const { hostname, port: databasePort, username, password, pathname } = new URL(databaseUrl)
  const folder = mkdtempSync(join(tmpdir(), 'parley-pgbouncer-'))
  const port = await freePort()
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'plain',
    auth_file: join(folder, 'users'),
    ...settings,
  }).map(([name, value]) => `${name} = ${String(value)}`)
  writeFileSync(join(folder, 'users'), `"${username}" "${decodeURIComponent(password)}"\n`)
  const database = `${pathname.slice(1)} = host=${hostname} port=${databasePort}`
  writeFileSync(join(folder, 'ini'), ['[databases]', database, '[pgbouncer]', ...lines, ''].join('\n'))
  for (const file of ['users', 'ini']) chmodSync(join(folder, file), 0o644)
  chmodSync(folder, 0o755)
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0
  const child = spawn('pgbouncer', [...(isRoot ? ['-u', 'nobody'] : []), join(folder, 'ini')], {
    env: { PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const exited = once(child, 'exit')
  const bouncer: PgBouncer = {
    url: Object.assign(new URL(databaseUrl), { port: String(port) }).href,
    port,
    async stop() {
      running.delete(bouncer)
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
  running.add(bouncer)
  const deadlineMs = performance.now() + startTimeoutMs
  for (;;) {
    const client = new Client({ connectionString: bouncer.url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return bouncer
    } catch (error) {
      if (performance.now() > deadlineMs || child.exitCode !== null)
        throw new Error(`PgBouncer did not start:\n${output}`, { cause: error })
    }
    await sleep(50)
  }
}
