import { afterEach, describe, expect, test, vi } from 'vitest'
import { ResyncDocument, ViewerDocument } from '../../sdk/src/generated/graphql.ts'
import { restorable } from '../testkit/backup.ts'
import { casesOf } from '../testkit/effort.ts'
import { persistently } from '../testkit/persistently.ts'
import { newKey, signUp, type Person, type Place } from '../testkit/person.ts'
import type { Reader } from '../testkit/reader.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { pageOf, readAfter, resyncAfter } from '../testkit/token-reader.ts'

// Each starts two servers, and PostgreSQL again.
vi.setConfig({ testTimeout: 180_000 })

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Messages under these keys, in order. */
async function sendAll(person: Person, conversationId: string, keys: string[]): Promise<void> {
  for (const key of keys) await persistently(() => person.send(conversationId, `Text of ${key}`, key))
}

const keys = (count: number) => oneTo(count).map(newKey)

interface World {
  servers: ServerProcess[]
  urls: string[]
  ann: Person
  bob: Person
  conversation: string
}

const worlds: World[] = []
afterEach(async () => {
  for (const { servers } of worlds.splice(0)) await Promise.all(servers.map((server) => server.stop()))
})

const ways = Object.entries(restorable)

describe.each(casesOf(ways, (_, index) => index === 0))(
  'after a backup was restored, made as %s',
  (_, makeDatabase) => {
    const start = async () => {
      const database = await makeDatabase()
      const servers = [
        await startServer({ databaseUrl: database.url }),
        await startServer({ databaseUrl: database.url }),
      ]
      const urls = servers.map(({ url }) => url)
      const [ann, bob] = [await signUp(urls[0]!), await signUp(urls[1]!)]
      const conversation = await ann.startDirect(bob)
      const world: World = { servers, urls, ann, bob, conversation }
      worlds.push(world)
      return { database, world }
    }
    const restarted = async (world: World, databaseUrl: string) => {
      await Promise.all(world.servers.map((server) => server.stop()))
      world.servers = [await startServer({ databaseUrl }), await startServer({ databaseUrl })]
      world.urls = world.servers.map(({ url }) => url)
      world.ann = world.ann.at(world.urls[0]!)
      world.bob = world.bob.at(world.urls[1]!)
    }
    const places = async (person: Person, conversationId: string) => {
      const { resync } = await persistently(() =>
        person.client.request(ResyncDocument, { cursors: [{ streamId: conversationId, eventSeq: 0 }], limit: 1_000 }),
      )
      return new Map(resync.streams[0]!.events.map(({ cursor }) => [cursor.eventSeq, cursor]))
    }
    /** From before the fifth event, which shows that it has begun. */
    const fromFifth = <Event>(open: () => Promise<Reader<Event>>) =>
      persistently(async () => {
        const reader = await open()
        await reader.waitForCount(1)
        return reader
      })
    const resyncAt = async (person: Person, streamId: string, { eventSeq, mark }: Place) => {
      const cursors = [{ streamId, eventSeq, mark }]
      const { resync } = await persistently(() => person.client.request(ResyncDocument, { cursors, limit: 5 }))
      return resync.streams[0]!
    }

    test('a place that was replaced is told as one, though the stream has passed it again with the same writes, and no other is', async () => {
      const { database, world } = await start()
      const kept = keys(20)
      await sendAll(world.ann, world.conversation, kept)
      await database.backUp()
      const lost = keys(20)
      await sendAll(world.bob, world.conversation, lost)
      const before = await places(world.ann, world.conversation)
      expect(before.size).toBe(40)
      await database.restore()
      await restarted(world, database.url)
      // The clients do the very same again, and go on.
      await sendAll(world.bob, world.conversation, [...lost, ...keys(10)])
      const { ann, bob, conversation } = world

      for (const person of [ann, bob]) {
        const after = await places(person, conversation)
        for (const eventSeq of oneTo(40)) {
          const isKept = eventSeq <= 20
          expect(after.get(eventSeq)!.mark === before.get(eventSeq)!.mark, String(eventSeq)).toBe(isKept)
        }
        for (const eventSeq of [0, 20, 21, 40]) {
          const place = before.get(eventSeq) ?? { eventSeq: 0, mark: '0' }
          const { events } = await resyncAt(person, conversation, place)
          const told = eventSeq <= 20 ? { cursor: { eventSeq: eventSeq + 1 } } : { reason: 'UNKNOWN_CURSOR' }
          expect(events[0], String(eventSeq)).toMatchObject(told)
          const live = await person.conversationEvents(conversation, place)
          expect((await live.waitForCount(1))[0]).toMatchObject(told)
          live.cut()
          const inbox = await person.inboxEvents([{ streamId: conversation, eventSeq, mark: place.mark }])
          expect((await inbox.waitForCount(1))[0]).toMatchObject(told)
          inbox.cut()
        }
        // Where the subscription says that it goes on it does.
        const live = await person.conversationEvents(conversation, before.get(40))
        const [word] = await live.waitForCount(1)
        expect(word!.cursor).toEqual((await resyncAt(person, conversation, { eventSeq: 50 })).cursor)
        await sendAll(bob, conversation, [newKey()])
        expect((await live.waitForCount(2))[1]).toMatchObject({ cursor: { eventSeq: word!.cursor.eventSeq + 1 } })
        live.cut()
      }
    })

    test('servers that live through it tell their readers, and hand out nothing of what was lost', async () => {
      const { database, world } = await start()
      const { ann, bob, conversation } = world
      await sendAll(ann, conversation, keys(5))
      const { viewer } = await ann.client.request(ViewerDocument, {})
      await database.backUp()
      const readers = await Promise.all([
        fromFifth(() => ann.conversationEvents(conversation, 4)),
        fromFifth(() => bob.conversationEvents(conversation, 4)),
        fromFifth(() => ann.inboxEvents([viewer.cursor, { streamId: conversation, eventSeq: 4 }])),
      ])
      await sendAll(bob, conversation, keys(10))
      for (const reader of readers) await reader.waitForCount(11)
      const before = await places(ann, conversation)
      await database.restore()
      await sendAll(ann, conversation, keys(20))
      const after = await places(ann, conversation)

      for (const reader of readers) {
        await reader.waitFor((event) => event.__typename === 'SnapshotRequired' && event.streamId === conversation)
        await reader.waitFor(({ cursor }) => cursor.streamId === conversation && cursor.eventSeq === 25)
        const told = reader.events.filter(({ cursor }) => cursor.streamId === conversation)
        const word = told.findIndex(({ __typename }) => __typename === 'SnapshotRequired')
        expect(told[word]).toMatchObject({ reason: 'UNKNOWN_CURSOR' })
        // From there on everything, each once, and of the history that there is.
        const [{ cursor: from }, ...rest] = told.slice(word) as [(typeof told)[number], ...typeof told]
        expect(rest.map(({ cursor }) => cursor.eventSeq)).toEqual(oneTo(25).filter((seq) => seq > from.eventSeq))
        for (const { cursor } of rest) expect(cursor.mark).toBe(after.get(cursor.eventSeq)!.mark)
        reader.cut()
      }
      for (const person of [ann, bob]) {
        const back = await person.conversationEvents(conversation, before.get(5))
        expect((await back.waitForCount(20)).map(({ cursor }) => cursor.mark)).toEqual(
          oneTo(20).map((nth) => after.get(5 + nth)!.mark),
        )
        back.cut()
      }
      const own = await ann.inboxEvents([viewer.cursor])
      await sendAll(bob, conversation, keys(1))
      expect((await own.waitForCount(1))[0]!.cursor).toMatchObject({ streamId: conversation, eventSeq: 26 })
    })

    test('a resume token of what was lost is told as one, of what was kept it goes on', async () => {
      const { database, world } = await start()
      await sendAll(world.ann, world.conversation, keys(3))
      const { resume: kept } = await pageOf(world.ann)
      await database.backUp()
      const lost = keys(10)
      await sendAll(world.bob, world.conversation, lost)
      const { resume: gone } = await persistently(() => pageOf(world.ann))
      await database.restore()
      await restarted(world, database.url)
      // The same writes again, and more.
      await sendAll(world.bob, world.conversation, [...lost, ...keys(5)])
      const { ann, conversation } = world
      for (const url of world.urls) {
        const after = await readAfter(ann.at(url), kept)
        expect((await after.waitForCount(15)).map(({ cursor }) => cursor.eventSeq)).toEqual(
          oneTo(15).map((nth) => 3 + nth),
        )
        const told = await (await readAfter(ann.at(url), gone)).waitForCount(2)
        expect(told.every(({ reason }) => reason === 'UNKNOWN_CURSOR')).toBe(true)
        expect(told.map(({ streamId }) => streamId)).toContain(conversation)
        // Cut off between the two, the other is told when it comes back, and then nothing.
        const second = await (await readAfter(ann.at(url), told[0]!.resume)).waitForCount(1)
        expect(second).toMatchObject([{ streamId: told[1]!.streamId, reason: 'UNKNOWN_CURSOR' }])
        expect((await resyncAfter(ann, { resume: second[0]!.resume! })).streams).toEqual([])
      }
    })

    test('nobody is told anything when nothing was lost', async () => {
      const { database, world } = await start()
      await sendAll(world.ann, world.conversation, keys(5))
      const { viewer } = await world.ann.client.request(ViewerDocument, {})
      const before = await places(world.ann, world.conversation)
      const living = await fromFifth(() => world.ann.conversationEvents(world.conversation, 4))
      await database.backUp()
      await database.restore()
      await sendAll(world.bob, world.conversation, keys(2))
      expect((await living.waitForCount(3)).map(({ cursor }) => cursor.eventSeq)).toEqual([5, 6, 7])
      await restarted(world, database.url)
      const { ann, bob, conversation } = world
      await sendAll(bob, conversation, keys(2))
      const { streamId: own, eventSeq, mark } = viewer.cursor
      for (const person of [ann, ann.at(world.urls[1]!)]) {
        for (const [seq, place] of before) {
          expect((await resyncAt(person, conversation, place)).events[0]).toMatchObject({
            cursor: { eventSeq: seq + 1 },
          })
        }
        expect((await resyncAt(person, own, { eventSeq, mark })).events).toEqual([])
      }
    })
  },
)
