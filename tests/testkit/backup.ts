import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { inject } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { atEnd } from './at-end.ts'
import { createTestDatabase } from './database.ts'
import { startProxy } from './proxy.ts'

/** A database that is backed up and restored while servers keep running. They see it fail and come back. */
export interface RestorableDatabase {
  url: string
  backUp(): Promise<void>
  /** Everything written after the backup is lost. */
  restore(): Promise<void>
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

const at = (url: string, change: Partial<URL>): string => Object.assign(new URL(url), change).href

/** Copied as a database: the cluster and its transaction ids continue, as with pg_dump and pg_restore in one cluster. */
async function databaseCopy(): Promise<RestorableDatabase> {
  const { url } = await createTestDatabase()
  const name = new URL(url).pathname.slice(1)
  const backup = `${name}_backup`
  const cluster = inject('clusterUrl')
  // PostgreSQL cannot copy a database that has sessions.
  const closed = (statements: string[]) =>
    run(
      cluster,
      `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`,
      ...statements,
      `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`,
    )
  atEnd(() => run(cluster, `DROP DATABASE IF EXISTS ${backup}`))
  return {
    url,
    backUp: () => closed([`DROP DATABASE IF EXISTS ${backup}`, `CREATE DATABASE ${backup} TEMPLATE ${name}`]),
    restore: () => closed([`DROP DATABASE ${name}`, `CREATE DATABASE ${name} TEMPLATE ${backup}`]),
  }
}

/** Copied as files: transaction ids go back with the data, and are used a second time, as with a restored volume. */
async function fileCopy(): Promise<RestorableDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-backup-'))
  const [dataDir, backupDir] = [join(folder, 'data'), join(folder, 'backup')]
  const options = {
    dataDir,
    log: createLogger('silent'),
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=100'],
  }
  let postgres = await startEmbeddedPostgres(options)
  const proxy = await startProxy(Number(new URL(postgres.url).port))
  atEnd(async () => {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const stopped = async (copy: () => void) => {
    proxy.cut()
    await postgres.stop()
    copy()
    postgres = await startEmbeddedPostgres(options)
    proxy.retarget(Number(new URL(postgres.url).port))
    proxy.heal()
  }
  const copyOver = (from: string, to: string) => () => {
    rmSync(to, { recursive: true, force: true })
    // With owners: under root PostgreSQL runs as another account.
    const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  return {
    url: at(postgres.url, { port: String(proxy.port) }),
    backUp: () => stopped(copyOver(dataDir, backupDir)),
    restore: () => stopped(copyOver(backupDir, dataDir)),
  }
}

export const restorable = { 'a copy of the database': databaseCopy, 'a copy of its files': fileCopy }
