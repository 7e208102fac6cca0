import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { startTraffic } from '../testkit/persistent-traffic.ts'
import { untilReadiness } from '../testkit/proxied.ts'
import { freePort } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

test('a rolling restart of three servers under load loses and repeats nothing', async () => {
  const each = effort(60, 20)
  const database = await createTestDatabase()
  const start = () => startServer({ databaseUrl: database.url })
  const servers: ServerProcess[] = await Promise.all([start(), start(), start()])
  const urls = servers.map(({ url }) => url)
  const traffic = await startTraffic(urls)
  await traffic.more(each)
  for (const [index, server] of servers.entries()) {
    // As a deploy does it: the new one is there first, and the old one is asked to end.
    const next = await start()
    urls[index] = next.url
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    await traffic.more(each)
  }
  const count = await traffic.expectNothingLostOrRepeated()
  expect(count).toBeGreaterThanOrEqual(4 * each)
  const codes = traffic.readers.flatMap(({ closeCodes }) => closeCodes)
  // Each reader had to move at least once, and was told so with the code that says come back.
  expect(codes.length).toBeGreaterThanOrEqual(traffic.readers.length)
  expect(new Set(codes)).toEqual(new Set([1012]))
})

const folder = mkdtempSync(join(tmpdir(), 'parley-faults-'))
let postgres: EmbeddedPostgres | null = null

afterAll(async () => {
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const immediately = (dataDir: string) => {
  const [pid] = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')
  // Ends without writing anything more, as after a loss of power: at the next start it recovers from its log.
  process.kill(Number(pid), 'SIGQUIT')
}

test.each<[string, (dataDir: string) => void]>([
  ...effort([['is stopped', () => undefined] as [string, () => void]], []),
  ['crashes', immediately],
])(
  'when PostgreSQL %s and starts again under load, nothing is lost or repeated, and nobody need do anything',
  async (name, crash) => {
    const dataDir = join(folder, name.replace(' ', '-'))
    const port = await freePort()
    const startPostgres = () =>
      startEmbeddedPostgres({ dataDir, log: createLogger('silent'), postgresFlags: ['-c', `port=${port}`] })
    postgres = await startPostgres()
    const databaseUrl = Object.assign(new URL(postgres.url), { port: String(port) }).href
    const first = await startServer({ databaseUrl })
    const servers = [first, await startServer({ databaseUrl })]
    const traffic = await startTraffic(servers.map(({ url }) => url))
    await traffic.more(40)
    for (const restart of effort([1, 2], [1])) {
      crash(dataDir)
      await postgres.stop()
      for (const server of servers) await untilReadiness(server, 'unavailable')
      // Long enough for writers to be refused by the breaker, too.
      await sleep(restart * 500)
      postgres = await startPostgres()
      for (const server of servers) await untilReadiness(server, 'ok')
      await traffic.more(40)
    }
    expect(await traffic.expectNothingLostOrRepeated()).toBeGreaterThanOrEqual(effort(120, 80))
    expect(traffic.writers.every(({ setbackCount }) => setbackCount > 0)).toBe(true)
    // A socket that ended meanwhile said: come back.
    for (const { closeCodes } of traffic.readers) for (const code of closeCodes) expect(code).toBe(1013)
    for (const server of servers) await server.stop()
    await postgres.stop()
    postgres = null
  },
)
