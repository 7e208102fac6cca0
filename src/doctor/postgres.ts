import { performance } from 'node:perf_hooks'
import pg from 'pg'
import type { Config } from '../config.ts'
import { checkAudit } from '../domain/moderation/audit.ts'
import { createAuditStore } from '../store/audit.ts'
import type { Database } from '../store/database/database.ts'
import { migrationsOf } from '../store/database/migrate.ts'
import { PoolerError, probePooler } from '../store/database/pooler.ts'
import { clientConfig, describeAddress } from '../store/database/session.ts'
import { error, judgeClock, ok, unknown, warning, type Finding } from './finding.ts'

interface Setting {
  name: string
  setting: string
  source: string
}

/** Settings that have to be on, and what happens otherwise. */
const mustBeOn: Record<string, string> = {
  fsync: 'acknowledged writes are lost, and the data may be damaged, when the machine goes down',
  full_page_writes: 'pages are torn when the machine goes down, and the data is damaged',
  synchronous_commit: 'writes that were acknowledged are lost when PostgreSQL goes down',
}

const sources: Record<string, string> = {
  database: 'by ALTER DATABASE … SET',
  user: 'by ALTER ROLE … SET',
  'database user': 'by ALTER ROLE … IN DATABASE … SET',
  client: 'by the options in DATABASE_URL',
  'command line': "on PostgreSQL's command line",
  'configuration file': "in PostgreSQL's configuration",
}

const oldestVersion = 140_000
/** Seconds after which a transaction that writes holds up the relay noticeably. */
const longTransactionS = 30

const queries = {
  settings: `SELECT name, setting, source FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit',
    'default_transaction_read_only', 'wal_level', 'archive_mode', 'autovacuum', 'zero_damaged_pages', 'max_connections',
    'superuser_reserved_connections', 'server_encoding', 'server_version', 'server_version_num', 'max_slot_wal_keep_size')`,
  state: `SELECT pg_is_in_recovery() AS "isInRecovery", d.datctype AS "characterTypes",
      (SELECT count(*)::int FROM pg_prepared_xacts WHERE database = current_database()) AS prepared,
      (SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float8 FROM pg_stat_activity
        WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()) AS "longestS",
      (SELECT string_agg(slot_name, ', ') FROM pg_replication_slots
        WHERE NOT active AND pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn) > 1073741824) AS slots,
      age(d.datfrozenxid) AS age
    FROM pg_database d WHERE d.datname = current_database()`,
  archiver: `SELECT coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL, false) AS "isFailing",
      last_failed_wal AS wal FROM pg_stat_archiver`,
  clock: `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS "atMs"`,
}

function judgeSettings(settings: Map<string, Setting>, config: Config): Finding[] {
  const valueOf = (name: string) => settings.get(name)?.setting ?? ''
  const whereFrom = (name: string) => sources[settings.get(name)?.source ?? ''] ?? ''
  const on = Object.entries(mustBeOn).map(([name, otherwise]) =>
    valueOf(name) === 'off'
      ? error(
          `postgres.${name}`,
          `${name} is off${whereFrom(name) && `, ${whereFrom(name)}`}: ${otherwise}`,
          `Set ${name} = on there, and reload PostgreSQL (SELECT pg_reload_conf())`,
        )
      : ok(`postgres.${name}`, `${name} is ${valueOf(name)}`),
  )
  const check = (name: string, isWrong: boolean, message: string, remedy: string) =>
    isWrong ? warning(`postgres.${name}`, message, remedy) : ok(`postgres.${name}`, `${name} is ${valueOf(name)}`)
  const free = Number(valueOf('max_connections')) - Number(valueOf('superuser_reserved_connections'))
  const needed = config.databasePoolSize * config.workers
  return [
    Number(valueOf('server_version_num')) < oldestVersion
      ? error(
          'postgres.version',
          `it is PostgreSQL ${valueOf('server_version')}`,
          'Use version 14 or newer, and while you are at it a newer one',
        )
      : ok('postgres.version', `it is PostgreSQL ${valueOf('server_version')}`),
    valueOf('server_encoding') === 'UTF8'
      ? ok('postgres.encoding', 'the encoding is UTF8')
      : error(
          'postgres.encoding',
          `the encoding is ${valueOf('server_encoding')}, which cannot hold every character`,
          "Create another database: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        ),
    ...on,
    valueOf('default_transaction_read_only') === 'on'
      ? error(
          'postgres.default_transaction_read_only',
          `transactions are read-only, ${whereFrom('default_transaction_read_only')}: nothing can be sent`,
          'Undo it there: ALTER DATABASE … RESET default_transaction_read_only, or the same of the role',
        )
      : ok('postgres.default_transaction_read_only', 'transactions may write'),
    check(
      'wal_level',
      valueOf('wal_level') === 'minimal',
      'wal_level is minimal: neither a standby nor a restore to a moment is possible',
      'Set wal_level = replica and restart PostgreSQL',
    ),
    check(
      'autovacuum',
      valueOf('autovacuum') === 'off',
      'autovacuum is off: the tables grow, and in the end PostgreSQL refuses writes',
      'Set autovacuum = on',
    ),
    check(
      'zero_damaged_pages',
      valueOf('zero_damaged_pages') === 'on',
      'zero_damaged_pages is on: damaged pages are read as empty, and what was in them is gone without a word',
      'Set zero_damaged_pages = off',
    ),
    needed > free
      ? warning(
          'postgres.max_connections',
          `max_connections leaves ${String(free)} for all, and this deployment's processes here ask for ${String(needed)}`,
          'Raise max_connections, or lower DATABASE_POOL_SIZE: all processes of all machines together have to fit',
        )
      : ok(
          'postgres.max_connections',
          `max_connections leaves ${String(free)}, and ${String(needed)} are asked for here`,
        ),
  ]
}

interface State {
  isInRecovery: boolean
  characterTypes: string
  prepared: number
  longestS: number | null
  slots: string | null
  age: number
}

function judgeState(state: State): Finding[] {
  const { longestS } = state
  return [
    state.isInRecovery
      ? error(
          'postgres.primary',
          'it is a standby, which takes no writes',
          'Name the primary in DATABASE_URL, or a HAProxy that leads to it: docs/operations.md, Failover',
        )
      : ok('postgres.primary', 'it takes writes'),
    state.characterTypes === 'C' || state.characterTypes === 'POSIX'
      ? warning(
          'postgres.characters',
          `the database takes only ASCII for letters (LC_CTYPE ${state.characterTypes}): the search of text is poor in other scripts`,
          "Create the database with LC_CTYPE 'C.UTF-8', and move the data there",
        )
      : ok('postgres.characters', `LC_CTYPE is ${state.characterTypes}`),
    state.prepared > 0
      ? error(
          'postgres.prepared_transactions',
          `${String(state.prepared)} prepared transactions were left: events after them are announced late, and vacuum cannot clean up`,
          'See pg_prepared_xacts, and end each: COMMIT PREPARED or ROLLBACK PREPARED',
        )
      : ok('postgres.prepared_transactions', 'none is left'),
    longestS !== null && longestS > longTransactionS
      ? warning(
          'postgres.long_transaction',
          `a transaction has been writing for ${String(Math.round(longestS))} s: what is committed meanwhile and was not announced is found only when it ends`,
          'See pg_stat_activity (backend_xid IS NOT NULL, xact_start), and end what is not meant to be: SELECT pg_terminate_backend(pid)',
        )
      : ok('postgres.long_transaction', 'no transaction writes for long'),
    state.slots === null
      ? ok('postgres.slots', 'no unused replication slot keeps much')
      : warning(
          'postgres.slots',
          `replication slots that nobody uses (${state.slots}) keep more than 1 GB of write-ahead log: the disk fills`,
          'Start what uses them, or SELECT pg_drop_replication_slot(…); set max_slot_wal_keep_size',
        ),
    state.age > 1_500_000_000
      ? error(
          'postgres.wraparound',
          `the oldest transaction id is ${String(state.age)} old, and at 2,000,000,000 PostgreSQL refuses writes`,
          'Run VACUUM, and find out what keeps autovacuum from it: long transactions, slots, prepared transactions',
        )
      : ok('postgres.wraparound', 'transaction ids are far from their end'),
  ]
}

async function judgeMigrations(client: pg.Client, migrationsDir: string): Promise<Finding> {
  const { pending, fault } = await migrationsOf(client, migrationsDir)
  if (fault !== null) return error('postgres.migrations', fault, 'Run the version of Parley that fits this database')
  return pending.length === 0
    ? ok('postgres.migrations', 'all are applied')
    : warning(
        'postgres.migrations',
        `${String(pending.length)} are to be applied, from ${String(pending[0])} on`,
        'Start the server, which applies them, or run: parley migrate',
      )
}

async function judgeAudit(client: pg.Client): Promise<Finding> {
  const run = async ({ text }: { text: string }, values: unknown[]) =>
    (await client.query(text, values)).rows as unknown
  const checked = await checkAudit(createAuditStore({ run } as unknown as Database))
  return checked.isWhole
    ? ok('postgres.audit', `the audit log is whole: ${String(checked.entries)} entries`)
    : error(
        'postgres.audit',
        `the audit log was changed: entry ${String(checked.brokenSeq)} does not fit the one before it`,
        'Somebody wrote to the table audit_log by hand. Compare it with a backup, and find out who may do that',
      )
}

async function judgeArchive(client: pg.Client, mode: string): Promise<Finding> {
  if (mode === 'off')
    return ok('postgres.archive', 'archive_mode is off: a lost disk takes along what came after the last backup')
  const row = (await client.query<{ isFailing: boolean; wal: string | null }>(queries.archiver)).rows[0]
  return row?.isFailing
    ? error(
        'postgres.archive',
        `archiving fails, the last time with ${String(row.wal)}: pg_wal grows until the disk is full`,
        "See PostgreSQL's log for what archive_command says",
      )
    : ok('postgres.archive', 'the write-ahead log is archived')
}

/** Each of these may be refused for itself, and says nothing of the others. */
async function attempt(check: string, look: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await look()].flat()
  } catch (problem) {
    const { message } = problem as Error
    return [unknown(check, `could not be looked at: ${message}`, 'Ask as a user who may, or look yourself')]
  }
}

const connectTimeoutMs = 5_000

export async function lookAtPostgres(
  connectionString: string,
  config: Config,
  migrationsDir: string,
): Promise<Finding[]> {
  const client = new pg.Client({
    ...{ ...clientConfig(connectionString), application_name: 'parley doctor' },
    ...{ connectionTimeoutMillis: connectTimeoutMs, query_timeout: 30_000 },
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (problem) {
    return [
      error(
        'postgres.connection',
        `PostgreSQL at ${describeAddress(connectionString)} cannot be reached: ${(problem as Error).message}`,
        'Check DATABASE_URL, that it runs, and what is between',
      ),
    ]
  }
  try {
    const settings = new Map((await client.query<Setting>(queries.settings)).rows.map((row) => [row.name, row]))
    const state = (await client.query<State>(queries.state)).rows[0]
    const isThere = (await client.query(`SELECT to_regclass('public.audit_head') AS found`)).rows[0] as {
      found: unknown
    }
    const atMs = Date.now()
    const started = performance.now()
    const clock = (await client.query<{ atMs: number }>(queries.clock)).rows[0]?.atMs ?? 0
    const answeredAtMs = atMs + (performance.now() - started)
    return [
      ok('postgres.connection', `PostgreSQL at ${describeAddress(connectionString)} answers`),
      ...judgeSettings(settings, config),
      ...(state ? judgeState(state) : []),
      ...(await attempt('postgres.archive', () =>
        judgeArchive(client, settings.get('archive_mode')?.setting ?? 'off'),
      )),
      ...(await attempt('postgres.pooler', async () => {
        const pooling = await probePooler(connectionString).catch((problem: unknown) => {
          if (!(problem instanceof PoolerError)) throw problem
          return error('postgres.pooler', problem.message, 'See docs/operations.md, Poolers')
        })
        return typeof pooling === 'string' ? ok('postgres.pooler', `sessions are handed out ${pooling}`) : pooling
      })),
      ...(await attempt('postgres.migrations', () => judgeMigrations(client, migrationsDir))),
      ...(isThere.found === null ? [] : await attempt('postgres.audit', () => judgeAudit(client))),
      judgeClock('clock.postgres', "PostgreSQL's", clock, { atMs, answeredAtMs }),
    ]
  } finally {
    await client.end().catch(() => undefined)
  }
}
