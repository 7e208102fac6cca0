import { expect, test } from 'vitest'
import { slotOf } from '../../src/bus/cluster-links.ts'
import { topics } from '../../src/bus/topics.ts'
import { startPair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startTraffic } from '../testkit/persistent-traffic.ts'
import { followPresence, heartbeat, offline, seesSoon, statusesOf, uuidOf } from '../testkit/presence.ts'
import { untilReadiness } from '../testkit/proxied.ts'
import { startRedisCluster } from '../testkit/redis-cluster.ts'

type TypingReader = Awaited<ReturnType<Person['typingEvents']>>

/** By the bus alone: nothing of typing is in the log. */
async function hears(reader: TypingReader, person: Person, conversation: string): Promise<void> {
  // The end of typing is not counted: each process finds that by itself.
  const begun = () => reader.events.filter(({ typing }) => typing).length
  const before = begun()
  await expect
    .poll(
      async () => {
        await person.setTyping(conversation, false)
        await person.setTyping(conversation, true)
        return begun()
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(before)
}

test('a Redis Cluster whose slots move, whose masters are replaced and killed: no event is missed or comes twice, and presence is right', async () => {
  const cluster = await startRedisCluster()
  const { urls, servers } = await startPair({ redisUrl: cluster.url, env: { LOG_LEVEL: 'info', RATE_LIMITS: 'on' } })
  const both = async (status: string) => {
    for (const server of servers) await untilReadiness(server, status)
  }
  await both('ok')
  const [ann, bob] = [await signUp(urls[0]), await signUp(urls[1])]
  const conversation = await ann.startDirect(bob)
  const typingSlot = slotOf(topics.typing(uuidOf(conversation)))
  const presenceSlot = slotOf(topics.presence)
  const held = await bob.typingEvents(conversation)
  /** What was subscribed to long ago, and what is now. */
  const busWorks = async () => {
    await hears(held, ann, conversation)
    const fresh = await ann.typingEvents(conversation)
    await hears(fresh, bob, conversation)
    fresh.cut()
  }
  const traffic = await startTraffic(urls)
  await busWorks()
  const presence = await followPresence(bob, [ann])
  await heartbeat(ann, 'ONLINE')
  await seesSoon(bob, ann, { status: 'ONLINE' })
  await traffic.more(20)

  // Slots with open subscriptions, and the one with all of presence.
  for (const slot of [typingSlot, presenceSlot]) {
    const from = await cluster.ownerOf(slot)
    const to = cluster.nodes.find((node, nth) => nth < 3 && node !== from)!
    for (const each of [slot, (slot + 1) % 16_384, (slot + 2) % 16_384]) await cluster.moveSlot(each, to)
    await traffic.more(20)
    await busWorks()
  }
  await seesSoon(bob, ann, { status: 'ONLINE' })

  await cluster.failOver(await cluster.ownerOf(typingSlot))
  await traffic.more(20)
  await busWorks()

  await heartbeat(ann, 'OFFLINE')
  await presence.waitFor(({ presence: { status } }) => status === 'OFFLINE')
  await heartbeat(ann, 'ONLINE')
  await expect.poll(() => statusesOf(presence, ann).at(-1)).toBe('ONLINE')
  const killed = await cluster.ownerOf(presenceSlot)
  const replica = await cluster.replicaOf(killed)
  killed.server.kill()
  await traffic.more(20)
  await expect.poll(() => replica.admin.role().then(([role]) => role), { timeout: 30_000 }).toBe('master')
  await both('ok')
  await busWorks()
  await heartbeat(ann, 'ONLINE')
  await seesSoon(bob, ann, { status: 'ONLINE' }, 30_000)
  await heartbeat(ann, 'OFFLINE')
  await seesSoon(bob, ann, { status: 'OFFLINE' }, 30_000)
  await expect.poll(() => statusesOf(presence, ann).at(-1), { timeout: 30_000 }).toBe(offline.status)
  expect(await traffic.expectNothingLostOrRepeated()).toBeGreaterThan(100)
})
