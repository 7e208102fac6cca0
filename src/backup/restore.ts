import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Config } from '../config.ts'
import { runAs } from '../embedded/account.ts'
import { quoted } from '../embedded/archive.ts'
import { postgresBinaries } from '../embedded/binaries.ts'
import { startEmbeddedPostgres } from '../embedded/postgres.ts'
import { StartError } from '../start-error.ts'
import { createLogger } from '../telemetry/logger.ts'
import { copyAttachments, readManifest, secrets, type Manifest } from './files.ts'
import { clientOf, libpqEnvironment, runTool, toolFor } from './tools.ts'

export interface RestoreOptions {
  /** The data folder, or with a backup by pg_basebackup the cluster's. Default: PARLEY_DATA_DIR. */
  to?: string | undefined
  /** Where the write-ahead log was archived. */
  wal?: string | undefined
  until?: string | undefined
  path: string | undefined
}

export interface Restored {
  method: Manifest['method']
  folder: string | null
  /** When what was committed last was committed, as far as the log of PostgreSQL told; null: as of the backup. */
  restoredUntil: string | null
  messages: number | null
  /** What is left to be done. */
  next: string
}

/** Reading an archive takes as long as it is. */
const recoveryTimeoutMs = 24 * 3_600_000
const recoveryPollMs = 100

const recoveryNames = [
  'restore_command',
  'recovery_target_timeline',
  'recovery_target_action',
  'recovery_target_time',
] as const

function recoverySettings(wal: string, until: string | undefined): string {
  const values: Record<(typeof recoveryNames)[number], string | undefined> = {
    restore_command: `cp ${quoted(wal)}/%f %p`,
    recovery_target_timeline: 'latest',
    recovery_target_action: 'promote',
    // It refuses a Z, as it is read before PostgreSQL knows the names of time zones.
    recovery_target_time: until?.replace('Z', '+00'),
  }
  // In PostgreSQL's file a quote is doubled; quoted() is for the shell inside.
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : `${name} = '${value.replaceAll("'", "''")}'\n`))
    .join('')
}

/** Copies a cluster to its place, ready to read the archive when PostgreSQL starts. */
async function placeCluster(from: string, cluster: string, wal: string | undefined, until: string | undefined) {
  if (existsSync(cluster))
    throw new StartError(`${cluster} is there already. Move it away, or name another folder with --to.`)
  await cp(from, cluster, { recursive: true })
  chmodSync(cluster, 0o700)
  if (wal === undefined) return
  appendFileSync(join(cluster, 'postgresql.auto.conf'), recoverySettings(wal, until))
  writeFileSync(join(cluster, 'recovery.signal'), '')
}

/** PostgreSQL insists on owning its files; under root it runs as another account. */
async function giveToPostgres(dataDir: string, paths: string[]): Promise<void> {
  const { postgres } = await postgresBinaries()
  const { owner } = runAs(postgres, dataDir, join(dataDir, 'none'))
  if (!owner) return
  const { status, stderr } = spawnSync('chown', ['-R', `${String(owner.uid)}:${String(owner.gid)}`, ...paths], {
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new StartError(`The restored files cannot be given to PostgreSQL's account: ${stderr.trim()}.`)
}

/** PostgreSQL takes reads while it still reads the archive. It ends by itself when that does not reach the moment. */
async function untilRecovered(client: pg.Client, dataDir: string): Promise<void> {
  try {
    for (;;) {
      const { rows } = await client.query<{ is: boolean }>('SELECT pg_is_in_recovery() AS is')
      if (rows[0]?.is === false) return
      await sleep(recoveryPollMs)
    }
  } catch (error) {
    throw new StartError(
      `PostgreSQL ended while it read the archive (${(error as Error).message}); ${join(dataDir, 'postgres.log')} says why. An archive that ends before --until is one reason.`,
    )
  }
}

async function recoverEmbedded(dataDir: string): Promise<Pick<Restored, 'restoredUntil' | 'messages'>> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: createLogger('warn'),
    startTimeoutMs: recoveryTimeoutMs,
  })
  try {
    const client = clientOf(postgres.url)
    client.on('error', () => undefined)
    await client.connect()
    await untilRecovered(client, dataDir)
    const { rows } = await client.query<{ at: Date | null; messages: number }>(
      `SELECT pg_last_xact_replay_timestamp() AS at, (SELECT count(*)::float8 FROM messages) AS messages`,
    )
    for (const name of recoveryNames) await client.query(`ALTER SYSTEM RESET ${name}`)
    await client.end()
    return { restoredUntil: rows[0]?.at?.toISOString() ?? null, messages: rows[0]?.messages ?? 0 }
  } finally {
    await postgres.stop()
  }
}

async function restoreFiles(folder: string, config: Config, { to, wal, until }: RestoreOptions): Promise<Restored> {
  const dataDir = resolve(to ?? config.dataDir)
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  const cluster = join(dataDir, 'postgres')
  await placeCluster(join(folder, 'postgres'), cluster, wal && resolve(wal), until)
  for (const name of secrets.filter((secret) => existsSync(join(folder, secret)))) {
    rmSync(join(dataDir, name), { force: true })
    copyFileSync(join(folder, name), join(dataDir, name))
    chmodSync(join(dataDir, name), 0o600)
  }
  await giveToPostgres(dataDir, [cluster, join(dataDir, 'postgres.password')])
  await copyAttachments(join(folder, 'attachments'), join(dataDir, 'attachments'))
  const found = await recoverEmbedded(dataDir)
  return { method: 'files', folder: dataDir, ...found, next: `Start the server with PARLEY_DATA_DIR=${dataDir}` }
}

async function restoreBase(folder: string, config: Config, { to, wal, until }: RestoreOptions): Promise<Restored> {
  if (to === undefined) throw new StartError("Name the folder of PostgreSQL's data with --to.")
  await placeCluster(join(folder, 'postgres'), resolve(to), wal && resolve(wal), until)
  await copyAttachments(join(folder, 'attachments'), join(resolve(config.dataDir), 'attachments'))
  return {
    ...{ method: 'base', folder: resolve(to), restoredUntil: null, messages: null },
    next: `Give ${resolve(to)} to PostgreSQL's account (chown -R postgres:), start PostgreSQL on it, wait until pg_is_in_recovery() is false, and start Parley`,
  }
}

async function restoreDump(folder: string, config: Config, { path }: RestoreOptions): Promise<Restored> {
  const url = config.databaseUrl
  if (url === null)
    throw new StartError('This backup is a dump: set DATABASE_URL to an empty database to restore it to.')
  const client = clientOf(url)
  await client.connect()
  const { rows } = await client
    .query<{ tables: number; major: number }>(
      `SELECT count(*)::int AS tables, current_setting('server_version_num')::int / 10000 AS major
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    )
    .finally(() => client.end())
  if (rows[0]?.tables !== 0) throw new StartError('The database has tables already. Restore into an empty one.')
  const tool = toolFor('pg_restore', rows[0].major)
  if (tool === null)
    throw new StartError(`There is no pg_restore here: install postgresql-client-${String(rows[0].major)}.`)
  const env = libpqEnvironment(url)
  const args = ['--exit-on-error', '--single-transaction', '--no-owner', '--no-privileges', '--no-password']
  await runTool(tool, [...args, '--dbname', env.PGDATABASE ?? '', join(folder, 'database.dump')], env, path)
  await copyAttachments(join(folder, 'attachments'), join(resolve(config.dataDir), 'attachments'))
  return { method: 'dump', folder: null, restoredUntil: null, messages: null, next: 'Start the server' }
}

/** Brings a backup back: all of it, and with the archive what came after it, to its end or to a moment. */
export async function restoreBackup(folder: string, config: Config, options: RestoreOptions): Promise<Restored> {
  const { method, finishedAt } = await readManifest(resolve(folder))
  const { until, wal } = options
  if (until !== undefined) {
    if (wal === undefined) throw new StartError('--until needs --wal, the folder of the archived write-ahead log.')
    if (!(Date.parse(until) >= Date.parse(finishedAt)))
      throw new StartError(
        `--until must be a time like 2026-12-01T08:00:00Z, after the end of the backup at ${finishedAt}.`,
      )
  }
  if (wal !== undefined && method === 'dump')
    throw new StartError('This backup is a dump: it is as of its moment, and no log goes with it.')
  if (wal !== undefined && !existsSync(wal)) throw new StartError(`There is no folder ${wal}.`)
  const restore = { files: restoreFiles, base: restoreBase, dump: restoreDump }[method]
  return restore(resolve(folder), config, {
    ...options,
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  })
}
