// Prints the SQL that prisma/migrations lack to reach prisma/schema.prisma (everything, while there are none).
// Run: npm run --silent migration:print > prisma/migrations/<yyyymmddhhmmss>_<what_changes>/migration.sql
// The folder must exist first, and an empty migration.sql in it does no harm. Add by hand what Prisma cannot express.
import { sqlToReachSchema } from './schema-engine.mjs'
import { withMigratedDatabase } from './temporary-database.ts'

console.log(
  (await withMigratedDatabase(sqlToReachSchema)) ?? '-- prisma/migrations give what prisma/schema.prisma says.',
)
