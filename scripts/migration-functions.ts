// Writes the SQL functions that differ from prisma/functions into a migration. A second run replaces what the first wrote.
// Run: npm run migration:functions -- <what_changes>
// If the name of the newest migration ends with <what_changes>, it is used; else a new migration is made, at the present
// time.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { functionChanges } from './sql-functions.ts'
import { withMigratedDatabase } from './temporary-database.ts'

const root = join(import.meta.dirname, '..')
const migrationsDir = join(root, 'prisma/migrations')
/** Everything after this line in a migration is written by this script. */
const marker = '-- Functions as prisma/functions has them (npm run migration:functions).\n'

function migrationFor(name: string): string {
  const migrations = readdirSync(migrationsDir)
    .filter((folder) => /^\d{14}_/.test(folder))
    .sort()
  const known = migrations.find((folder) => folder.slice(15) === name)
  if (known === undefined) {
    const now = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
    const folder = `${now}_${name}`
    if (migrations.some((other) => other > folder)) throw new Error('A migration is named after a time to come.')
    return folder
  }
  if (known !== migrations.at(-1)) {
    throw new Error(
      `${known} is not the newest migration. Take another name, or give it a later time if it is unreleased.`,
    )
  }
  return known
}

const [name] = process.argv.slice(2)
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  throw new Error('Say what changes: npm run migration:functions -- what_changes')
}
const folder = join(migrationsDir, migrationFor(name))
const file = join(folder, 'migration.sql')
const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
const byHand = text.split(marker, 1)[0] ?? ''

// Without the script's own part, which is made from the state after all earlier migrations.
if (existsSync(file)) writeFileSync(file, byHand)
try {
  const { sql, differences } = await withMigratedDatabase((url) => functionChanges(url, join(root, 'prisma/functions')))
  if (sql === '') {
    if (byHand.trim() === '') rmSync(folder, { recursive: true, force: true })
    console.log('The migrations give what prisma/functions says.')
  } else {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${byHand.trimEnd()}\n\n${marker}\n${sql}\n`.trimStart())
    console.log(`${file}:\n${differences.join('\n')}`)
  }
} catch (error) {
  if (existsSync(file)) writeFileSync(file, text)
  throw error
}
