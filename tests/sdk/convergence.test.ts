import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Core } from '../../sdk/src/core.ts'
import { messageCursor } from '../../sdk/src/replica/pages.ts'
import { Replica } from '../../sdk/src/replica/replica.ts'
import { timelineOf, type State } from '../../sdk/src/replica/state.ts'
import { Sync } from '../../sdk/src/replica/sync.ts'
import { messagesOf } from '../../sdk/src/replica/timeline.ts'
import { createRequests } from '../../sdk/src/requests/requests.ts'
import { memoryStorage } from '../../sdk/src/storage/memory.ts'
import { StorageFullError, type ParleyStorage } from '../../sdk/src/storage/storage.ts'
import { Chat } from '../../sdk/src/stores/chat.ts'
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
  await Promise.all(clients.map((client) => client.close()))
})

const portOf = ({ url }: ServerProcess) => Number(new URL(url).port)

/** A device with its storage, on which the client is closed and opened again. */
class Client {
  readonly kept = memoryStorage()
  isFull = false
  core!: Core
  chat!: Chat
  private isExpired = false

  constructor(readonly person: Person) {}

  /** Everything that the person sees of their conversations. */
  get state(): State {
    return this.chat.shown.getSnapshot()
  }

  async open(): Promise<void> {
    const storage: ParleyStorage = {
      ...this.kept,
      write: (rows, emptied) => (this.isFull ? Promise.reject(new StorageFullError()) : this.kept.write(rows, emptied)),
    }
    this.core = new Core({
      url: `http://127.0.0.1:${proxy.port}/graphql`,
      webSocketImpl: WebSocket,
      storage,
      device: { id: this.person.handle },
      getToken: (refused) => {
        if (refused !== null) this.isExpired = false
        return this.isExpired ? 'expired' : this.person.session.accessToken
      },
    })
    await expect.poll(() => this.core.person.getSnapshot(), agreed).not.toBeNull()
    const { replica, sync } = this.core.person.getSnapshot()!
    const { requests, subscriptions } = this.core
    this.chat = new Chat({ replica, sync, requests, storage, connection: subscriptions })
    await expect.poll(() => replica.snapshot.viewerId, agreed).toBe(this.person.id)
    await this.chat.outbox.open(this.person.id)
    this.chat.outbox.setSender(true)
    this.chat.outbox.setOnline(true)
  }

  async close(): Promise<void> {
    this.chat.outbox.close()
    await this.core.close()
  }

  async reopen(): Promise<void> {
    await this.close()
    await this.open()
  }

  /** Opened with a token that the server does not take any more. */
  async expire(): Promise<void> {
    this.isExpired = true
    await this.reopen()
  }
}

/** One thing that a person does, whether there is a connection or not. */
async function act({ chat, state }: Client, random: Random, nth: number): Promise<void> {
  const conversation = random.pick([...state.conversations.values()])
  const { id: conversationId, headSeq } = conversation
  const messages = [...messagesOf(timelineOf(state, conversationId))].filter(({ deletedAt }) => deletedAt === null)
  const own = messages.filter(({ sender }) => sender.id === state.viewerId)
  const choice = random.below(10)
  if (choice < 4 || messages.length === 0) await chat.send({ conversationId, text: `text ${nth}` })
  else if (choice < 5) await chat.send({ conversationId, text: `answer ${nth}`, replyToId: random.pick(messages).id })
  else if (choice < 6 && own.length > 0)
    await chat.edit({ conversationId, messageId: random.pick(own).id, text: `edit ${nth}` })
  else if (choice < 7 && own.length > 0) await chat.delete({ conversationId, messageId: random.pick(own).id })
  else if (choice < 9)
    await chat.react({ conversationId, messageId: random.pick(messages).id, emoji: '👍', on: nth % 2 === 0 })
  else await chat.markRead(conversationId, 1 + random.below(headSeq))
}

/** The conversations, as anybody could compare them. */
function seen(state: State) {
  return [...state.conversations.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, fields, headSeq, entry, memberCount, readByAllSeq, pins, members }) => ({
      id,
      title: fields.title,
      headSeq,
      memberCount,
      readByAllSeq,
      pins,
      entry: entry && { ...entry, isCounted: null },
      members: [...members.values()]
        .filter(({ hasLeft }) => !hasLeft)
        .map(({ user, lastReadSeq }) => `${user.id} ${lastReadSeq}`)
        .sort(),
      messages: [...messagesOf(timelineOf(state, id))],
    }))
}

/** What somebody sees who signs in on a new device. */
async function fresh(person: Person): Promise<State> {
  const token = () => Promise.resolve(person.session.accessToken)
  const requests = createRequests({ url: server.url, authorization: { token, renew: token } })
  const replica = await Replica.open({ storage: memoryStorage() }, person.id)
  const sync = new Sync({ replica, requests })
  await sync.begin()
  for (const id of [...replica.snapshot.conversations.entries()].map(([key]) => key)) {
    await sync.moreMembers(id)
    while ((timelineOf(replica.snapshot, id).ranges[0]?.[0] ?? 1) > 1) await loadOlder(replica, sync, id)
  }
  sync.close()
  return replica.snapshot
}

async function loadOlder(replica: Replica, sync: Sync, id: string): Promise<void> {
  const first = timelineOf(replica.snapshot, id).ranges[0]?.[0] ?? 1
  await sync.readMessages(id, { last: 100, before: messageCursor(first) })
}

test(
  'two clients end as the server is, whatever happens to them meanwhile',
  () =>
    withRandom(async (random) => {
      const people = [await signUp(server.url, 'One'), await signUp(server.url, 'Two')] as const
      const [one, two] = people
      const ids = [await one.startDirect(two), await one.createGroup([two]), await two.createGroup([one])]
      const [first, second] = [new Client(one), new Client(two)]
      clients.push(first, second)
      for (const client of clients) await client.open()
      for (const client of clients) {
        await expect.poll(() => client.state.conversations.size, agreed).toBe(ids.length)
        for (const id of ids) client.chat.timeline(id).subscribe(() => undefined)
      }
      const switches: Record<string, (client: Client) => Promise<void> | void> = {
        offline: () => proxy.cut(),
        online: () => proxy.heal(),
        'half dead': () => proxy.stall(),
        slow: () => proxy.delay(30),
        'server killed': async () => {
          server.kill('SIGKILL')
          await server.exited
          server = await startServer({ databaseUrl: database.url, redisUrl: null })
          proxy.redirect(portOf(server))
          for (const person of people) Object.assign(person, { url: server.url })
        },
        'token expired': (client) => client.expire(),
        'closed and opened': (client) => client.reopen(),
        'storage full': (client) => void (client.isFull = true),
        'room again': (client) => void (client.isFull = false),
      }
      const names = Object.keys(switches)
      let nth = 0
      for (let count = 0; count < switchCount; count++) {
        // Each at least once in a run of 20; opening needs a storage that has kept what was written.
        const name = count < names.length ? names[count]! : random.pick(names)
        const client = random.pick(clients)
        if (name === 'closed and opened' || name === 'token expired') client.isFull = false
        await switches[name]!(client)
        for (let write = 0; write < writesBetween; write++) await act(random.pick(clients), random, ++nth)
      }
      proxy.heal()
      for (const client of clients) client.isFull = false
      for (const client of clients) {
        await expect.poll(() => client.core.person.getSnapshot()?.syncState.getSnapshot(), agreed).toBe('LIVE')
        await expect
          .poll(() => client.chat.outbox.operations.getSnapshot().filter(({ state }) => state !== 'REFUSED'), agreed)
          .toEqual([])
        for (const id of ids) {
          const timeline = client.chat.timeline(id)
          while (timeline.getSnapshot().hasNewer) await timeline.loadNewer()
          while (timeline.getSnapshot().hasOlder) await timeline.loadOlder()
        }
        const expected = seen(await fresh(client.person))
        await expect.poll(() => seen(client.state), agreed).toEqual(expected)
        // Nothing was sent twice, and what was refused is what the other one made impossible.
        const keys = expected.flatMap(({ messages }) =>
          messages.flatMap(({ clientMessageId }) => clientMessageId ?? []),
        )
        expect(new Set(keys).size).toBe(keys.length)
        const codes = client.chat.outbox.refused.getSnapshot().map(({ refusal }) => refusal?.code)
        expect(codes.filter((code) => code !== 'MESSAGE_DELETED')).toEqual([])
      }
      const texts = ({ state }: Client) =>
        seen(state).map(({ messages }) => messages.map(({ text, seq }) => `${seq} ${text}`))
      expect(texts(first)).toEqual(texts(second))
    }),
  280_000,
)
