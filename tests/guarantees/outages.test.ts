import { expect, test } from 'vitest'
import { SendMessageDocument, WriteStatusDocument } from '../../sdk/src/generated/graphql.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { startPair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startRedis } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { readFresh } from '../testkit/replica.ts'

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('what a process committed before kill -9 and had not announced reaches the readers of the other process, and its writer can settle it', async () => {
  const dyingAt = 5
  const { servers, urls } = await startPair({}, { env: { PARLEY_FAULT: `exit-after-commit:${dyingAt}` } })
  const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
  const conversation = await ann!.startDirect(bob!)
  const elsewhere = await ann!.createGroup([bob!])
  const live = await ann!.conversationEvents(conversation)
  const inbox = await ann!.inboxEvents()

  const texts = oneTo(dyingAt).map((count) => `Message ${count}`)
  for (const text of texts.slice(0, -1)) await bob!.send(conversation, text)
  const key = newKey()
  await expect(bob!.send(conversation, texts.at(-1)!, key)).rejects.toThrow('The server cannot be reached')
  expect(await servers[1].exited).toEqual({ code: null, signal: 'SIGKILL' })

  const textsOf = (events: typeof live.events | typeof inbox.events) =>
    events.map((event) => event.__typename === 'MessageSent' && event.message.text)
  expect(textsOf(await live.waitForCount(dyingAt))).toEqual(texts)
  expect(textsOf(await inbox.waitForCount(dyingAt))).toEqual(texts)

  const survivor = bob!.at(urls[0])
  const { writeStatus } = await survivor.client.request(WriteStatusDocument, { opKey: key })
  expect(writeStatus).toMatchObject({ state: 'ACCEPTED', message: { seq: dyingAt, text: texts.at(-1) } })
  const { ack, message } = await survivor.send(conversation, texts.at(-1)!, key)
  expect(ack).toMatchObject({ outcome: 'DUPLICATE', cursor: writeStatus.cursor, opKey: key })
  expect(message.seq).toBe(dyingAt)
  const other = await survivor.client.request(WriteStatusDocument, { opKey: newKey() })
  expect(other.writeStatus).toEqual({ state: 'UNKNOWN', cursor: null, message: null })

  // Nothing was told twice, and both streams go on.
  await survivor.send(conversation, 'Still here')
  await survivor.send(elsewhere, 'Here too')
  expect(textsOf(await live.waitForCount(dyingAt + 1))).toEqual([...texts, 'Still here'])
  const events = await inbox.waitForCount(dyingAt + 2)
  expect(textsOf(events.slice(0, dyingAt))).toEqual(texts)
  expect(textsOf(events.slice(dyingAt)).sort()).toEqual(['Here too', 'Still here'])
})

test('every write under way when its process is killed ends up exactly once, whichever got an answer', async () => {
  const { urls } = await startPair({}, { env: { PARLEY_FAULT: 'exit-after-commit:40' } })
  const writers = await Promise.all(oneTo(6).map(() => signUp(urls[1])))
  const reader = await signUp(urls[0])
  const conversation = await reader.createGroup(writers)
  const live = await reader.conversationEvents(conversation)

  const answered: Awaited<ReturnType<Person['send']>>[] = []
  const lost: { writer: Person; key: string; text: string }[] = []
  await Promise.all(
    writers.flatMap((writer) =>
      oneTo(2).map(async (lane) => {
        for (let count = 0; ; count++) {
          const [key, text] = [newKey(), `${writer.handle} ${lane} ${count}`]
          try {
            answered.push(await writer.send(conversation, text, key))
          } catch {
            lost.push({ writer, key, text })
            return
          }
        }
      }),
    ),
  )
  expect(lost).toHaveLength(12)
  const settled = await Promise.all(
    lost.map(async ({ writer, key, text }) => {
      const survivor = writer.at(urls[0])
      const { writeStatus } = await survivor.client.request(WriteStatusDocument, { opKey: key })
      const repeated = await survivor.send(conversation, text, key)
      expect(repeated.ack.outcome).toBe(writeStatus.state === 'ACCEPTED' ? 'DUPLICATE' : 'ACCEPTED')
      return repeated
    }),
  )
  // The one whose commit set the fault off was certainly never answered.
  expect(settled.some(({ ack }) => ack.outcome === 'DUPLICATE')).toBe(true)
  const all = [...answered, ...settled].sort((a, b) => a.message.seq - b.message.seq)
  expect(all.map(({ message }) => message.seq)).toEqual(oneTo(all.length))
  const events = await live.waitForCount(all.length)
  expect(events.map((event) => event.__typename === 'MessageSent' && event.message.text)).toEqual(
    all.map(({ message }) => message.text),
  )
  expect((await readFresh(reader, conversation))!.eventSeq).toBe(all.length)
})

/** Resolves when each of these servers says that its bus works, or that it does not. */
async function busWorks(works: boolean, servers: readonly ServerProcess[]): Promise<void> {
  for (const server of servers) {
    const health = async () => {
      const response = await fetch(new URL('/health/ready', server.url))
      return ((await response.json()) as { checks: { bus: string } }).checks.bus === 'ok'
    }
    await expect.poll(health, { timeout: 20_000 }).toBe(works)
  }
}

test('while Redis is gone, and after it is back, sends go on and every subscription gets all events in order', async () => {
  const redis = await startRedis()
  const { servers, urls } = await startPair({ redisUrl: redis.url })
  const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
  const conversation = await ann!.startDirect(bob!)
  const readers = await Promise.all(
    [ann!, bob!].flatMap((person) => [person.conversationEvents(conversation), person.inboxEvents()]),
  )
  let total = 0
  const sendFromBoth = async () => {
    for (const person of [ann!, bob!, ann!, bob!]) await person.send(conversation, `Message ${++total}`)
    for (const reader of readers) {
      const events = await reader.waitForCount(total)
      expect(events.map((event) => 'cursor' in event && event.cursor.eventSeq)).toEqual(oneTo(total))
      expect(reader.ended).toBeNull()
    }
  }
  await sendFromBoth()
  await redis.stop()
  await sendFromBoth()
  // Whoever comes now is served as well, from a cursor and live.
  readers.push(
    await bob!.conversationEvents(conversation, 0),
    await ann!.at(urls[1]).conversationEvents(conversation, 0),
  )
  await busWorks(false, servers)
  await sendFromBoth()
  const again = await startRedis(redis.port)
  await sendFromBoth()
  await busWorks(true, servers)
  await sendFromBoth()
  await again.stop()
  await sendFromBoth()
})

test('Redis that came back carries events again, also to who subscribed while it was gone', async () => {
  const redis = await startRedis()
  // The relay sleeps for the time of this test: what arrives came over the bus, or by a gap that the bus showed.
  const { servers, urls } = await startPair({ redisUrl: redis.url, env: { RELAY_INTERVAL_MS: '60000' } })
  const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
  const conversation = await ann!.startDirect(bob!)
  const before = await bob!.conversationEvents(conversation)
  await redis.stop()
  await busWorks(false, servers)
  const meanwhile = await bob!.inboxEvents()
  await ann!.send(conversation, 'Nobody carries this')
  const again = await startRedis(redis.port)
  await busWorks(true, servers)
  await ann!.send(conversation, 'This is carried')
  for (const reader of [before, meanwhile]) {
    const events = await reader.waitForCount(2)
    expect(events.map((event) => event.__typename === 'MessageSent' && event.message.text)).toEqual([
      'Nobody carries this',
      'This is carried',
    ])
  }
  await again.stop()
})

test('a server that was killed starts again on the same database, and its readers go on from their cursors', async () => {
  const database = await createTestDatabase()
  const first = await startServer({ databaseUrl: database.url })
  const [ann, bob] = await Promise.all([signUp(first.url), signUp(first.url)])
  const conversation = await ann.startDirect(bob)
  const live = await bob.conversationEvents(conversation)
  const acknowledged = await ann.send(conversation, 'Before')
  await live.waitForCount(1)
  first.kill('SIGKILL')
  await first.exited
  expect(await live.waitForEnd()).toEqual({ closeCode: 1006 })

  const second = await startServer({ databaseUrl: database.url })
  await ann.at(second.url).send(conversation, 'After')
  const resumed = await bob.at(second.url).conversationEvents(conversation, acknowledged.ack.cursor.eventSeq)
  const [event] = await resumed.waitForCount(1)
  expect(event).toMatchObject({ __typename: 'MessageSent', message: { seq: 2, text: 'After' } })
  const replayed = await bob.at(second.url).conversationEvents(conversation, 0)
  expect((await replayed.waitForCount(2))[0]).toMatchObject({ message: { seq: 1, text: 'Before' } })
  const input = { conversationId: conversation, text: 'Before', clientMessageId: acknowledged.ack.opKey }
  const { sendMessage } = await ann.at(second.url).client.request(SendMessageDocument, { input })
  expect(sendMessage).toMatchObject({ ack: { outcome: 'DUPLICATE', cursor: acknowledged.ack.cursor } })
})
