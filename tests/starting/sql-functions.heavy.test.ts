import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { functionChanges } from '../../scripts/sql-functions.ts'
import { createTestDatabase } from '../testkit/database.ts'

const current = join(import.meta.dirname, '../../prisma/functions')
const folder = mkdtempSync(join(tmpdir(), 'parley-functions-'))
const database = await createTestDatabase()

const changes = () => functionChanges(database.url, folder)

function edit(name: string, from: string, to: string): void {
  const file = join(folder, `${name}.sql`)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replaceAll(from, to))
}

/** Applies what is missing, and sees that nothing is missing then. */
async function apply(): Promise<string> {
  const { sql } = await changes()
  await database.query(sql)
  expect(await changes()).toEqual({ sql: '', differences: [] })
  return sql
}

beforeEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  cpSync(current, folder, { recursive: true })
  const { sql } = await changes()
  if (sql !== '') await database.query(sql)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('prisma/functions', () => {
  it('is what the migrations give', async () => {
    const migrated = await createTestDatabase()
    expect((await functionChanges(migrated.url, current)).differences).toEqual([])
  })
})

describe('the migration of changed functions', () => {
  it('has those that changed, whole, and no others', async () => {
    edit('parley_send_message', 'REPLY_NOT_FOUND', 'NO_SUCH_REPLY')
    edit('parley_now', 'milliseconds', 'microseconds')
    const { differences, sql } = await changes()
    expect(differences).toEqual([
      'parley_now() differs',
      'parley_send_message(uuid,uuid,text,bytea,text,integer,uuid[],boolean,uuid[]) differs',
    ])
    // A file has all overloads of its function.
    const sends = ['FUNCTION parley_send_message', 'FUNCTION parley_send_message']
    expect(sql.match(/FUNCTION \w+/g)).toEqual(['FUNCTION parley_now', ...sends])
    await apply()
  })

  it('takes new functions in an order in which they find each other', async () => {
    writeFileSync(
      join(folder, 'parley_a.sql'),
      'CREATE OR REPLACE FUNCTION parley_a() RETURNS int LANGUAGE sql RETURN parley_b() + 1;',
    )
    writeFileSync(
      join(folder, 'parley_b.sql'),
      'CREATE OR REPLACE FUNCTION parley_b() RETURNS int LANGUAGE sql RETURN 1;',
    )
    expect((await changes()).differences).toEqual(['parley_a() is in no migration', 'parley_b() is in no migration'])
    expect((await apply()).match(/FUNCTION parley_\w/g)).toEqual(['FUNCTION parley_b', 'FUNCTION parley_a'])
    // And away again, the other way round.
    rmSync(join(folder, 'parley_a.sql'))
    rmSync(join(folder, 'parley_b.sql'))
    expect(await apply()).toBe('DROP ROUTINE parley_a();\nDROP ROUTINE parley_b();')
  })

  it('drops an overload that is gone from its file, and keeps the others', async () => {
    const file = join(folder, 'parley_b.sql')
    const one = 'CREATE OR REPLACE FUNCTION parley_b(p_a int) RETURNS int LANGUAGE sql RETURN p_a;'
    const two =
      'CREATE OR REPLACE FUNCTION parley_b(p_a int, p_b int) RETURNS int LANGUAGE sql RETURN parley_b(p_a) + p_b;'
    writeFileSync(file, `${one}\n${two}`)
    await apply()
    writeFileSync(file, two.replace('parley_b(p_a) + p_b', 'p_a + p_b'))
    expect((await changes()).differences).toEqual([
      'parley_b(integer) is in no file',
      'parley_b(integer,integer) differs',
    ])
    expect(await apply()).toMatch(/DROP ROUTINE parley_b\(integer\);$/)
  })

  it('drops first what cannot be replaced: another result, other names of the arguments', async () => {
    edit('parley_forget_op_keys', 'RETURNS int ', 'RETURNS bigint ')
    edit('parley_rotate_token', 'p_old', 'p_former')
    const sql = await apply()
    expect(sql).toMatch(/DROP ROUTINE parley_forget_op_keys\(timestamp with time zone,integer\);\n\nCREATE OR REPLACE/)
    expect(sql).toMatch(/DROP ROUTINE parley_rotate_token\(/)
  })

  it('is refused where another function depends on what would have to be dropped', async () => {
    const used = join(folder, 'parley_b.sql')
    writeFileSync(used, 'CREATE OR REPLACE FUNCTION parley_b() RETURNS int LANGUAGE sql RETURN 1;')
    writeFileSync(
      join(folder, 'parley_a.sql'),
      'CREATE OR REPLACE FUNCTION parley_a() RETURNS text LANGUAGE sql RETURN parley_b()::text;',
    )
    await apply()
    writeFileSync(used, 'CREATE OR REPLACE FUNCTION parley_b() RETURNS bigint LANGUAGE sql RETURN 1;')
    await expect(changes()).rejects.toThrow(/depend on what is to be dropped; write this migration by hand/)
  })

  it('says which file does not load, and which function is in a file of another name', async () => {
    edit('parley_now', 'RETURN date_trunc', 'RETURN no_such_function() + date_trunc')
    await expect(changes()).rejects.toThrow(/These name functions that do not exist: .*parley_now\.sql/)
    writeFileSync(join(folder, 'parley_now.sql'), 'CREATE OR REPLACE FUNCTION')
    await expect(changes()).rejects.toThrow('parley_now.sql: syntax error at end of input')
    cpSync(join(current, 'parley_now.sql'), join(folder, 'parley_now.sql'))
    writeFileSync(
      join(folder, 'parley_now.sql'),
      `${readFileSync(join(current, 'parley_now.sql'), 'utf8')}
       CREATE OR REPLACE FUNCTION parley_a() RETURNS int LANGUAGE sql RETURN 1;`,
    )
    await expect(changes()).rejects.toThrow('parley_a() is not in a file of its own, parley_a.sql.')
  })
})
