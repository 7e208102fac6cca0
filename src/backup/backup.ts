import { copyFileSync, existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type pg from 'pg'
import type { Config } from '../config.ts'
import { runningEmbeddedUrl, startEmbeddedPostgres } from '../embedded/postgres.ts'
import { StartError } from '../start-error.ts'
import { createLogger } from '../telemetry/logger.ts'
import { copyAttachments, copyCluster, createProgress, secrets, toDisk, writeManifest, type Manifest } from './files.ts'
import { clientOf, libpqEnvironment, runTool, toolFor } from './tools.ts'

export interface BackupOptions {
  out: string
  method: 'auto' | 'base' | 'dump'
  /** Where programs are found. */
  path: string | undefined
}

type Taken = Pick<Manifest, 'method' | 'postgres' | 'startLsn' | 'stopLsn'>

const versionOf = async (client: pg.Client) => {
  const { rows } = await client.query<{ text: string; number: number }>(
    `SELECT current_setting('server_version') AS text, current_setting('server_version_num')::int AS number`,
  )
  return { text: rows[0]?.text ?? '', major: Math.floor((rows[0]?.number ?? 0) / 10_000) }
}

/** A copy of the files while PostgreSQL writes them, and the write-ahead log that puts it right. */
async function takeFiles(url: string, cluster: string, to: string): Promise<Taken> {
  const client = clientOf(url)
  await client.connect()
  const progress = createProgress('files copied')
  try {
    const { text } = await versionOf(client)
    // Keeps the log from being reused meanwhile; it goes with this connection.
    const slot = `parley_backup_${String(process.pid)}`
    await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [slot])
    const started = await client.query<{ lsn: string; file: string }>(
      `SELECT lsn::text, pg_walfile_name(lsn) AS file FROM pg_backup_start('parley', true) AS lsn`,
    )
    await copyCluster(cluster, to, () => {
      progress.step()
    })
    const stopped = await client.query<{ lsn: string; label: string; file: string }>(
      `SELECT lsn::text, labelfile AS label, pg_walfile_name(lsn) AS file FROM pg_backup_stop(false)`,
    )
    const [from, until] = [started.rows[0], stopped.rows[0]]
    if (!from || !until) throw new Error('PostgreSQL does not say where the backup begins and ends')
    await writeFile(join(to, 'backup_label'), until.label, { mode: 0o600 })
    for (const name of (await readdir(join(cluster, 'pg_wal'))).sort()) {
      const isNeeded = name.length === 24 && name >= from.file && name <= until.file
      if (isNeeded || name.endsWith('.history')) await copyFile(join(cluster, 'pg_wal', name), join(to, 'pg_wal', name))
    }
    return { method: 'files', postgres: text, startLsn: from.lsn, stopLsn: until.lsn }
  } finally {
    progress.end()
    await client.end()
  }
}

async function takeFromServer(url: string, draft: string, { method, path }: BackupOptions): Promise<Taken> {
  const client = clientOf(url)
  await client.connect()
  try {
    const { text, major } = await versionOf(client)
    const lsn = async () =>
      (await client.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn')).rows[0]?.lsn ?? null
    const { rows } = await client.query<{ may: boolean }>(
      'SELECT rolreplication OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
    )
    const base = rows[0]?.may ? toolFor('pg_basebackup', major) : null
    const env = libpqEnvironment(url)
    if (method !== 'dump' && base !== null) {
      const startLsn = await lsn()
      const args = ['--pgdata', join(draft, 'postgres'), '--wal-method=stream', '--checkpoint=fast', '--no-password']
      await runTool(base, args, env, path)
      return { method: 'base', postgres: text, startLsn, stopLsn: await lsn() }
    }
    if (method === 'base')
      throw new StartError(
        rows[0]?.may
          ? `There is no pg_basebackup of PostgreSQL ${String(major)} or newer here: install postgresql-client-${String(major)}.`
          : 'The user of DATABASE_URL may not copy the server: ALTER ROLE … REPLICATION, or use --method dump.',
      )
    const dump = toolFor('pg_dump', major)
    if (dump === null)
      throw new StartError(
        `There is no pg_dump of PostgreSQL ${String(major)} or newer here: install postgresql-client-${String(major)}.`,
      )
    await runTool(dump, ['--format=custom', '--no-password', '--file', join(draft, 'database.dump')], env, path)
    return { method: 'dump', postgres: text, startLsn: null, stopLsn: null }
  } finally {
    await client.end()
  }
}

async function byteSizeOf(folder: string): Promise<number> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Backs up the database, and then the files that people uploaded: a row without a file would be a picture that is gone. */
export async function takeBackup(config: Config, options: BackupOptions): Promise<Manifest> {
  const out = resolve(options.out)
  if (existsSync(out)) throw new StartError(`${out} is there already. Name a folder that is not.`)
  // Under another name until it is whole.
  const draft = `${out}.part`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  const startedAt = new Date().toISOString()
  const dataDir = resolve(config.dataDir)
  let taken: Taken
  if (config.databaseUrl !== null) taken = await takeFromServer(config.databaseUrl, draft, options)
  else {
    if (options.method !== 'auto')
      throw new StartError('--method is for a database of your own: the embedded one is copied as it is.')
    const log = createLogger('warn')
    const url = runningEmbeddedUrl(dataDir)
    const own = url === null ? await startEmbeddedPostgres({ dataDir, log }) : null
    try {
      taken = await takeFiles(url ?? own?.url ?? '', join(dataDir, 'postgres'), join(draft, 'postgres'))
    } finally {
      await own?.stop()
    }
    for (const name of secrets)
      if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(draft, name))
  }
  const hasAttachments =
    config.s3 === null && (await copyAttachments(join(dataDir, 'attachments'), join(draft, 'attachments')))
  const manifest: Manifest = {
    ...{ format: 'parley-backup', version: 1, ...taken, startedAt, finishedAt: new Date().toISOString() },
    ...{ byteSize: await byteSizeOf(draft), hasAttachments },
  }
  await writeManifest(draft, manifest)
  toDisk(draft)
  await rename(draft, out)
  return manifest
}
