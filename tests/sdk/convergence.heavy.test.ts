import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { MessagesDocument } from '../../sdk/src/generated/graphql.ts'
import { createParley, type Parley } from '../../sdk/src/parley.ts'
import { messageCursor } from '../../sdk/src/replica/pages.ts'
import type { MessageState } from '../../sdk/src/replica/state.ts'
import { memoryStorage } from '../../sdk/src/storage/memory.ts'
import { StorageFullError, type ParleyStorage } from '../../sdk/src/storage/storage.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { withRandom, type Random } from '../testkit/random.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const switchCount = effort(100, 20)
const writesBetween = 4
/** On a busy machine a server starts in seconds, and a client waits before it comes back. */
const agreed = { timeout: 90_000, interval: 250 }

let database: TestDatabase
let server: ServerProcess
let proxy: Proxy
const clients: Client[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  proxy = await startProxy(portOf(server))
})
atEndOfEachFile(async () => {
  await Promise.all(clients.map((client) => client.parley.close()))
})

const portOf = ({ url }: ServerProcess) => Number(new URL(url).port)

/** A device with its storage, on which the client is closed and opened again. */
class Client {
  readonly kept = memoryStorage()
  readonly errors: unknown[] = []
  isFull = false
  parley!: Parley
  private isExpired = false

  constructor(
    readonly person: Person,
    readonly ids: readonly string[],
  ) {}

  async open(): Promise<void> {
    const storage: ParleyStorage = {
      ...this.kept,
      write: (rows, emptied) => (this.isFull ? Promise.reject(new StorageFullError()) : this.kept.write(rows, emptied)),
    }
    this.parley = createParley({
      url: `http://127.0.0.1:${proxy.port}/graphql`,
      webSocketImpl: WebSocket,
      storage,
      device: { id: this.person.handle },
      onError: (error) => this.errors.push(error),
      getToken: (refused) => {
        if (refused !== null) this.isExpired = false
        return this.isExpired ? 'expired' : this.person.session.accessToken
      },
    })
    for (const id of this.ids) this.parley.timeline(id).subscribe(() => undefined)
    // Without an answer of the server it is the stored copy that says who it is.
    await expect.poll(() => this.parley.viewer.getSnapshot(), agreed).not.toBeNull()
  }

  async reopen(): Promise<void> {
    // What was not stored is lost with the program, as it was told.
    this.isFull = false
    await this.parley.close()
    await this.open()
  }

  /** Opened with a token that the server does not take any more. */
  async expire(): Promise<void> {
    this.isExpired = true
    await this.reopen()
  }

  messagesOf(id: string): MessageState[] {
    return this.parley
      .timeline(id)
      .getSnapshot()
      .items.flatMap((item) => (item.kind === 'message' ? [item.message] : []))
  }

  /** The conversations, as anybody could compare them. */
  seen() {
    const { items } = this.parley.inbox({ filter: 'ALL' }).getSnapshot()
    return this.ids.map((id) => {
      const item = items.find((one) => one.id === id)
      const { fields, headSeq, memberCount, readByAllSeq, pins } = item?.conversation ?? {}
      const members = this.parley
        .members(id)
        .getSnapshot()
        .members.map(({ user, lastReadSeq }) => `${user.id} ${lastReadSeq}`)
      const entry = item && { ...item.entry, isCounted: null }
      return {
        title: fields?.title,
        headSeq,
        memberCount,
        readByAllSeq,
        pins,
        entry,
        members: members.sort(),
        messages: this.messagesOf(id),
      }
    })
  }

  /** Until everything is read and sent. */
  async settle(): Promise<void> {
    const state = () => [
      this.parley.syncState.getSnapshot(),
      ...this.parley.outbox.operations
        .getSnapshot()
        .filter(({ state: at }) => at !== 'REFUSED')
        .map(({ kind, state: at }) => `${kind} ${at}`),
      ...(this.parley.syncState.getSnapshot() === 'LIVE'
        ? []
        : [this.parley.connection.getSnapshot(), ...this.errors.slice(-3).map(String)]),
    ]
    await expect.poll(state, agreed).toEqual(['LIVE'])
    for (const id of this.ids) {
      const timeline = this.parley.timeline(id)
      while (timeline.getSnapshot().hasNewer) await timeline.loadNewer()
      while (timeline.getSnapshot().hasOlder) await timeline.loadOlder()
    }
  }
}

/** One thing that a person does, whether there is a connection or not. */
async function act(client: Client, random: Random, nth: number): Promise<void> {
  const { parley, person } = client
  const conversationId = random.pick(client.ids)
  const messages = client.messagesOf(conversationId).filter(({ deletedAt, seq }) => deletedAt === null && seq > 0)
  const own = messages.filter(({ sender }) => sender.id === person.id)
  const choice = random.below(10)
  if (choice < 4 || messages.length === 0) await parley.send({ conversationId, text: `text ${nth}` })
  else if (choice < 5) await parley.send({ conversationId, text: `answer ${nth}`, replyToId: random.pick(messages).id })
  else if (choice < 6 && own.length > 0)
    await parley.edit({ conversationId, messageId: random.pick(own).id, text: `edit ${nth}` })
  else if (choice < 7 && own.length > 0) await parley.delete({ conversationId, messageId: random.pick(own).id })
  else if (choice < 9)
    await parley.react({ conversationId, messageId: random.pick(messages).id, emoji: '👍', on: nth % 2 === 0 })
  else await parley.markRead(conversationId, 1 + random.below(messages.length))
}

test('two clients end as the server is, whatever happens to them meanwhile', () =>
  withRandom(async (random) => {
    const people = [await signUp(server.url, 'One'), await signUp(server.url, 'Two')] as const
    const [one, two] = people
    const ids = [await one.startDirect(two), await one.createGroup([two]), await two.createGroup([one])]
    const [first, second] = [new Client(one, ids), new Client(two, ids)]
    clients.push(first, second)
    for (const client of [first, second]) {
      await client.open()
      await client.settle()
    }
    const switches: Record<string, (client: Client) => Promise<void> | void> = {
      offline: () => proxy.cut(),
      online: () => proxy.heal(),
      'half dead': () => proxy.stall(),
      'alive again': () => proxy.heal(),
      'server killed': async () => {
        server.kill('SIGKILL')
        await server.exited
        server = await startServer({ databaseUrl: database.url, redisUrl: null })
        proxy.redirect(portOf(server))
      },
      'token expired': (client) => client.expire(),
      'closed and opened': (client) => client.reopen(),
      'storage full': (client) => void (client.isFull = true),
      'room again': (client) => void (client.isFull = false),
      slow: () => proxy.delay(30),
    }
    const names = Object.keys(switches)
    let nth = 0
    for (let count = 0; count < switchCount; count++) {
      // Each at least once.
      const name = count < names.length ? names[count]! : random.pick(names)
      await switches[name]!(random.pick([first, second]))
      for (let write = 0; write < writesBetween; write++) await act(random.pick([first, second]), random, ++nth)
    }
    proxy.heal()
    for (const client of [first, second]) client.isFull = false
    // What one sends now, the other gets.
    for (const client of [first, second]) await client.settle()
    for (const client of [first, second]) {
      await client.settle()
      const fresh = new Client(client.person, ids)
      clients.push(fresh)
      await fresh.open()
      await fresh.settle()
      await expect.poll(() => client.seen(), agreed).toEqual(fresh.seen())
      const keys = fresh
        .seen()
        .flatMap(({ messages }) => messages.flatMap(({ clientMessageId }) => clientMessageId ?? []))
      expect(new Set(keys).size).toBe(keys.length)
      // Only what the other one made impossible is refused.
      const codes = client.parley.outbox.refused.getSnapshot().map(({ refusal }) => refusal?.code)
      expect(codes.filter((code) => code !== 'MESSAGE_DELETED')).toEqual([])
      expect(Object.values(client.parley.diagnostics)).toEqual([0, 0, 0, 0])
    }
    const texts = (client: Client) => ids.map((id) => client.messagesOf(id).map(({ text, seq }) => `${seq} ${text}`))
    expect(texts(first)).toEqual(texts(second))
    expect(texts(first).flat().length).toBeGreaterThan(switchCount)
  }))

test('the cursor of a message that the SDK makes is that of the server', async () => {
  const person = await signUp(server.url, 'Reader')
  const id = await person.createGroup([])
  for (let nth = 0; nth < 12; nth++) await person.send(id, `text ${nth}`)
  const { conversation } = await person.client.request(MessagesDocument, { id })
  const edges = conversation?.messages.edges ?? []
  expect(edges).toHaveLength(12)
  expect(edges.map(({ node }) => messageCursor(node.seq))).toEqual(edges.map(({ cursor }) => cursor))
})
