// A process that has an embedded PostgreSQL and can be killed. Prints one line of JSON when it is ready.
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

try {
  const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', log: createLogger('warn') })
  process.once('SIGINT', () => void postgres.stop().then(() => process.exit(0)))
  // Keeps the process running: PostgreSQL itself does not.
  setInterval(() => undefined, 60_000)
  console.log(JSON.stringify({ url: postgres.url }))
} catch (error) {
  console.log(JSON.stringify({ failure: (error as Error).message, name: (error as Error).name }))
  process.exit(1)
}
