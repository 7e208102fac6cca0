import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, DatabaseError } from 'pg'
import { StartError } from '../start-error.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface MigrateOptions {
  connectionString: string
  /** Prisma's folder: one folder per migration, each with a migration.sql. */
  migrationsDir: string
  log: Logger
}

interface Migration {
  name: string
  sql: string
  checksum: string
}

/** The lock that `prisma migrate` takes, so that neither runs beside the other. */
const advisoryLockId = 72707369
const connectTimeoutMs = 10_000

/** As Prisma makes it, so that `prisma migrate` finds its own table. */
const createTable = `
CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`

function readMigrations(migrationsDir: string): Migration[] {
  return readdirSync(migrationsDir)
    .sort()
    .filter((name) => existsSync(join(migrationsDir, name, 'migration.sql')))
    .map((name) => {
      const bytes = readFileSync(join(migrationsDir, name, 'migration.sql'))
      return { name, sql: bytes.toString(), checksum: createHash('sha256').update(bytes).digest('hex') }
    })
}

const reasons: Record<string, string> = {
  '28P01': 'it refuses the user or the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no such database; create it first',
  '57P03': 'it is starting up or shutting down',
  '53300': 'it has no free connection',
  ENOTFOUND: 'there is no host of this name',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it cut the connection; is it a PostgreSQL?',
}

function describeFailure(error: unknown, connectionString: string): string {
  const { hostname, port, pathname } = new URL(connectionString)
  const code = (error as { code?: string }).code ?? ''
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  // The address without its user and password: this line ends up in logs.
  return `DATABASE_URL: PostgreSQL at ${hostname}:${port || '5432'}${pathname} cannot be used: ${reason}.`
}

async function connect(connectionString: string): Promise<Client> {
  try {
    const client = new Client({ connectionString, connectionTimeoutMillis: connectTimeoutMs })
    // The next query fails as well and tells; without a listener this would end the process.
    client.on('error', () => undefined)
    await client.connect()
    return client
  } catch (error) {
    throw new StartError(describeFailure(error, connectionString))
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN')
    await client.query(migration.sql)
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
       VALUES ($1, $2, clock_timestamp(), $3, now(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw new StartError(`The migration ${migration.name} failed and was undone: ${(error as Error).message}.`)
  }
}

function pendingOf(migrations: Migration[], applied: { name: string; checksum: string; unfinished: boolean }[]) {
  for (const { name, checksum, unfinished } of applied) {
    const known = migrations.find((migration) => migration.name === name)
    if (unfinished) {
      throw new StartError(
        `The database holds a migration that did not finish, ${name}. Repair it with prisma migrate resolve.`,
      )
    }
    if (!known) {
      throw new StartError(
        `The database has a migration that this version does not know, ${name}. Start the version that made it, or a newer one.`,
      )
    }
    if (known.checksum !== checksum) {
      throw new StartError(
        `The migration ${name} was changed after it was applied to this database. Restore prisma/migrations/${name}.`,
      )
    }
  }
  return migrations.filter(({ name }) => applied.every((one) => one.name !== name))
}

/**
 * Brings the database to the newest migration. Any number of processes may do it at once: one works, the others wait.
 * Each migration is applied whole or not at all.
 */
export async function migrate({ connectionString, migrationsDir, log }: MigrateOptions): Promise<void> {
  const migrations = readMigrations(migrationsDir)
  const client = await connect(connectionString)
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLockId])
    await client.query(createTable)
    const { rows } = await client.query<{ name: string; checksum: string; unfinished: boolean }>(
      `SELECT migration_name AS name, checksum, finished_at IS NULL AS unfinished
       FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at`,
    )
    for (const migration of pendingOf(migrations, rows)) {
      await apply(client, migration)
      log.info({ migration: migration.name }, 'applied a migration')
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw new StartError(describeFailure(error, connectionString))
    throw error
  } finally {
    // Ends the session, and with it the lock.
    await client.end()
  }
}
