// Fails when prisma/migrations, applied to an empty database, do not give what prisma/schema.prisma and prisma/functions say.
// Run: npm run check:migrations
import { join } from 'node:path'
import { sqlToReachSchema } from './schema-engine.mjs'
import { functionChanges } from './sql-functions.ts'
import { withMigratedDatabase } from './temporary-database.ts'

const functionsDir = join(import.meta.dirname, '../prisma/functions')

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

await withMigratedDatabase(async (url) => {
  const missingSql = await sqlToReachSchema(url)
  if (missingSql !== null)
    fail(`prisma/migrations do not give what prisma/schema.prisma says. Missing:\n\n${missingSql}`)
  const { differences } = await functionChanges(url, functionsDir)
  if (differences.length > 0) {
    fail(
      `prisma/migrations do not give what prisma/functions says. Run: npm run migration:functions -- what_changes\n${differences.join('\n')}`,
    )
  }
})
