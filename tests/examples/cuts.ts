import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Chat, ChatEvent, ChatOptions, Sent, ShownEntry, ShownMessage } from '../../examples/chat.ts'
import { InboxDocument, MessagesDocument, type MessagesQuery } from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { withRandom, type Random } from '../testkit/random.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const cutCount = 6
const password = 'correct horse battery'

/** What the server says now, read past the proxy. */
async function log(person: Person, id: string): Promise<ShownMessage[]> {
  const shown: ShownMessage[] = []
  for (let after: string | null = null; ;) {
    const page: MessagesQuery = await person.client.request(MessagesDocument, { id, first: 100, after })
    const conversation = page.conversation!
    shown.push(...conversation.messages.edges.map(({ node: { seq, text } }) => ({ seq, text: text ?? null })))
    if (!conversation.messages.pageInfo.hasNextPage) return shown
    after = conversation.messages.pageInfo.endCursor ?? null
  }
}

/** Writes, edits and deletes, one after another, and waits for nobody. */
class Writer {
  count = 0
  private stopped = false
  private readonly done: Promise<void>

  constructor(person: Person, conversationId: string, random: Random) {
    this.done = this.write(person, conversationId, random)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.done
  }

  private async write(person: Person, conversationId: string, random: Random): Promise<void> {
    const ids: string[] = []
    while (!this.stopped && this.count < 3_000) {
      const { message } = await person.send(conversationId, `Message ${this.count++}`)
      ids.push(message.id)
      if (random.below(5) === 0) await person.edit(random.pick(ids), `Edited after ${this.count}`)
      if (random.below(10) === 0) await person.remove(ids.splice(random.below(ids.length), 1)[0]!)
    }
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const moreThan = (number: () => number, least: number) =>
  expect.poll(number, { interval: 2, timeout: 20_000 }).toBeGreaterThan(least)

/** What has to hold for each of the examples, against a built server that is reached through a network that breaks. */
export function testExample(
  openChat: (options: ChatOptions) => Promise<Chat>,
  { hasInbox = false }: { hasInbox?: boolean } = {},
): void {
  let database: TestDatabase
  let server: ServerProcess
  let proxy: Proxy
  let chat: Chat | null = null

  beforeAll(async () => {
    database = await createTestDatabase()
    server = await startServer({
      databaseUrl: database.url,
      redisUrl: null,
      env: { HOUSEKEEPING_INTERVAL_MS: '100', EVENT_RETENTION_HOURS: '24', RING_EVENTS: '4' },
    })
    proxy = await startProxy(Number(new URL(server.url).port))
  })

  afterEach(async () => {
    proxy.heal()
    await chat?.close()
    chat = null
  })

  /** Somebody who uses the example, through the proxy, and somebody who writes to them past it. */
  async function start() {
    const [ana, ben] = [await signUp(server.url, 'Ana'), await signUp(server.url, 'Ben')]
    const conversationId = await ana.startDirect(ben)
    await ben.send(conversationId, 'Hello, Ana!')
    const events: ChatEvent[] = []
    const errors: unknown[] = []
    chat = await openChat({
      url: server.url.replace(/:\d+\//, `:${proxy.port}/`),
      handle: ana.handle,
      password,
      onEvent: (event) => events.push(event),
      onError: (error) => errors.push(error),
      live: { webSocketImpl: WebSocket, retryWait: (retries) => delay(Math.min(10 * 2 ** retries, 200)) },
    })
    return { ana, ben, conversationId, chat, events, errors }
  }

  const cursorOf = async (person: Person, id: string): Promise<number> =>
    (await person.client.request(MessagesDocument, { id, first: 0 })).conversation!.cursor.eventSeq

  test('signs in, lists conversations and sends; what a user does wrong is an answer', async () => {
    const { ana, conversationId, chat } = await start()
    expect(await chat.conversations()).toEqual([{ id: conversationId, title: 'Ben' }])
    expect(await chat.send(conversationId, 'Hello, Ben!')).toMatchObject({ seq: 2 })
    expect(await log(ana, conversationId)).toEqual([
      { seq: 1, text: 'Hello, Ana!' },
      { seq: 2, text: 'Hello, Ben!' },
    ])
    const { code, reason } = (await chat.send(conversationId, ' ')) as Extract<Sent, { code: string }>
    expect(code).toBe('VALIDATION_ERROR')
    expect(reason).toMatch(/\w{3}/)
    await expect(
      openChat({ url: server.url, handle: ana.handle, password: 'wrong', live: { webSocketImpl: WebSocket } }),
    ).rejects.toThrow(/password/)
  })

  test('through cuts in random places nothing is missed and nothing comes twice', () =>
    withRandom(async (random) => {
      const { ana, ben, conversationId, chat, events, errors } = await start()
      const before = await cursorOf(ana, conversationId)
      const open = await chat.open(conversationId)
      const writer = new Writer(ben, conversationId, random)
      const sent: Promise<Sent>[] = []
      for (let cut = 1; cut <= cutCount; cut++) {
        // It is live (again), and some way on.
        await moreThan(() => events.length, events.length + random.below(12))
        sent.push(chat.send(conversationId, `From Ana, cut ${cut}`))
        proxy.cut()
        if (random.below(2) === 0) await moreThan(() => writer.count, writer.count + random.below(8))
        proxy.heal()
      }
      await moreThan(() => events.length, events.length)
      await writer.stop()
      const answers = await Promise.all(sent)

      const truth = await log(ana, conversationId)
      await expect.poll(() => open.messages().length, { timeout: 20_000 }).toBe(truth.length)
      const last = await cursorOf(ana, conversationId)
      await moreThan(() => Math.max(...events.map((event) => event.cursor.eventSeq)), last - 1)
      expect(open.messages()).toEqual(truth)
      expect(events.map((event) => event.cursor.eventSeq)).toEqual(range(before + 1, last))
      expect(errors).toEqual([])
      const fromAna = truth.filter(({ text }) => text?.startsWith('From Ana'))
      expect(fromAna.map(({ text }) => text).sort()).toEqual(range(1, cutCount).map((cut) => `From Ana, cut ${cut}`))
      expect(answers.map((answer) => 'seq' in answer && answer.seq).sort()).toEqual(
        fromAna.map(({ seq }) => seq).sort(),
      )
      open.close()
    }))

  test('who comes back too late is told so, reads the conversation anew, and goes on', () =>
    withRandom(async (random) => {
      const { ana, ben, conversationId, chat, events, errors } = await start()
      const open = await chat.open(conversationId)
      await ben.send(conversationId, 'Before the cut')
      await moreThan(() => open.messages().length, 1)
      proxy.cut()
      for (const number of range(1, 10)) await ben.send(conversationId, `Missed ${number}`)
      // The events leave the log; the messages stay.
      await database.query(`UPDATE events SET occurred_at = occurred_at - interval '25 hours' WHERE stream_id = $1`, [
        keyOf(conversationId),
      ])
      const eventsLeft = () => database.query('SELECT seq FROM events WHERE stream_id = $1', [keyOf(conversationId)])
      await expect.poll(eventsLeft, { timeout: 20_000 }).toEqual([])
      proxy.heal()
      // It goes on while the conversation is read anew.
      const writer = new Writer(ben, conversationId, random)
      await expect
        .poll(() => events.some((event) => event.__typename === 'SnapshotRequired'), { timeout: 20_000 })
        .toBe(true)
      await moreThan(() => writer.count, writer.count + 5)
      await writer.stop()
      await ben.send(conversationId, 'And now')
      const truth = (await log(ana, conversationId)).slice(-20)
      await expect.poll(() => open.messages().slice(-20), { timeout: 20_000 }).toEqual(truth)
      expect(errors).toEqual([])
      open.close()
    }))

  if (!hasInbox) return
  test('through cuts the inbox is what the server says, new conversations included', () =>
    withRandom(async (random) => {
      const { ana, ben, conversationId, chat, events, errors } = await start()
      const ids = [conversationId, await ben.createGroup([ana], 'One'), await ben.createGroup([ana], 'Two')]
      const inbox = await chat.openInbox!()
      const writers = ids.map((id) => new Writer(ben, id, random))
      const written = () => writers.reduce((sum, { count }) => sum + count, 0)
      for (let cut = 1; cut <= cutCount; cut++) {
        await moreThan(() => events.length, events.length + random.below(12))
        proxy.cut()
        if (random.below(2) === 0) await moreThan(written, written() + random.below(8))
        // One that Ana's client has never heard of, while she is away.
        if (cut % 3 === 0) await ben.send(await ben.createGroup([ana], `New at cut ${cut}`), 'Welcome')
        proxy.heal()
      }
      await moreThan(() => events.length, events.length)
      await Promise.all(writers.map((writer) => writer.stop()))
      const read = await ana.client.request(InboxDocument, { first: 25 })
      const truth = read.inbox.edges.map(({ node: { conversation, unreadCount } }) => {
        return { id: conversation.id, unreadCount, lastText: conversation.lastMessage?.text ?? null }
      })
      expect(truth).toHaveLength(3 + cutCount / 3)
      const byId = (entries: ShownEntry[]) => entries.sort((a, b) => (a.id < b.id ? -1 : 1))
      await expect.poll(() => byId(inbox.entries()), { timeout: 20_000 }).toEqual(byId(truth))
      for (const id of [...ids, ...new Set(events.map((event) => event.cursor.streamId))]) {
        const seqs = events.filter(({ cursor }) => cursor.streamId === id).map(({ cursor }) => cursor.eventSeq)
        expect(seqs, 'in order and once').toEqual([...new Set(seqs)].sort((a, b) => a - b))
      }
      expect(events.filter(({ resume }) => typeof resume !== 'string')).toEqual([])
      expect(errors).toEqual([])
      inbox.close()
    }))
}
