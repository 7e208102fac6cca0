import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../start-error.ts'

/** What stands in a backup's manifest.json: written last, so that a backup with one is whole. */
export const manifestSchema = z.object({
  format: z.literal('parley-backup'),
  version: z.literal(1),
  /** files: a copy of the embedded PostgreSQL; base: one by pg_basebackup; dump: one by pg_dump. */
  method: z.enum(['files', 'base', 'dump']),
  postgres: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** From where on the write-ahead log is needed. Null: a dump needs none. */
  startLsn: z.string().nullable(),
  stopLsn: z.string().nullable(),
  byteSize: z.number(),
  hasAttachments: z.boolean(),
})
export type Manifest = z.infer<typeof manifestSchema>

export async function readManifest(folder: string): Promise<Manifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')))
  } catch {
    throw new StartError(
      `${folder} is no backup, or one that was not finished: it has no manifest.json that can be read.`,
    )
  }
}

export const writeManifest = (folder: string, manifest: Manifest) =>
  writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)

/** Beside the data in the folder of the embedded PostgreSQL: without them its copy cannot be opened, and nobody is logged in. */
export const secrets = ['postgres.password', 'jwt-secret']

/** What PostgreSQL makes anew, or what is of the running process alone. Of folders the contents. */
const leftOut = new Set(['postmaster.pid', 'postmaster.opts', 'pg_internal.init', 'backup_label', 'tablespace_map'])
const emptied = new Set([
  ...['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'],
])

/** Ignores a file that is gone meanwhile: PostgreSQL removes some at any time, and its log knows of that. */
async function copyIfThere(from: string, to: string): Promise<number> {
  try {
    await copyFile(from, to)
    return 1
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

/** Copies a cluster that may be in use: what is torn is put right by its log, as after a crash. Returns how many files. */
export async function copyCluster(from: string, to: string, onFile: () => void, isTop = true): Promise<number> {
  await mkdir(to, { mode: 0o700 })
  let count = 0
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const { name } = entry
    if (leftOut.has(name) || name.startsWith('pgsql_tmp')) continue
    if (entry.isDirectory()) {
      if (isTop && emptied.has(name)) await mkdir(join(to, name), { mode: 0o700 })
      else count += await copyCluster(join(from, name), join(to, name), onFile, false)
    } else if (entry.isFile()) {
      count += await copyIfThere(join(from, name), join(to, name))
      onFile()
    }
  }
  return count
}

/** Files that people uploaded, but for uploads under way. False where there are none. */
export async function copyAttachments(from: string, to: string): Promise<boolean> {
  if (!existsSync(from)) return false
  await cp(from, to, { recursive: true, force: false, filter: (path) => path !== join(from, 'drafts') })
  return true
}

/** Makes sure that all of it is on the disk, as far as the system has a program for that. */
export const toDisk = (folder: string) => void spawnSync('sync', ['-f', folder], { stdio: 'ignore' })

/** Says how far long work is, where a person looks on. */
export function createProgress(what: string) {
  const isSeen = process.stderr.isTTY
  let count = 0
  return {
    step() {
      count++
      if (isSeen && count % 100 === 0) process.stderr.write(`\r${what}: ${String(count)}`)
    },
    end() {
      if (isSeen) process.stderr.write('\r\u001b[K')
    },
  }
}
