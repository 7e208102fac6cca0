import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBystander, type Bystander } from '../attacks/bystander.ts'
import { attacks } from '../attacks/index.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { residentMb } from '../testkit/resident.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/** More than any attack may make a process grow by. */
const maxGrownMb = 250
const attackMs = 2_500

/** How much slower a bystander gets is measured by `npm run bench -- --attacks`; here, that they get everything. */
describe('while somebody attacks', () => {
  let server: ServerProcess
  let databaseUrl: string
  let bystander: Bystander

  beforeAll(async () => {
    databaseUrl = (await createTestDatabase()).url
    server = await startServer({ databaseUrl, env: { RATE_LIMITS: 'on' } })
    bystander = await openBystander(server.url)
  })
  afterAll(() => bystander.close())

  it.each(attacks)('$name: each send of a bystander is answered and delivered once', async ({ prepare }) => {
    const target = { httpUrl: server.url, wsUrl: server.wsUrl, databaseUrl }
    const run = await prepare(target)
    const restingMb = residentMb(server.pid)
    let highestMb = 0
    const looking = setInterval(() => (highestMb = Math.max(highestMb, residentMb(server.pid))), 50)
    const stop = new AbortController()
    const running = run(stop.signal)
    const { sentCount, failures } = await bystander.watch(attackMs)
    stop.abort()
    clearInterval(looking)
    await Promise.race([running, sleep(5_000)])
    expect(failures).toEqual([])
    expect(sentCount).toBeGreaterThan(5)
    expect(highestMb - restingMb).toBeLessThan(maxGrownMb)
  })
})
