import { expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { openSocket } from '../testkit/open-socket.ts'
import { signUp } from '../testkit/person.ts'
import { followPresence, presencesOf, seesSoon, statusesOf } from '../testkit/presence.ts'
import { startProxy } from '../testkit/proxy.ts'
import { startServer } from '../testkit/server.ts'

/** The promise; docs/operations.md adds it up to 32 s. */
const promisedMs = 45_000
/** From one answer to the next, when nobody is held up. */
const betweenAnswersMs = 5_000
/** What a busy machine may add. */
const slackMs = 5_000

test(
  'who is gone without a word, on a network that drops everything, is OFFLINE in time, seen last when they were heard last',
  { timeout: 120_000 },
  async () => {
    const { url: databaseUrl } = await createTestDatabase()
    const server = await startServer({ databaseUrl })
    const network = await startProxy(Number(new URL(server.url).port))
    const [ann, bob] = await Promise.all([signUp(server.url), signUp(server.url)])
    await ann.startDirect(bob)
    const through = Object.assign(new URL(server.url), { port: String(network.port) }).href
    await openSocket(bob.on('phone', 'MOBILE', through))
    await seesSoon(ann, bob, { status: 'ONLINE' })
    const reader = await followPresence(ann, [bob])
    // As long as they answer they stay, however little they do.
    await expect.poll(() => statusesOf(reader, bob).at(-1)).toBe('ONLINE')

    network.stall()
    const silentFromMs = Date.now()
    await expect.poll(() => statusesOf(reader, bob).at(-1), { timeout: promisedMs, interval: 100 }).toBe('OFFLINE')
    expect(statusesOf(reader, bob)).toEqual(['ONLINE', 'OFFLINE'])
    const lastSeenMs = Date.parse(presencesOf(reader, bob).at(-1)?.lastSeenAt ?? '')
    expect(lastSeenMs).toBeLessThanOrEqual(silentFromMs + 1_000)
    expect(lastSeenMs).toBeGreaterThan(silentFromMs - betweenAnswersMs - slackMs)
  },
)
