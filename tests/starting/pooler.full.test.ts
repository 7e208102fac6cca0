import { describe, expect, test, vi } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { complaintOf } from '../testkit/complaint.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'
import { startPgBouncer } from '../testkit/pgbouncer.ts'
import { readiness, startProxied, untilReadiness } from '../testkit/proxied.ts'
import { startServer } from '../testkit/server.ts'

vi.setConfig({ testTimeout: 180_000 })

const viewer = '{ viewer { user { handle createdAt } } }'

describe('behind PgBouncer as Debian has it', () => {
  test('in session mode all is as without it, also with fewer sessions than the pool has room for', async () => {
    const database = await createTestDatabase()
    const { url } = await startPgBouncer(database.url, { pool_mode: 'session', default_pool_size: 3 })
    const [row] = await database.query<{ name: string }>('SELECT current_database() AS name')
    await database.query(`ALTER DATABASE ${String(row?.name)} SET timezone = 'Asia/Kathmandu'`)
    const server = await startServer({ databaseUrl: url })
    const person = await signUp(server.url)
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(person, viewer)))
    for (const { data, errors } of answers) {
      expect(errors).toBeUndefined()
      const { user } = data?.viewer as { user: { handle: string; createdAt: string } }
      expect(user.handle).toBe(person.handle)
      expect(Math.abs(Date.now() - Date.parse(user.createdAt))).toBeLessThan(120_000)
    }
    expect(server.logs()).not.toMatch(/"level":"error"/)
  })

  test.each([
    ['transaction', 20],
    ['transaction', 1],
    ['statement', 20],
  ])('in %s mode with %i sessions the start ends with one line that says what to do', async (mode, size) => {
    const database = await createTestDatabase()
    const { url } = await startPgBouncer(database.url, { pool_mode: mode, default_pool_size: size })
    expect(await complaintOf({ databaseUrl: url })).toMatch(
      /^Parley did not start\. DATABASE_URL: PostgreSQL at 127\.0\.0\.1:\d+\/\w+ cannot be used: a pooler stands before PostgreSQL that shares its sessions .*Use pool_mode session, .*\.$/,
    )
  })

  test('that takes the place of PostgreSQL while the server runs, in transaction mode, is refused, said once, and left again', async () => {
    const { database, proxy, servers, urls } = await startProxied()
    const person = await signUp(urls[0])
    const { port } = await startPgBouncer(database.url, { pool_mode: 'transaction' })
    proxy.redirect(port)
    proxy.cut()
    proxy.heal()
    await untilReadiness(servers[0], 'unavailable')
    expectErrors(await ask(person, viewer), 'UNAVAILABLE')
    // What fails meanwhile (a look of the relay, say) has lines of its own, with this as their reason.
    expect(servers[0].logs().match(/The database is refused: .*shares its sessions/g)).toHaveLength(1)
    proxy.redirect(Number(new URL(database.url).port))
    await untilReadiness(servers[0], 'ok')
    expect((await ask(person, viewer)).errors).toBeUndefined()
    expect((await readiness(servers[0])).status).toBe(200)
  })
})
