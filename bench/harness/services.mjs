import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { tsImport } from 'tsx/esm/api'
import { onEnd } from './ending.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
/** Imports a module of the product, by its path from the root. */
export const source = (path) => tsImport(join(root, path), import.meta.url)

/** One statement on a connection of its own. */
export async function onDatabase(connectionString, sql, params = []) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql, params)).rows
  } finally {
    await client.end()
  }
}

const addressOf = (clusterUrl, database) => Object.assign(new URL(clusterUrl), { pathname: `/${database}` }).href

/**
 * The product's own PostgreSQL, with its default settings: a commit is on disk when it is acknowledged.
 * @param {{ postgresFlags?: string[] }} [options]
 */
export async function startPostgres({ postgresFlags = [] } = {}) {
  const { startEmbeddedPostgres } = await source('src/embedded/postgres.ts')
  const { migrate } = await source('src/store/database/migrate.ts')
  const { createLogger } = await source('src/telemetry/logger.ts')
  const log = createLogger('warn')
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir, log, postgresFlags })
  onEnd(async () => {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const [settings] = await onDatabase(
    postgres.url,
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS "synchronousCommit", current_setting('full_page_writes') AS "fullPageWrites"`,
  )
  return {
    settings,
    /** An empty database with the product's tables. */
    async createDatabase(name) {
      await onDatabase(postgres.url, `CREATE DATABASE ${name}`)
      const url = addressOf(postgres.url, name)
      await migrate({ connectionString: url, migrationsDir: join(root, 'prisma/migrations'), log })
      return url
    },
    /** A copy, made by PostgreSQL. Nobody may be connected to the original. */
    async copyDatabase(original, name) {
      await onDatabase(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${original} STRATEGY file_copy`)
      return addressOf(postgres.url, name)
    },
    dropDatabase: (name) => onDatabase(postgres.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

export async function startRedis() {
  const redis = await source('tests/testkit/redis.ts')
  redis.ensureRedisServer()
  const server = await redis.startRedis()
  onEnd(() => server.stop())
  return server.url
}

export async function freePort() {
  const { freePort: find } = await source('tests/testkit/redis.ts')
  return find()
}
