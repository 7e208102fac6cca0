import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { statementsOf, type Statements } from '../testkit/statements.ts'

const crowdSize = 200
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

// Texts are read from the log all the same, but not sent: that would measure the client.
const EventsDocument = parse(`subscription ($conversationId: ID!, $after: Int) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    ... on StreamEvent { cursor { eventSeq } }
  }
}`)

let database: TestDatabase
let server: ServerProcess
let ann: Person
let crowd: Person[]

const start = () =>
  startServer({ databaseUrl: database.url, env: { JWT_SECRET: crowdSecret, HOUSEKEEPING_INTERVAL_MS: '3600000' } })

beforeAll(async () => {
  database = await createTestDatabase()
  server = await start()
  ann = await signUp(server.url)
  crowd = await signUpMany(database, server.url, crowdSize)
})

/** One reader over all its connections: every event it got, in the order in which they came. */
class Follower {
  readonly seqs: number[] = []
  private socket: RawSocket | null = null

  constructor(
    readonly person: Person,
    readonly conversationId: string,
    private readonly from: number,
  ) {}

  async connect(url: string): Promise<void> {
    const socket = await RawSocket.connect(this.person.at(url))
    this.socket = socket
    socket.onData = (_, data) => {
      const { cursor } = (data as { conversationEvents: { cursor: { eventSeq: number } } }).conversationEvents
      if (this.socket === socket) this.seqs.push(cursor.eventSeq)
    }
  }

  follow(): void {
    this.socket!.begin('1', EventsDocument, {
      conversationId: this.conversationId,
      after: this.seqs.at(-1) ?? this.from,
    })
  }

  async until(seq: number): Promise<void> {
    while ((this.seqs.at(-1) ?? this.from) < seq) {
      if (this.socket!.closeCode !== null) throw new Error(`closed with ${String(this.socket!.closeCode)}`)
      await delay(20)
    }
  }

  cut(): void {
    this.socket?.socket.terminate()
    this.socket = null
  }

  /** Nothing lost, nothing repeated, in order. */
  expectAllUpTo(seq: number): void {
    expect(this.seqs).toEqual(range(this.from + 1, seq))
  }
}

async function sendMany(conversationId: string, count: number, text = 'A word'): Promise<number> {
  let head = 0
  for (const index of range(1, count)) {
    head = (await ann.send(conversationId, `${text} ${String(index)}`)).ack.cursor.eventSeq
  }
  return head
}

async function follow(followers: readonly Follower[], head: number): Promise<void> {
  for (const follower of followers) follower.follow()
  await Promise.all(followers.map((follower) => follower.until(head)))
}

const comeBack = (followers: readonly Follower[], url: string) =>
  Promise.all(followers.map((follower) => follower.connect(url)))

const callsOf = ({ list }: Statements, words: string) =>
  list.filter(({ query }) => query.includes(words)).reduce((sum, { calls }) => sum + calls, 0)

test('200 who lost their connection and come back at once cost few statements, and none of the log; nothing is lost or repeated', async () => {
  const conversationId = await gather(database, ann, crowd)
  const from = await sendMany(conversationId, 1)
  const followers = crowd.map((person) => new Follower(person, conversationId, from))
  await comeBack(followers, server.url)
  await follow(followers, await sendMany(conversationId, 5))
  for (const follower of followers) follower.cut()
  const head = await sendMany(conversationId, 20)

  await comeBack(followers, server.url)
  const statements = await statementsOf(database, () => follow(followers, head))
  // As many as there were turns of the event loop in which somebody came; one for each of them would be 200.
  expect(callsOf(statements, 'AS k(user_id, conversation_id, place)')).toBeLessThan(crowdSize / 4)
  // Their events waited for them in the ring.
  expect(callsOf(statements, 'FROM events')).toBe(0)
  expect(callsOf(statements, 'SELECT id AS "streamId"')).toBe(0)
  expect(statements.calls).toBeLessThan(crowdSize / 4)

  const last = await sendMany(conversationId, 1)
  await Promise.all(followers.map((follower) => follower.until(last)))
  for (const follower of followers) follower.expectAllUpTo(last)
})

test('200 who come back to a server that has just started read the log once', async () => {
  const conversationId = await gather(database, ann, crowd)
  const from = await sendMany(conversationId, 1)
  const followers = crowd.map((person) => new Follower(person, conversationId, from))
  const head = await sendMany(conversationId, 150)
  const other = await start()
  await comeBack(followers, other.url)
  const statements = await statementsOf(database, () => follow(followers, head))
  expect(callsOf(statements, 'FROM events')).toBe(1)
  expect(callsOf(statements, 'SELECT id AS "streamId"')).toBe(1)
  expect(statements.calls).toBeLessThan(crowdSize / 4)
  for (const follower of followers) follower.expectAllUpTo(head)
  for (const follower of followers) follower.cut()
  await other.stop()
})

test('200 who come back at once with 5 MB of history to catch up on are all served, and nobody is refused', async () => {
  const conversationId = await gather(database, ann, crowd)
  const from = await sendMany(conversationId, 1)
  // Each somewhere else in a stretch that is longer than the ring.
  const head = await sendMany(conversationId, 300, '💬'.repeat(3_990))
  const followers = crowd.map((person, index) => new Follower(person, conversationId, from + (index % 150)))
  const other = await start()
  await comeBack(followers, other.url)
  const statements = await statementsOf(database, () => follow(followers, head))
  for (const follower of followers) follower.expectAllUpTo(head)
  // 200 readers × 4 MB in pages of 256 KB would be 3,000 readings.
  expect(callsOf(statements, 'FROM events')).toBeLessThan(1_000)
  for (const follower of followers) follower.cut()
  await other.stop()
})

/** Connections that the system lets a listener hold; 0 where it does not say so. */
function systemBacklog(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
  } catch {
    return 0
  }
}

test.skipIf(systemBacklog() < 2_000)(
  '2,000 that connect while the process is busy are all taken in, and none has to try again (where the system allows it)',
  async () => {
    const { hostname, port } = new URL(server.url)
    server.kill('SIGSTOP')
    const sockets = range(1, 2_000).map(() => connect(Number(port), hostname))
    try {
      await Promise.all(
        sockets.map((socket) => new Promise((resolve, reject) => socket.once('connect', resolve).on('error', reject))),
      )
    } finally {
      server.kill('SIGCONT')
      for (const socket of sockets) socket.destroy()
    }
  },
)
