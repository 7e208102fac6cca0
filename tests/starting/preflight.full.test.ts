import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { complaintOf } from '../testkit/complaint.ts'
import { createTestDatabase, onCluster, type TestDatabase } from '../testkit/database.ts'

/* Databases that Parley cannot work with at all: the start ends with one line that says why, and what to change. */

vi.setConfig({ testTimeout: 120_000 })

let database: TestDatabase
const roles: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database.drop()
  for (const role of roles) await onCluster(`DROP ROLE ${role}`)
})

/** The address for a new user, who may do nothing but connect. */
async function asStranger(url: string): Promise<string> {
  const role = `stranger_${String(roles.length)}_${String(process.pid)}`
  await onCluster(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  roles.push(role)
  return Object.assign(new URL(url), { username: role, password: 'secret' }).href
}

const refusal = (reason: RegExp) =>
  new RegExp(
    `^Parley did not start\\. DATABASE_URL: PostgreSQL at 127\\.0\\.0\\.1:\\d+/\\w+ cannot be used: ${reason.source}\\.$`,
  )

test('one that is too old', async () => {
  // There is no such PostgreSQL beside the present one: its answer to the question for its version is replaced on the way.
  const { hostname, port } = new URL(database.url)
  const [row] = await onCluster<{ version: string }>(`SELECT current_setting('server_version_num') AS version`)
  const { version } = row!
  expect(version).toHaveLength(6)
  let replaced = 0
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname)
    const older = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        for (let at = chunk.indexOf(version); at >= 0; at = chunk.indexOf(version, at + 1)) {
          chunk.write('130022', at)
          replaced++
        }
        done(null, chunk)
      },
    })
    for (const end of [client, server]) end.on('error', () => undefined)
    client.pipe(server).pipe(older).pipe(client)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = Object.assign(new URL(database.url), { port: String((proxy.address() as AddressInfo).port) })
  expect(await complaintOf({ databaseUrl: address.href, redisUrl: null })).toMatch(
    refusal(/it is PostgreSQL [\d.]+\S*.*, and Parley needs version 14 or newer/),
  )
  expect(replaced).toBeGreaterThan(0)
  proxy.close()
})

test('one whose encoding cannot hold every character', async () => {
  const latin = await createTestDatabase(`TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`)
  expect(await complaintOf({ databaseUrl: latin.url, redisUrl: null })).toMatch(
    refusal(
      /its encoding is LATIN1, which cannot hold every character\. Create it with ENCODING 'UTF8' TEMPLATE template0/,
    ),
  )
})

test('an empty one whose user may not create tables', async () => {
  const empty = await createTestDatabase('TEMPLATE template0')
  expect(await complaintOf({ databaseUrl: await asStranger(empty.url), redisUrl: null })).toMatch(
    refusal(/.*permission denied for schema public.*/),
  )
})

test('one whose tables are somebody else’s, all of them or one, or whose functions are', async () => {
  const address = await asStranger(database.url)
  const { username } = new URL(address)
  expect(await complaintOf({ databaseUrl: address, redisUrl: null })).toMatch(refusal(/.*permission denied.*/))
  await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${username}`)
  await database.query(`REVOKE UPDATE ON messages FROM ${username}`)
  expect(await complaintOf({ databaseUrl: address, redisUrl: null })).toMatch(
    refusal(
      /the user lacks rights on the table messages, and maybe on others\. Run as their owner: GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE messages TO "\w+"/,
    ),
  )
  await database.query(`GRANT UPDATE ON messages TO ${username}`)
  await database.query(
    `REVOKE EXECUTE ON FUNCTION parley_send_message(uuid, uuid, text, bytea, text, int) FROM PUBLIC, ${username}`,
  )
  expect(await complaintOf({ databaseUrl: address, redisUrl: null })).toMatch(
    refusal(
      /the user lacks rights on the function parley_send_message, .*Run as their owner: GRANT EXECUTE ON FUNCTION .* TO "\w+"/,
    ),
  )
  await database.query(`DROP OWNED BY ${username}`)
})
