// Writes schema.graphql from the code in src/schema/.
// Run: npm run schema:print
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printedSchema } from '../src/schema/print.ts'

writeFileSync(join(import.meta.dirname, '../schema.graphql'), printedSchema())
