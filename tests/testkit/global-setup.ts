import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { migrate } from '../../src/store/database/migrate.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ensureRedisServer, startRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the shared cluster from which other databases are created. */
    clusterUrl: string
    redisUrl: string
  }
}

const root = join(import.meta.dirname, '../..')
const log = createLogger('warn')

async function makeTemplate(clusterUrl: string): Promise<void> {
  const cluster = new Client({ connectionString: clusterUrl })
  await cluster.connect()
  await cluster.query('CREATE DATABASE parley_template')
  const templateUrl = Object.assign(new URL(clusterUrl), { pathname: '/parley_template' }).href
  await migrate({ connectionString: templateUrl, migrationsDir: join(root, 'prisma/migrations'), log })
  const template = new Client({ connectionString: templateUrl })
  await template.connect()
  await template.query('CREATE EXTENSION pg_stat_statements')
  await template.end()
  // PostgreSQL cannot copy a database that has sessions, and autovacuum would open one.
  await cluster.query('ALTER DATABASE parley_template ALLOW_CONNECTIONS false')
  await cluster.end()
}

async function startCluster(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-tests-'))
  const settings = { fsync: 'off', max_connections: 400, shared_preload_libraries: 'pg_stat_statements' }
  const postgresFlags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const postgres = await startEmbeddedPostgres({ dataDir, log, postgresFlags })
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

interface Shared {
  clusterUrl: string
  redisUrl: string
  stop(): Promise<void>
}

async function start(): Promise<Shared> {
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
  if (build.status !== 0) throw new Error('the build failed')

  const cluster = await startCluster()
  const redisUrl = process.env.TEST_REDIS_URL
  if (redisUrl === undefined) ensureRedisServer()
  const redis = redisUrl === undefined ? await startRedis() : null
  await makeTemplate(cluster.url)
  return {
    clusterUrl: cluster.url,
    redisUrl: redis?.url ?? redisUrl ?? '',
    stop: async () => {
      await Promise.all([cluster.stop(), redis?.stop()])
    },
  }
}

/** vitest loads this module once for each project of vitest.config.ts, in the same process. */
const ofThisRun = globalThis as { parleyTests?: { started: Promise<Shared>; users: number } }

/** Builds the server and starts what the tests share: one PostgreSQL, in which each test file has a database, and Redis. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (ofThisRun.parleyTests ??= { started: start(), users: 0 })
  shared.users += 1
  const started = await shared.started
  project.provide('clusterUrl', started.clusterUrl)
  project.provide('redisUrl', started.redisUrl)
  return async () => {
    shared.users -= 1
    if (shared.users === 0) await started.stop()
  }
}
