import pg from 'pg'
import type { Config } from '../config.ts'
import { startEmbeddedPostgres } from '../embedded/postgres.ts'
import { migrate, migrationsOf } from '../store/database/migrate.ts'
import { clientConfig } from '../store/database/session.ts'
import { StartError } from '../start-error.ts'
import { createLogger } from '../telemetry/logger.ts'
import { answering } from './answers.ts'

interface MigrateNeeds {
  findDatabase: () => Promise<{ config: Config; connectionString: string | null }>
  migrationsDir: string
}

/** parley migrate. Exit code 0: the database is at the newest version; 2, with `check`: it is not. */
export async function runMigrate(
  { check = false, json = false }: { check?: boolean; json?: boolean },
  { findDatabase, migrationsDir }: MigrateNeeds,
): Promise<0 | 2> {
  const { config, connectionString } = await findDatabase()
  const say = answering(json)
  const log = createLogger(config.logLevel)
  // An embedded one that does not run is started for this alone.
  const own = connectionString === null ? await startEmbeddedPostgres({ dataDir: config.dataDir, log }) : null
  const url = connectionString ?? own?.url ?? ''
  try {
    if (!check) {
      const options = { connectionString: url, migrationsDir, log, lockTimeoutMs: config.migrationLockTimeoutMs }
      const { applied } = await migrate(options)
      say(`${countOf(applied)} applied. The database is at the newest version.`, { applied, pending: [] })
      return 0
    }
    const client = new pg.Client(clientConfig(url))
    await client.connect()
    const { pending, fault } = await migrationsOf(client, migrationsDir).finally(() => client.end())
    if (fault !== null) throw new StartError(fault)
    const words = `${countOf(pending)} to be applied${pending.length > 0 ? ':' : '.'}`
    say([words, ...pending].join('\n  '), { applied: [], pending })
    return pending.length > 0 ? 2 : 0
  } finally {
    await own?.stop()
  }
}

const countOf = (names: string[]) => `${String(names.length)} migration${names.length === 1 ? '' : 's'}`
