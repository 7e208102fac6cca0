// A PostgreSQL of its own with prisma/migrations applied, for the scripts that compare it with prisma/schema.prisma.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { migrate } from '../src/store/database/migrate.ts'
import { createLogger } from '../src/telemetry/logger.ts'

const migrationsDir = join(import.meta.dirname, '../prisma/migrations')

/** Calls `work` with the address of the database, and removes the database afterwards. */
export async function withMigratedDatabase<Result>(work: (databaseUrl: string) => Promise<Result>): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-'))
  const log = createLogger('warn')
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, log, postgresFlags: ['-c', 'fsync=off'] })
    try {
      await migrate({ connectionString: postgres.url, migrationsDir, log })
      return await work(postgres.url)
    } finally {
      await postgres.stop()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
