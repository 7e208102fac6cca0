import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { runAs } from '../../src/embedded/account.ts'
import { postgresBinaries } from '../../src/embedded/binaries.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { spawnSupervised, type Supervised } from '../../src/embedded/supervised.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { atEndOfEachFile } from './at-end.ts'
import { endSupervised } from './ending.ts'

export interface Node {
  url: string
  port: number
  query(sql: string): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const servers: Supervised[] = []
const folders: string[] = []

atEndOfEachFile(async () => {
  await Promise.all(servers.splice(0).map(endSupervised))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function start(dataDir: string, port: number): Promise<Node> {
  const { postgres } = await postgresBinaries()
  const cluster = join(dataDir, 'postgres')
  const as = runAs(postgres, dataDir, cluster)
  const settings = [`port=${String(port)}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  const logFd = openSync(join(dataDir, 'node.log'), 'a')
  const command = [postgres, '-D', cluster, ...settings.flatMap((setting) => ['-c', setting])]
  const server = spawnSupervised(command, logFd, as.options, as.prefix)
  closeSync(logFd)
  servers.push(server)
  const password = readFileSync(join(dataDir, 'postgres.password'), 'utf8')
  const url = `postgresql://parley:${password}@127.0.0.1:${String(port)}/postgres`
  const node: Node = {
    url,
    port,
    async query(sql) {
      const client = new Client({ connectionString: url })
      client.on('error', () => undefined)
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows
      } finally {
        await client.end()
      }
    },
    stop: () => endSupervised(server),
  }
  for (const deadlineMs = performance.now() + startTimeoutMs; ;) {
    const isUp = await node.query('SELECT 1').then(
      () => true,
      () => false,
    )
    if (isUp) return node
    if (performance.now() > deadlineMs || server.hasEnded())
      throw new Error(`PostgreSQL did not start:\n${readFileSync(join(dataDir, 'node.log'), 'utf8')}`)
    await sleep(50)
  }
}

/** Has the primary wait for the standby at each commit. Resolves with what freezes and wakes the standby's receiver. */
export async function makeSynchronous(primary: Node, standby: Node): Promise<(signal: 'SIGSTOP' | 'SIGCONT') => void> {
  const receivers = `SELECT pid FROM pg_stat_wal_receiver WHERE status = 'streaming'`
  let found: Record<string, unknown>[] = []
  for (const deadlineMs = performance.now() + startTimeoutMs; found.length === 0 && performance.now() < deadlineMs;) {
    await sleep(50)
    found = await standby.query(receivers)
  }
  const pid = Number(found[0]?.pid)
  await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await primary.query('SELECT pg_reload_conf()')
  return (signal) => {
    process.kill(pid, signal)
  }
}

/** A primary and a standby that follows it: the standby is a copy of the cluster, made while that was stopped. */
export async function startPrimaryAndStandby(): Promise<[Node, Node]> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-standby-'))
  folders.push(folder)
  chmodSync(folder, 0o755)
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  // Makes the cluster. The two starts also give two free ports.
  const made = await startEmbeddedPostgres({ dataDir: first, log: createLogger('warn') })
  const firstPort = Number(new URL(made.url).port)
  await made.stop()
  const again = await startEmbeddedPostgres({ dataDir: first, log: createLogger('warn') })
  const secondPort = Number(new URL(again.url).port)
  await again.stop()
  // With owners: PostgreSQL insists on owning its files.
  spawnSync('cp', ['-a', first, second])
  const cluster = join(second, 'postgres')
  const password = readFileSync(join(first, 'postgres.password'), 'utf8')
  writeFileSync(join(cluster, 'standby.signal'), '')
  appendFileSync(
    join(cluster, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${String(firstPort)} user=parley password=${password}'\n`,
  )
  spawnSync('chown', [`--reference=${join(cluster, 'PG_VERSION')}`, join(cluster, 'standby.signal')])
  const primary = await start(first, firstPort)
  return [primary, await start(second, secondPort)]
}
