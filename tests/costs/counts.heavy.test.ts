import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'graphql'
import { beforeAll, expect, test, vi } from 'vitest'
import type { TypedDocument } from '../../sdk/src/requests/document.ts'
import {
  ConversationEventsDocument,
  InboxDocument,
  MessagesDocument,
  SearchMessagesDocument,
  SendMessageDocument,
  TypingEventsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { gather, signUpMany } from '../testkit/crowd.ts'
import { startMeasuredServer, type MeasuredServer, type Work } from '../testkit/measured-work.ts'
import { otherScenarios } from './people-and-desk.ts'
import { newKey, type Person } from '../testkit/person.ts'
import { flushReceipts } from '../testkit/receipts.ts'
import { RawSocket } from '../testkit/raw-socket.ts'

// What an operation costs is counted and not timed: a count is the same on every machine, and says what changed.

/** A count that depends on what happens to arrive together has a largest value only. */
type Row = Record<keyof Work, number | { max: number }>

const table = JSON.parse(readFileSync(join(import.meta.dirname, 'counts.table.json'), 'utf8')) as Record<string, Row>

const crowdSize = 50
/** A machine that halts for a moment may add to a count. What became dearer is dearer every time. */
const rounds = 3

const eventsDocument = (name: string) =>
  parse(`subscription ${name}($conversationId: ID!, $after: Int) {
    conversationEvents(conversationId: $conversationId, after: $after) {
      __typename
      ... on MessageSent { cursor { eventSeq } message { id seq text sender { displayName } } }
    }
  }`)
const FirstDocument = eventsDocument('First')
const SecondDocument = eventsDocument('Second')

const ReceiptsDocument = parse(`subscription Receipts($conversationId: ID!, $after: Int) {
  receiptEvents(conversationId: $conversationId, after: $after) {
    __typename
    ... on ReceiptAdvanced {
      cursor { eventSeq } occurredAt gathered
      receipts { user { displayName } lastReadSeq lastDeliveredSeq at }
    }
  }
}`)

const AckOnlyDocument = parse(`mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { __typename ... on SendMessageSuccess { ack { cursor { eventSeq } } } }
}`)

let server: MeasuredServer
let tellingServer: MeasuredServer
let keepingServer: MeasuredServer
let ann: Person
let crowd: Person[]
let group: string

beforeAll(async () => {
  server = await startMeasuredServer()
  const people = await signUpMany(server.database, server.url, crowdSize + 1)
  ;[ann, ...crowd] = people as [Person, ...Person[]]
  // An inbox of more than a page, each conversation with a message of somebody else.
  for (const other of crowd) await other.send(await gather(server.database, other, [ann]), 'Hello Ann')
  group = await gather(server.database, ann, crowd)
  for (const other of crowd) await other.send(group, 'Hello everybody')
  // As the next round of the index would.
  await server.database.query(`INSERT INTO message_search SELECT conversation_id, created_at, seq, revision,
    ('''' || right(conversation_id::text, 6) || 'hello'':1')::tsvector FROM messages`)
  // Its receipts are told by the test, so that they go into one event, which it hears of by its relay.
  tellingServer = await startMeasuredServer({ RELAY_INTERVAL_MS: '50' })
  keepingServer = await startMeasuredServer({ READ_CACHE_MB: '64' })
})

/** An inbox and a page of what is kept, once they are. The look at the log that each of them waits for does not count. */
async function readers() {
  const [owner, ...others] = (await signUpMany(keepingServer.database, keepingServer.url, 11)) as [Person, ...Person[]]
  for (const other of others) await other.send(await gather(keepingServer.database, other, [owner]), 'Hello')
  const id = await gather(keepingServer.database, owner, others)
  for (let count = 0; count < 20; count++) await others[count % 10]!.send(id, 'Hello everybody')
  const query = parse(
    `query { inbox { edges { node { unreadCount conversation { id title lastMessage { text } } } } } }`,
  )
  const readInbox = async () => {
    const { inbox } = await owner.client.request<{ inbox: { edges: object[] } }, object>(query, {})
    expect(inbox.edges).toHaveLength(11)
  }
  const readPage = async () => {
    const { conversation } = await owner.client.request(MessagesDocument, { id, last: 50 })
    expect(conversation!.messages.edges.length).toBeGreaterThan(19)
  }
  return { id, others, readInbox, readPage }
}

/** Read again after a message. */
async function afterMessage(pick: (one: Awaited<ReturnType<typeof readers>>) => () => Promise<void>) {
  const one = await readers()
  const read = pick(one)
  await read()
  await keepingServer.measure(() => one.others[0]!.send(one.id, 'Hello again'))
  return keepingServer.measure(read)
}

/** Measured again. */
async function onceMore(read: () => Promise<void>) {
  await keepingServer.measure(read)
  return keepingServer.measure(read)
}

/** Events that each of some sockets has received. */
class Readers {
  private readonly received = new Map<RawSocket, number>()

  /** Resolves when all of them follow the group, from a place in it or from now on. */
  async open(
    people: readonly Person[],
    documentOf: (index: number) => TypedDocument,
    after: number | null = null,
    conversationId = group,
  ) {
    const sockets = await Promise.all(people.map((person) => RawSocket.connect(person)))
    for (const [index, socket] of sockets.entries()) {
      this.received.set(socket, 0)
      socket.onData = () => this.received.set(socket, (this.received.get(socket) ?? 0) + 1)
      socket.begin('events', documentOf(index), { conversationId, after })
    }
    return this
  }

  async until(count: number) {
    await vi.waitFor(() => {
      expect([...this.received.values()]).toEqual(Array(this.received.size).fill(count))
    }, 10_000)
  }

  /** Does something until each of them has heard of it, once. */
  async untilAllHear(act: () => Promise<unknown>) {
    while ([...this.received.values()].includes(0)) {
      await act()
      await delay(50)
    }
    await this.until(1)
  }

  close() {
    for (const socket of this.received.keys()) socket.socket.terminate()
  }
}

/** Sends at once, on one socket. */
async function burst(count: number, document: TypedDocument = AckOnlyDocument) {
  const socket = await RawSocket.connect(ann)
  const answered = new Set<string>()
  socket.onComplete = (id) => answered.add(id)
  return {
    async run() {
      for (let index = 0; index < count; index++) {
        const input = { conversationId: group, text: `Message ${index}`, clientMessageId: newKey() }
        socket.begin(String(index), document, { input })
      }
      await vi.waitFor(() => {
        expect(answered.size).toBe(count)
      }, 10_000)
    },
    close() {
      socket.socket.terminate()
    },
  }
}

const head = async () => (await ann.send(group, 'The newest')).ack.cursor.eventSeq

/** What it costs when a message goes to all of these, after one that told that all of them listen. */
async function toReaders(people: readonly Person[], documentOf: (index: number) => TypedDocument) {
  const readers = await new Readers().open(people, documentOf, await head())
  await ann.send(group, 'Is everybody there?')
  await readers.until(1)
  const measured = await server.measure(async () => {
    await ann.send(group, 'To all')
    await readers.until(2)
  })
  readers.close()
  return measured
}

async function gathered(document: TypedDocument) {
  const sends = await burst(64, document)
  const measured = await server.measure(() => sends.run())
  sends.close()
  return measured
}

const written = '__typename ... on Error { code reason }'
const mutation = (name: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  return parse(`mutation ($input: ${type}!) { ${name}(input: $input) { ${written} } }`)
}

/** What one write costs that succeeds. */
async function ofWrite(name: string, input: object) {
  const document = mutation(name)
  return server.measure(async () => {
    const answer = await ann.client.request<Record<string, { __typename: string }>, object>(document, { input })
    expect(answer[name]?.__typename).toMatch(/Success$/)
  })
}

const scenarios: Record<string, () => ReturnType<MeasuredServer['measure']>> = {
  'a send': () => server.measure(() => ann.send(group, 'Hello')),

  '64 sends at once': () => gathered(AckOnlyDocument),

  "64 sends at once with the SDK's document": () => gathered(SendMessageDocument),

  'an edit': async () => {
    const { message } = await ann.send(group, 'Hello')
    return server.measure(() => ann.edit(message.id, 'Hello!'))
  },

  'a deletion': async () => {
    const { message } = await ann.send(group, 'Hello')
    return server.measure(() => ann.remove(message.id))
  },

  'a reaction': async () => {
    const { message } = await ann.send(group, 'Hello')
    return ofWrite('toggleReaction', { messageId: message.id, emoji: '👍', on: true, opKey: newKey() })
  },

  'a pin': async () => {
    const { message } = await ann.send(group, 'Hello')
    return ofWrite('pinMessage', { messageId: message.id, pinned: true, opKey: newKey() })
  },

  'a page of 50 replies, with reactions, mentions and files of each': async () => {
    const { message } = await ann.send(group, 'Hello')
    await server.database.query(
      `INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at, reply_to_seq)
       SELECT conversation_id, seq + n, sender_id, 'An answer', gen_random_uuid()::text, now(), seq
         FROM messages, generate_series(1, 50) AS n WHERE conversation_id = $1 AND seq = $2`,
      [keyOf(group), message.seq],
    )
    await server.database.query('UPDATE conversations SET head_seq = head_seq + 50 WHERE id = $1', [keyOf(group)])
    const page = parse(`query ($id: ID!) { node(id: $id) { ... on Message { replyCount replies(first: 50) {
      nodes { id text replyCount reactions { emoji count viewerReacted } mentions { handle } attachments { url } pinnedAt } } } } }`)
    return server.measure(async () => {
      const { node } = await ann.client.request<{ node: { replies: { nodes: object[] } } }, object>(page, {
        id: message.id,
      })
      expect(node.replies.nodes).toHaveLength(50)
    })
  },

  'marking as read': async () => {
    const { message } = await crowd[0]!.send(group, 'Hello')
    return server.measure(() => ann.markRead(group, message.seq))
  },

  '50 people marking the same message as read at once': async () => {
    const { message } = await ann.send(group, 'Hello')
    return server.measure(() => Promise.all(crowd.map((person) => person.markRead(group, message.seq))))
  },

  'the receipts of 50 to 50 subscribers, who read them': async () => {
    const people = await signUpMany(tellingServer.database, tellingServer.url, crowdSize + 1)
    const [owner, ...members] = people as [Person, ...Person[]]
    const id = await gather(tellingServer.database, owner, members)
    const { ack, message } = await owner.send(id, 'Hello')
    const readers = await new Readers().open(members, () => ReceiptsDocument, ack.cursor.eventSeq, id)
    await members[0]!.markRead(id, message.seq)
    await flushReceipts(tellingServer.database)
    await readers.until(1)
    await owner.send(id, 'Hello again')
    await Promise.all(members.map((person) => person.markRead(id, message.seq + 1)))
    const measured = await tellingServer.measure(async () => {
      await flushReceipts(tellingServer.database)
      await readers.until(2)
    })
    readers.close()
    return measured
  },

  'an inbox of 50': () =>
    server.measure(async () => {
      const { inbox } = await ann.client.request(InboxDocument, { first: 50 })
      expect(inbox.edges).toHaveLength(50)
    }),

  'a page of 50 messages': () =>
    server.measure(async () => {
      const { conversation } = await ann.client.request(MessagesDocument, { id: group, last: 50 })
      expect(conversation?.messages.edges).toHaveLength(50)
    }),

  // With the ids of all conversations, on which it rests.
  'an inbox for the first time, and kept': async () => keepingServer.measure((await readers()).readInbox),

  'an inbox again, from memory': async () => onceMore((await readers()).readInbox),

  'a page again, from memory': async () => onceMore((await readers()).readPage),

  'an inbox of which a conversation moved': async () => afterMessage((one) => one.readInbox),

  'a page with a new message': async () => afterMessage((one) => one.readPage),

  'a search with 50 messages': () =>
    server.measure(async () => {
      const { searchMessages } = await ann.client.request(SearchMessagesDocument, { query: 'hello', first: 50 })
      expect(searchMessages.edges).toHaveLength(50)
    }),

  'a message to 50 subscribers': () => toReaders(crowd, () => FirstDocument),

  'a message to 50 subscribers with 2 documents': () =>
    toReaders(crowd, (index) => (index % 2 ? FirstDocument : SecondDocument)),

  "a message to its sender and 50 others with the SDK's document": () =>
    toReaders([ann, ...crowd], () => ConversationEventsDocument),

  '10 messages at once to 50 subscribers': async () => {
    const readers = await new Readers().open(crowd, () => FirstDocument, await head())
    const sends = await burst(10)
    await ann.send(group, 'Is everybody there?')
    await readers.until(1)
    const measured = await server.measure(async () => {
      await sends.run()
      await readers.until(11)
    })
    readers.close()
    sends.close()
    return measured
  },

  '50 subscribers come back to 5 messages they missed': async () => {
    const after = await head()
    const staying = await new Readers().open([ann], () => FirstDocument, after)
    for (let count = 1; count <= 5; count++) await ann.send(group, `Missed ${count}`)
    await staying.until(5)
    const back = new Readers()
    const measured = await server.measure(async () => {
      await back.open(crowd, () => FirstDocument, after)
      await back.until(5)
    })
    back.close()
    staying.close()
    return measured
  },

  'a socket and its first subscription': async () => {
    const readers = new Readers()
    const after = await head()
    const measured = await server.measure(() => readers.open([ann], () => FirstDocument, after))
    readers.close()
    return measured
  },

  'a sign of typing to 50 readers': async () => {
    const readers = await new Readers().open(crowd, () => TypingEventsDocument)
    await readers.untilAllHear(() => ann.setTyping(group, true))
    // The next event about the same person comes a second later.
    await delay(1_100)
    const measured = await server.measure(async () => {
      await ann.setTyping(group, false)
      await readers.until(2)
    })
    readers.close()
    return measured
  },
}

Object.assign(
  scenarios,
  otherScenarios(() => ({ server, ann, crowd, group })),
)

const fits = (count: number, expected: Row[keyof Work] | undefined) =>
  typeof expected === 'object' ? count <= expected.max : count === expected

/** The row as it would have to be: with what was counted wherever that is not what the table says. */
const corrected = (work: Work, row: Row | undefined) =>
  Object.fromEntries(
    Object.entries(work).map(([name, count]: [string, number]) => {
      const expected = row?.[name as keyof Work]
      if (fits(count, expected)) return [name, expected]
      return [name, typeof expected === 'object' ? { max: count } : count]
    }),
  )

test.each(Object.keys(scenarios))('%s', async (name) => {
  const run = scenarios[name]!
  const row = table[name]
  // Connections, plans and parsed documents are there afterwards.
  await run()
  let measured = await run()
  const isAsExpected = () => JSON.stringify(corrected(measured.work, row)) === JSON.stringify(row)
  for (let round = 1; round < rounds && !isAsExpected(); round++) measured = await run()
  const put = `"${name}": ${JSON.stringify(corrected(measured.work, row))}`
  expect(
    corrected(measured.work, row),
    `If this change is wanted, put into counts.table.json:\n${put}\n${measured.details}\n`,
  ).toEqual(row)
})

test('the table has no row without a scenario', () => {
  expect(Object.keys(table)).toEqual(Object.keys(scenarios))
})
