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

/** A database that is backed up and restored while servers go on running, which see it fail and come back. */
export interface RestorableDatabase {
  url: string
  backUp(): Promise<void>
  /** What was written after the backup is gone. */
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

/** Copied as a database: the cluster goes on, and its transaction ids with it. What pg_dump and pg_restore give in one cluster. */
async function databaseCopy(): Promise<RestorableDatabase> {
  const { url } = await createTestDatabase()
  const name = new URL(url).pathname.slice(1)
  const backup = `${name}_backup`
  const cluster = inject('clusterUrl')
  // A database with a session in it cannot be copied.
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

/** Copied as files: transaction ids go back with the data, and are given a second time. What a restored volume gives. */
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
    // With owners: PostgreSQL has an account of its own where tests run as root.
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
