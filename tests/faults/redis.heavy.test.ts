import { expect, inject, test } from 'vitest'
import { LogoutDocument, RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { startPair } from '../testkit/pair.ts'
import { signUp } from '../testkit/person.ts'
import { startProxy } from '../testkit/proxy.ts'
import { readiness, untilReadiness } from '../testkit/proxied.ts'

/**
 * What the API promises without Redis, live events arrive within 2 s and so does the end of who lost access, with room for a
 * machine that is busy with other things.
 */
const boundMs = 10_000

test.each(['cut', 'stall'] as const)(
  'with Redis lost by a %s events and revocations reach the other process in time, and readiness says degraded',
  async (loss) => {
    const redis = new URL(inject('redisUrl'))
    const proxy = await startProxy(Number(redis.port), { redis: true })
    const { servers, urls } = await startPair({ redisUrl: Object.assign(redis, { port: String(proxy.port) }).href })
    const [ann, bob, cleo] = await Promise.all([signUp(urls[0]), signUp(urls[1]), signUp(urls[1])])
    const group = await ann.createGroup([bob, cleo])
    const reader = await bob.conversationEvents(group)
    const inbox = await bob.inboxEvents()
    const loggedOut = await cleo.conversationEvents(group)
    await ann.send(group, 'Message 1')
    await Promise.all([reader, inbox, loggedOut].map((each) => each.waitForCount(1)))
    for (const server of servers) {
      expect(await readiness(server)).toMatchObject({ status: 200, body: { ready: true, status: 'ok' } })
    }

    proxy[loss]()
    // At once, before anybody has noticed, and again when it is known.
    for (const count of [2, 3]) {
      const sentAtMs = performance.now()
      await ann.send(group, `Message ${count}`)
      await Promise.all([reader, inbox, loggedOut].map((each) => each.waitForCount(count)))
      expect(performance.now() - sentAtMs).toBeLessThan(boundMs)
      for (const server of servers) await untilReadiness(server, 'degraded')
    }
    for (const server of servers) {
      // Presence may notice it before the bus does.
      await expect
        .poll(() => readiness(server))
        .toMatchObject({
          status: 200,
          body: { ready: true, status: 'degraded', checks: { database: 'ok', bus: 'unreachable' } },
        })
    }

    // Both through the first server; the readers are on the second.
    let startedAtMs = performance.now()
    await cleo.at(urls[0]).client.request(LogoutDocument, {})
    expect(await loggedOut.waitForEnd()).toEqual({ closeCode: 4401 })
    expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
    startedAtMs = performance.now()
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: group, userId: bob.id } })
    expect(await reader.waitForEnd()).toBe('completed')
    expect(reader.events.at(-1)).toMatchObject({ __typename: 'MemberLeft', user: { id: bob.id } })
    expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
    await ann.send(group, 'Not for Bob')

    proxy.heal()
    for (const server of servers) await untilReadiness(server, 'ok')
    await ann.send(await ann.startDirect(bob), 'For Bob')
    await inbox.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'For Bob')
    expect(JSON.stringify([reader.events, inbox.events])).not.toContain('Not for Bob')
    expect(inbox.ended).toBeNull()
  },
)
