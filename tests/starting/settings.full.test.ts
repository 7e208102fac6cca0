import { afterEach, describe, expect, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { walkMainPath } from '../testkit/main-path.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/** Everything that a session's statements and answers depend on, set otherwise than usual. */
const hostile: Record<string, string> = {
  TimeZone: `'Asia/Kathmandu'`,
  DateStyle: `'SQL, DMY'`,
  IntervalStyle: 'sql_standard',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  search_path: 'evil, public, pg_catalog',
  client_encoding: 'LATIN1',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  escape_string_warning: 'on',
  transform_null_equals: 'on',
  gin_fuzzy_search_limit: '1',
  exit_on_error: 'on',
  check_function_bodies: 'off',
  row_security: 'off',
  session_replication_role: 'replica',
  plan_cache_mode: 'force_custom_plan',
  jit: 'on',
  jit_above_cost: '0',
  client_min_messages: 'debug1',
  statement_timeout: `'100ms'`,
  lock_timeout: `'1ms'`,
  idle_in_transaction_session_timeout: `'1ms'`,
  idle_session_timeout: `'200ms'`,
}

/** Names of ours and of PostgreSQL's that come first where `evil` does. */
const shadows = `
  CREATE SCHEMA evil;
  CREATE TABLE evil.users (id int); CREATE TABLE evil.messages (id int); CREATE TABLE evil.events (id int);
  CREATE TABLE evil.conversations (id int); CREATE TABLE evil.members (id int);
  CREATE TYPE evil.user_role AS ENUM ('NOBODY');
  CREATE FUNCTION evil.parley_now() RETURNS timestamptz LANGUAGE sql RETURN '2001-01-01'::timestamptz;
  CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql RETURN '2001-01-01'::timestamptz;
  CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql RETURN '2001-01-01'::timestamptz;
  CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql RETURN 'nothing';
  CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql RETURN 'nobody';`

async function makeHostile(database: TestDatabase): Promise<void> {
  const [row] = await database.query<{ name: string }>('SELECT current_database() AS name')
  await database.query(shadows)
  for (const [name, value] of Object.entries(hostile)) {
    await database.query(`ALTER DATABASE ${String(row?.name)} SET ${name} = ${value}`)
  }
}

// Each migrates an empty database, registers a dozen people and starts a server.
vi.setConfig({ testTimeout: 120_000 })

const servers: ServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function start(database: TestDatabase): Promise<ServerProcess> {
  const server = await startServer({ databaseUrl: database.url })
  servers.push(server)
  return server
}

describe('a database whose settings are all other than usual', () => {
  test('changes nothing of what people get', async () => {
    const database = await createTestDatabase()
    await makeHostile(database)
    const server = await start(database)
    await walkMainPath(server.url, database)
    expect(server.logs()).not.toMatch(/"level":"error"/)
  })

  test('gets its tables where they belong', async () => {
    const database = await createTestDatabase('TEMPLATE template0')
    await makeHostile(database)
    await walkMainPath((await start(database)).url, database)
  })
})

describe.each([
  ['the bytes of C', `LOCALE_PROVIDER libc LOCALE 'C'`],
  ["PostgreSQL's own C.UTF-8", `LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'`],
  ["ICU's Turkish", `LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'`],
  ["ICU's German telephone book", `LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'`],
])('a database that sorts by %s', (_, locale) => {
  test('changes nothing of what people get', async () => {
    const database = await createTestDatabase(`TEMPLATE template0 ENCODING 'UTF8' ${locale}`)
    await walkMainPath((await start(database)).url, database)
  })
})
