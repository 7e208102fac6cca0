// Fails when prisma/migrations, applied to an empty database, do not give what prisma/schema.prisma says.
// Run: npm run check:migrations
import { sqlToReachSchema } from './schema-engine.mjs'
import { withMigratedDatabase } from './temporary-database.mjs'

const missingSql = await withMigratedDatabase(sqlToReachSchema)
if (missingSql !== null) {
  console.error(`prisma/migrations do not give what prisma/schema.prisma says. Missing:\n\n${missingSql}`)
  process.exitCode = 1
}
