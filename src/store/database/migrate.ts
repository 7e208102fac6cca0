import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { StartError } from '../../start-error.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createWaitLog, holdersOfAdvisory, nameHolders, watchBlocked } from './lock-wait.ts'
import { PoolerError, probePooler, type Pooling } from './pooler.ts'
import { checkRights, checkServer } from './preflight.ts'
import { clientConfig, describeAddress, createSettle } from './session.ts'

export interface MigrateOptions {
  connectionString: string
  /** Prisma's folder: one folder per migration, each with a migration.sql. */
  migrationsDir: string
  log: Logger
  /** Milliseconds that another process may take to migrate, or hold what a migration has to lock. */
  lockTimeoutMs?: number
}

interface Migration {
  name: string
  sql: string
  checksum: string
}

/** The lock that `prisma migrate` takes, so that neither runs beside the other. */
const advisoryLockId = 72707369
const connectTimeoutMs = 10_000
const defaultLockTimeoutMs = 300_000
const lockPollMs = 200
/**
 * A migration that waits for the lock of a table holds up everybody who comes after it to that table. So it gives way after
 * this time, is undone, and tries again.
 */
const tableLockTimeoutMs = 3_000

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
  '25006': 'it is read-only',
  '42704': 'it is too old; Parley needs version 14 or newer',
  ENOTFOUND: 'there is no host of this name',
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no socket of this name',
  ECONNRESET: 'it cut the connection; is it a PostgreSQL?',
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
const codeOf = (error: unknown) => (error as { code?: string }).code ?? ''

/** The address without its user and password: this line ends up in logs. */
const refuseStart = (connectionString: string) => (reason: string) =>
  new StartError(
    `DATABASE_URL: PostgreSQL at ${describeAddress(connectionString)} cannot be used: ${reason.replace(/\s+/g, ' ')}.`,
  )

const reasonOf = (error: unknown): string =>
  codeOf(error) === '42501'
    ? `${messageOf(error)}: the user needs CREATE and USAGE on the schema public, and its tables`
    : (reasons[codeOf(error)] ?? messageOf(error))

interface Session {
  client: Client
  pooling: Pooling
  connectionString: string
  log: Logger
  lockTimeoutMs: number
  fail: (reason: string) => StartError
}

async function connect({
  connectionString,
  log,
  lockTimeoutMs = defaultLockTimeoutMs,
}: MigrateOptions): Promise<Session> {
  let client: Client
  try {
    client = new Client({ ...clientConfig(connectionString), connectionTimeoutMillis: connectTimeoutMs })
  } catch (error) {
    // A certificate's file that cannot be read, say.
    throw new StartError(`DATABASE_URL cannot be used: ${messageOf(error).replace(/\s+/g, ' ')}.`)
  }
  const fail = refuseStart(connectionString)
  try {
    // The next query fails as well and tells; without a listener this would end the process.
    client.on('error', () => undefined)
    await client.connect()
    const { isPooled } = await createSettle({ lock_timeout: String(tableLockTimeoutMs) })(client)
    const pooling = isPooled ? await probePooler(connectionString) : 'by session'
    return { client, pooling, connectionString, log, lockTimeoutMs, fail }
  } catch (error) {
    void client.end().catch(() => undefined)
    throw fail(error instanceof PoolerError ? error.message : reasonOf(error))
  }
}

/** Only one process at a time may migrate. Asks again and again, so that it can ask meanwhile who has the lock. */
async function takeLock({ client, log, lockTimeoutMs, fail }: Session): Promise<void> {
  const deadlineMs = performance.now() + lockTimeoutMs
  const waitLog = createWaitLog(log, 'waiting for the migration lock, which another session has')
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      advisoryLockId,
    ])
    if (rows[0]?.taken) return
    const isOver = performance.now() >= deadlineMs
    if (isOver || waitLog.isDue()) {
      const holders = await holdersOfAdvisory(client, advisoryLockId)
      if (isOver) {
        throw fail(
          `the migration lock was not free within ${String(lockTimeoutMs)} ms. It is held by ${nameHolders(holders)}. End that, or set MIGRATION_LOCK_TIMEOUT_MS`,
        )
      }
      waitLog.say(holders)
    }
    await sleep(lockPollMs)
  }
}

async function tryToApply(client: Client, migration: Migration): Promise<void> {
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
    throw error
  }
}

/** Not to be had in time, deadlocked with a writer, or overtaken by one: nothing is wrong with the migration. */
const lockFailures = ['55P03', '40P01', '40001']

async function apply(session: Session, migration: Migration): Promise<void> {
  const { client, log, lockTimeoutMs } = session
  const deadlineMs = performance.now() + lockTimeoutMs
  const pid = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0
  const message = `the migration ${migration.name} waits for what another session has locked`
  const watch = watchBlocked(session.connectionString, pid, log, message)
  try {
    for (;;) {
      try {
        await tryToApply(client, migration)
        return
      } catch (error) {
        const isLocked = lockFailures.includes(codeOf(error))
        if (isLocked && performance.now() < deadlineMs) {
          // Those who waited behind it go first.
          await sleep(lockPollMs)
          continue
        }
        const by = isLocked
          ? ` The lock is held by ${nameHolders(watch.holders)}; end that, or set MIGRATION_LOCK_TIMEOUT_MS.`
          : ''
        throw new StartError(`The migration ${migration.name} failed and was undone: ${messageOf(error)}.${by}`)
      }
    }
  } finally {
    watch.stop()
  }
}

/** Not IF NOT EXISTS, which needs the right to make tables also where there is nothing to be made. */
async function ensureTable(client: Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('public._prisma_migrations') IS NOT NULL AS exists`,
  )
  if (!rows[0]?.exists) await client.query(createTable)
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

const readApplied = `SELECT migration_name AS name, checksum, finished_at IS NULL AS unfinished
  FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at`

type Applied = Parameters<typeof pendingOf>[1]

/** Which are still to be applied, and what keeps them from it; changes nothing. */
export async function migrationsOf(
  client: Client,
  migrationsDir: string,
): Promise<{ pending: string[]; fault: string | null }> {
  const { rows } = await client.query<{ found: unknown }>(`SELECT to_regclass('public._prisma_migrations') AS found`)
  const isNew = rows[0]?.found === null
  const applied = isNew ? [] : ((await client.query(readApplied)).rows as Applied)
  try {
    return { pending: pendingOf(readMigrations(migrationsDir), applied).map(({ name }) => name), fault: null }
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return { pending: [], fault: error.message }
  }
}

const tablesIn = (migrations: Migration[]) =>
  migrations.flatMap(({ sql }) => [...sql.matchAll(/CREATE TABLE "(\w+)"/g)].map(([, name]) => name ?? ''))

/**
 * Brings the database to the newest migration, and makes sure that it can be used. Any number of processes may do it at
 * once: one works, the others wait. Each migration is applied whole or not at all. Rejects with a StartError, in words
 * for who runs the server, when the database cannot be reached or used, or is not as its migrations left it.
 */
export async function migrate(options: MigrateOptions): Promise<{ pooling: Pooling; applied: string[] }> {
  const migrations = readMigrations(options.migrationsDir)
  const session = await connect(options)
  const { client, pooling, log, fail } = session
  const isShared = pooling === 'by transaction'
  try {
    await checkServer(client, log, fail)
    // A lock is a session's, and so nobody's where sessions are shared. Without a migration there is no need of one.
    if (!isShared) await takeLock(session)
    if (!isShared) await ensureTable(client)
    const pending = pendingOf(migrations, (await client.query(readApplied)).rows as Applied)
    if (isShared && pending.length > 0) {
      throw fail(
        `${String(pending.length)} migrations have to be applied, and the pooler before PostgreSQL shares its sessions (pool_mode transaction). Start once with the address of PostgreSQL itself`,
      )
    }
    for (const migration of pending) {
      await apply(session, migration)
      log.info({ migration: migration.name }, 'applied a migration')
    }
    await checkRights(client, tablesIn(migrations), fail)
    return { pooling, applied: pending.map(({ name }) => name) }
  } catch (error) {
    if (error instanceof StartError) throw error
    if (error instanceof DatabaseError || codeOf(error) !== '') throw fail(reasonOf(error))
    throw error
  } finally {
    // Ends the session, and with it the lock.
    await client.end()
  }
}
