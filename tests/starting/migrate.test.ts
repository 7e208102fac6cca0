import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { StartError } from '../../src/start-error.ts'
import { migrate } from '../../src/store/database/migrate.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

const log = createLogger('silent')
const clusterUrl = inject('clusterUrl')
const migrationsDir = mkdtempSync(join(tmpdir(), 'parley-migrations-'))
const made: string[] = []
let url: string

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

function withChanged(change: Partial<URL>): string {
  return Object.assign(new URL(clusterUrl), change).href
}

function write(name: string, sql: string): void {
  mkdirSync(join(migrationsDir, name), { recursive: true })
  writeFileSync(join(migrationsDir, name, 'migration.sql'), sql)
}

const run = (connectionString = url) => migrate({ connectionString, migrationsDir, log })

async function complaint(connectionString?: string): Promise<string> {
  const error = await run(connectionString).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(StartError)
  const { message } = error as StartError
  expect(message).not.toContain('\n')
  return message
}

beforeEach(async () => {
  const name = `migrate_${randomBytes(4).toString('hex')}`
  await query(clusterUrl, `CREATE DATABASE ${name}`)
  made.push(name)
  url = withChanged({ pathname: `/${name}` })
  rmSync(migrationsDir, { recursive: true, force: true })
  write('20260101000000_things', 'CREATE TABLE things (id int PRIMARY KEY);\nCREATE TABLE others (id int);')
  write('20260102000000_names', 'ALTER TABLE things ADD COLUMN name text;')
})

afterAll(async () => {
  for (const name of made) await query(clusterUrl, `DROP DATABASE ${name} WITH (FORCE)`)
  rmSync(migrationsDir, { recursive: true, force: true })
})

describe('migrate', () => {
  it('applies what is pending in order and records it as Prisma does', async () => {
    await run()
    await query(url, 'SELECT id, name FROM things')
    const rows = await query(
      url,
      'SELECT *, length(id) AS id_length, length(checksum) AS sum FROM _prisma_migrations ORDER BY migration_name',
    )
    expect(rows.map((row) => row.migration_name)).toEqual(['20260101000000_things', '20260102000000_names'])
    for (const row of rows) {
      expect(row).toMatchObject({ id_length: 36, sum: 64, applied_steps_count: 1, rolled_back_at: null, logs: null })
      expect(row.finished_at).toBeInstanceOf(Date)
    }
  })

  it('applies each migration once when many processes start together', async () => {
    await Promise.all(Array.from({ length: 8 }, () => run()))
    expect(await query(url, 'SELECT count(*)::int AS n FROM _prisma_migrations')).toEqual([{ n: 2 }])
    write('20260103000000_more', 'CREATE TABLE more (id int);')
    await Promise.all(Array.from({ length: 8 }, () => run()))
    expect(await query(url, 'SELECT count(*)::int AS n FROM _prisma_migrations')).toEqual([{ n: 3 }])
  })

  it('leaves nothing of a migration that fails, and applies it once it is mended', async () => {
    write('20260103000000_broken', 'CREATE TABLE half (id int); SELECT 1/0;')
    expect(await complaint()).toBe('The migration 20260103000000_broken failed and was undone: division by zero.')
    expect(await query(url, `SELECT to_regclass('half') AS half`)).toEqual([{ half: null }])
    write('20260103000000_broken', 'CREATE TABLE half (id int);')
    await run()
    expect(await query(url, 'SELECT id FROM half')).toEqual([])
  })

  it('refuses a migration that was changed after it was applied', async () => {
    await run()
    write('20260101000000_things', 'CREATE TABLE things (id bigint PRIMARY KEY);')
    expect(await complaint()).toMatch(/^The migration 20260101000000_things was changed after it was applied/)
  })

  it('refuses a database that a newer version has changed', async () => {
    write('20260103000000_newer', 'CREATE TABLE newer (id int);')
    await run()
    rmSync(join(migrationsDir, '20260103000000_newer'), { recursive: true })
    expect(await complaint()).toMatch(
      /^The database has a migration that this version does not know, 20260103000000_newer/,
    )
  })

  it('says in one line what is wrong with DATABASE_URL, without the password', async () => {
    const secret = 'hushhush'
    const unreachable = `postgresql://parley:${secret}@127.0.0.1:1/parley`
    expect(await complaint(unreachable)).toBe(
      'DATABASE_URL: PostgreSQL at 127.0.0.1:1/parley cannot be used: nothing listens there.',
    )
    expect(await complaint(withChanged({ password: secret }))).toMatch(/refuses the user or the password\.$/)
    expect(await complaint(withChanged({ pathname: '/nowhere' }))).toMatch(/no such database; create it first\.$/)
    expect(await complaint(`postgresql://parley:${secret}@no-such-host.invalid/x`)).not.toContain(secret)
  })
})
