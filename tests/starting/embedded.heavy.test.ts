import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runningEmbeddedUrl, startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { setCharacterTypes } from '../../src/embedded/character-types.ts'
import { isAlive } from '../../src/embedded/process-identity.ts'
import { StartError } from '../../src/start-error.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

const log = createLogger('silent')
const children: number[] = []
let dataDir: string

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parley-embedded-'))
})

afterEach(async () => {
  for (const pid of children.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  const postmaster = postmasterPid()
  while (postmaster !== null && isAlive(postmaster)) await sleep(20)
  rmSync(dataDir, { recursive: true, force: true })
})

function postmasterPid(): number | null {
  const file = join(dataDir, 'postgres/postmaster.pid')
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8')) : null
}

async function query(url: string, sql: string, parameters?: string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql, parameters)).rows
  } finally {
    await client.end()
  }
}

interface Holder {
  pid: number
  url: string
  exited: Promise<unknown>
}

/** Starts PostgreSQL from another process, which a test may kill. */
async function holdFromAnotherProcess(): Promise<Holder & { failure?: string; name?: string }> {
  const script = join(import.meta.dirname, '../testkit/hold-postgres.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child.pid!)
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const line = await new Promise<Buffer>((resolve) => child.stdout.once('data', resolve))
  return { pid: child.pid!, exited, ...(JSON.parse(line.toString()) as { url: string }) }
}

async function restartAndRead(): Promise<unknown[]> {
  const postgres = await startEmbeddedPostgres({ dataDir, log })
  try {
    return await query(postgres.url, 'SELECT id FROM kept')
  } finally {
    await postgres.stop()
  }
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data over a stop and is up again within a second', async () => {
    const first = await startEmbeddedPostgres({ dataDir, log })
    expect(runningEmbeddedUrl(dataDir)).toBe(first.url)
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS id')
    await first.stop()
    expect(postmasterPid()).toBeNull()
    expect(runningEmbeddedUrl(dataDir)).toBeNull()

    expect(await restartAndRead()).toEqual([{ id: 1 }])
  })

  it('stays durable, speaks UTF-8, and lets nobody in without the password, which only its owner can read', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir, log })
    const rows = await query(
      postgres.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS listens`,
    )
    expect(rows).toEqual([{ fsync: 'on', commit: 'on', encoding: 'UTF8', listens: '127.0.0.1' }])
    const wrong = Object.assign(new URL(postgres.url), { password: 'wrong' }).href
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed')
    expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600)
    await postgres.stop()
  })

  it('writes nothing of a row that is refused, or of parameters, into its log', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir, log })
    await query(postgres.url, 'CREATE TABLE kept (text text CONSTRAINT never CHECK (false))')
    const insert = 'INSERT INTO kept VALUES ($1)'
    await expect(query(postgres.url, insert, ['a secret text'])).rejects.toThrow('never')
    await postgres.stop()
    const lines = readFileSync(join(dataDir, 'postgres.log'), 'utf8')
    expect(lines).toContain('violates check constraint "never"')
    expect(lines).not.toContain('secret')
  })

  it('knows letters from signs in every alphabet, also in a data folder that was made without knowing them', async () => {
    const letters = async (url: string) => {
      const [row] = await query(url, `SELECT array_to_string(tsvector_to_array(to_tsvector('simple', '„Çelik“ “Привет”, Ὀδυσσεύς…')), ' ') AS words,
        (SELECT datctype FROM pg_database WHERE datname = current_database()) AS ctype`) // prettier-ignore
      return row
    }
    const known = { words: 'çelik привет ὀδυσσεύς', ctype: 'C.UTF-8' }
    const first = await startEmbeddedPostgres({ dataDir, log })
    expect(await letters(first.url)).toEqual(known)
    // As initdb leaves it with --locale=C, which is how data folders were made before.
    await query(first.url, "UPDATE pg_database SET datctype = 'C'")
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS id')
    expect(await letters(first.url)).not.toMatchObject({ words: known.words })
    // On a system that has no such locale it stays as it is, and lets everybody in as before.
    await setCharacterTypes(first.url, log, ['xx_XX.UTF-8'])
    expect(await letters(first.url)).toMatchObject({ ctype: 'C' })
    await first.stop()

    const second = await startEmbeddedPostgres({ dataDir, log })
    expect(await letters(second.url)).toEqual(known)
    expect(await query(second.url, 'SELECT id FROM kept')).toEqual([{ id: 1 }])
    await query(second.url, 'CREATE DATABASE another')
    expect(await letters(Object.assign(new URL(second.url), { pathname: '/another' }).href)).toEqual(known)
    await second.stop()
  })

  it('dies with its process when that is killed, loses nothing, and the lock left behind stops nobody', async () => {
    const holder = await holdFromAnotherProcess()
    await query(holder.url, 'CREATE TABLE kept AS SELECT 1 AS id')
    const postmaster = postmasterPid()!
    process.kill(holder.pid, 'SIGKILL')
    await holder.exited
    expect(existsSync(join(dataDir, 'lock'))).toBe(true)

    expect(await restartAndRead()).toEqual([{ id: 1 }])
    expect(isAlive(postmaster)).toBe(false)
  })

  it('starts after both processes were killed, also when another program has their pids now', async () => {
    const holder = await holdFromAnotherProcess()
    await query(holder.url, 'CREATE TABLE kept AS SELECT 1 AS id')
    process.kill(postmasterPid()!, 'SIGKILL')
    process.kill(holder.pid, 'SIGKILL')
    await holder.exited
    const pidFile = join(dataDir, 'postgres/postmaster.pid')
    const reused = readFileSync(pidFile, 'utf8').replace(/^\d+/, String(process.pid))
    writeFileSync(pidFile, reused)
    writeFileSync(join(dataDir, 'lock'), `${process.pid} some-other-boot 1`)

    expect(await restartAndRead()).toEqual([{ id: 1 }])
  })

  it('tells a second process on the same folder who has it', async () => {
    const holder = await holdFromAnotherProcess()
    const attempt = startEmbeddedPostgres({ dataDir, log })
    await expect(attempt).rejects.toThrow(StartError)
    await expect(attempt).rejects.toThrow(`is in use by process ${holder.pid}.`)
  })

  it('is started once when several processes begin on a new folder together', async () => {
    const holders = await Promise.all([1, 2, 3].map(() => holdFromAnotherProcess()))
    expect(holders.filter((holder) => holder.failure === undefined)).toHaveLength(1)
    for (const { failure } of holders) if (failure !== undefined) expect(failure).toContain('is in use by process')
  })

  it('begins anew after an initdb that was interrupted', async () => {
    spawnSync('mkdir', ['-p', join(dataDir, 'postgres.new/base')])
    const postgres = await startEmbeddedPostgres({ dataDir, log })
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await postgres.stop()
  })

  it('says in one line what is wrong with the folder or with its data', async () => {
    const file = join(dataDir, 'a-file')
    writeFileSync(file, '')
    const message = await startEmbeddedPostgres({ dataDir: file, log }).catch(
      (error: unknown) => (error as Error).message,
    )
    expect(message).toMatch(/^The data folder .*a-file cannot be used: .*$/)

    await (await startEmbeddedPostgres({ dataDir, log })).stop()
    writeFileSync(join(dataDir, 'postgres/PG_VERSION'), '12\n')
    const version = await startEmbeddedPostgres({ dataDir, log }).catch((error: unknown) => (error as Error).message)
    expect(version).toMatch(/^PostgreSQL did not start: .*incompatible.* Its log is .*postgres\.log\.$/)
  })

  it('runs as root in a folder that is closed to everyone else', async () => {
    if (process.getuid?.() !== 0) return
    chmodSync(dataDir, 0o700)
    const first = await startEmbeddedPostgres({ dataDir, log })
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS id')
    await first.stop()
    chmodSync(dataDir, 0o755)
    expect(await restartAndRead()).toEqual([{ id: 1 }])
  })
})
