import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEndOfEachFile } from './at-end.ts'
import { createTestDatabase, onCluster, type TestDatabase } from './database.ts'

export interface FullDisk {
  database: TestDatabase
  fill(): Promise<void>
  free(): Promise<void>
}

const byteSize = 96 * 1_048_576

const undo: (() => Promise<void>)[] = []

atEndOfEachFile(async () => {
  for (const step of undo.splice(0)) await step()
})

/** Raises PostgreSQL's error for new pages on a full disk, for users who may not mount a disk. */
async function startPretendedDisk(): Promise<FullDisk> {
  const database = await createTestDatabase()
  const raise = `BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END`
  return {
    database,
    async fill() {
      await database.query(`CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ ${raise} $$`)
      await database.query(`CREATE FUNCTION no_space_at_all() RETURNS event_trigger LANGUAGE plpgsql AS $$ ${raise} $$`)
      await database.query('CREATE TRIGGER no_space BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION no_space()')
      await database.query('CREATE EVENT TRIGGER no_space ON ddl_command_start EXECUTE FUNCTION no_space_at_all()')
    },
    async free() {
      await database.query('DROP EVENT TRIGGER no_space')
      await database.query('DROP TRIGGER no_space ON messages')
    },
  }
}

/**
 * A database on a small disk of its own, a tmpfs in a tablespace, that can be filled. Only root may mount one; for other
 * users triggers raise the error that PostgreSQL raises on a full disk.
 */
export async function startFullDisk(): Promise<FullDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-disk-'))
  chmodSync(folder, 0o755)
  const mount = join(folder, 'disk')
  mkdirSync(mount)
  const options = `size=${String(byteSize)},mode=777`
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mount]).status !== 0) {
    rmSync(folder, { recursive: true })
    return startPretendedDisk()
  }
  const space = join(mount, 'space')
  mkdirSync(space)
  // PostgreSQL must own the folder, whichever account it runs as.
  const [row] = await onCluster<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`)
  spawnSync('chown', [`--reference=${String(row?.folder)}`, space])
  const name = `disk_${String(process.pid)}`
  await onCluster(`CREATE TABLESPACE ${name} LOCATION '${space}'`)
  const database = await createTestDatabase(`TEMPLATE parley_template TABLESPACE ${name}`)
  undo.push(async () => {
    await database.drop()
    await onCluster(`DROP TABLESPACE ${name}`)
    spawnSync('umount', [mount])
    rmSync(folder, { recursive: true, force: true })
  })
  const filler = join(mount, 'filler')
  return {
    database,
    fill() {
      const file = openSync(filler, 'w')
      for (let blockByteSize = 1_048_576; blockByteSize >= 4_096;) {
        try {
          writeSync(file, Buffer.alloc(blockByteSize))
        } catch {
          blockByteSize /= 2
        }
      }
      closeSync(file)
      return Promise.resolve()
    },
    free() {
      rmSync(filler)
      return Promise.resolve()
    },
  }
}
