// Compares prisma/functions, the current text of each SQL function, with the functions of a database.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, DatabaseError } from 'pg'

interface SqlFile {
  name: string
  sql: string
}

/** Each function's definition as PostgreSQL prints it, by its name and argument types: `parley_now()`. */
type Definitions = Map<string, string>

export interface FunctionChanges {
  /** The SQL that brings the database to prisma/functions; empty when nothing differs. */
  sql: string
  /** One line for each difference: "parley_now() differs". */
  differences: string[]
}

const undefinedFunction = '42883'
const incompatibleReplacement = '42P13'
const dependentObjects = '2BP01'

const hasCode = (error: unknown, code: string) => error instanceof DatabaseError && error.code === code

function filesIn(folder: string): SqlFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ name: file.slice(0, -'.sql'.length), sql: readFileSync(join(folder, file), 'utf8').trim() }))
}

async function definitionsIn(client: Client): Promise<Definitions> {
  // Aggregates have no such definition, and functions of extensions are not ours.
  const { rows } = await client.query<{ signature: string; definition: string }>(
    `SELECT p.oid::regprocedure::text AS signature, pg_get_functiondef(p.oid) AS definition
       FROM pg_proc p
      WHERE p.pronamespace = 'public'::regnamespace AND p.prokind <> 'a'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
      ORDER BY 1`,
  )
  return new Map(rows.map(({ signature, definition }) => [signature, definition]))
}

/** Whether the statement succeeded. If it failed with this code, it is rolled back; other failures reject. */
async function worksUnless(client: Client, code: string, sql: string): Promise<boolean> {
  await client.query('SAVEPOINT attempt')
  try {
    await client.query(sql)
    await client.query('RELEASE attempt')
    return true
  } catch (error) {
    if (!hasCode(error, code)) throw error
    await client.query('ROLLBACK TO attempt')
    return false
  }
}

/**
 * Creates the functions of all files. Returns the files in an order in which each finds the functions that its body names.
 */
async function load(client: Client, files: readonly SqlFile[]): Promise<SqlFile[]> {
  const loaded: SqlFile[] = []
  let waiting = [...files]
  while (waiting.length > 0) {
    const failed: SqlFile[] = []
    for (const file of waiting) {
      const attempt = worksUnless(client, undefinedFunction, file.sql).catch((error: unknown) => {
        throw new Error(`${file.name}.sql: ${(error as Error).message}`)
      })
      if (await attempt) loaded.push(file)
      else failed.push(file)
    }
    if (failed.length === waiting.length) {
      throw new Error(`These name functions that do not exist: ${failed.map(({ name }) => `${name}.sql`).join(', ')}.`)
    }
    waiting = failed
  }
  return loaded
}

function differencesOf(before: Definitions, after: Definitions): string[] {
  const added = [...after.keys()].filter((signature) => !before.has(signature))
  const gone = [...before.keys()].filter((signature) => !after.has(signature))
  const changed = [...after].filter(([signature, text]) => (before.get(signature) ?? text) !== text)
  return [
    ...added.map((signature) => `${signature} is in no migration`),
    ...gone.map((signature) => `${signature} is in no file`),
    ...changed.map(([signature]) => `${signature} differs`),
  ]
}

const nameOf = (signature: string) => signature.slice(0, signature.indexOf('('))

/** DROP statements for functions that nothing uses any more, in an order that works. */
async function dropAll(client: Client, signatures: readonly string[]): Promise<string[]> {
  const drops: string[] = []
  let waiting = signatures.map((signature) => `DROP ROUTINE ${signature};`)
  while (waiting.length > 0) {
    const failed: string[] = []
    for (const drop of waiting) {
      if (await worksUnless(client, dependentObjects, drop)) drops.push(drop)
      else failed.push(drop)
    }
    if (failed.length === waiting.length) {
      throw new Error(`Others depend on what is to be dropped; write this migration by hand:\n${failed.join('\n')}`)
    }
    waiting = failed
  }
  return drops
}

/** The SQL that brings the functions from `before`, the database's present ones, to `after`. Applies it as well. */
async function migrationFor(client: Client, files: readonly SqlFile[], before: Definitions, after: Definitions) {
  const isChanged = ({ name }: SqlFile) =>
    [...after].some(([signature, text]) => nameOf(signature) === name && before.get(signature) !== text)
  const parts: string[] = []
  for (const { name, sql } of files.filter(isChanged)) {
    if (!(await worksUnless(client, incompatibleReplacement, sql))) {
      // PostgreSQL does not replace a function with another result type or other argument names.
      const former = [...before.keys()].filter((signature) => nameOf(signature) === name)
      parts.push((await dropAll(client, former)).join('\n'))
      await client.query(sql)
    }
    parts.push(sql)
  }
  const present = await definitionsIn(client)
  const gone = [...present.keys()].filter((signature) => !after.has(signature))
  if (gone.length > 0) parts.push((await dropAll(client, gone)).join('\n'))
  return parts.join('\n\n')
}

/**
 * What the database lacks of `functionsDir`. Everything is tried in transactions that are rolled back, so the database does
 * not change. Rejects when a file does not load, or defines a function with another name than the file's.
 */
export async function functionChanges(databaseUrl: string, functionsDir: string): Promise<FunctionChanges> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const before = await definitionsIn(client)

    await client.query('BEGIN')
    for (const signature of before.keys()) await client.query(`DROP ROUTINE IF EXISTS ${signature} CASCADE`)
    const files = await load(client, filesIn(functionsDir))
    const after = await definitionsIn(client)
    await client.query('ROLLBACK')

    for (const signature of after.keys()) {
      if (!files.some(({ name }) => name === nameOf(signature))) {
        throw new Error(`${signature} is not in a file of its own, ${nameOf(signature)}.sql.`)
      }
    }
    const differences = differencesOf(before, after)
    if (differences.length === 0) return { sql: '', differences }

    await client.query('BEGIN')
    const sql = await migrationFor(client, files, before, after)
    const left = differencesOf(await definitionsIn(client), after)
    await client.query('ROLLBACK')
    if (left.length > 0) throw new Error(`The migration would leave differences:\n${left.join('\n')}`)
    return { sql, differences }
  } finally {
    await client.end()
  }
}
