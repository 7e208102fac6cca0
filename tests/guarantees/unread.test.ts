import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import fc from 'fast-check'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import {
  DeleteMessageDocument,
  MarkDeliveredDocument,
  UpdateInboxEntryDocument,
  type UpdateInboxEntryInput,
} from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { effort } from '../testkit/effort.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import type { Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { readFresh, Replica } from '../testkit/replica.ts'
import { sharedPair } from '../testkit/shared.ts'

let pair: Pair

beforeAll(async () => {
  pair = await sharedPair()
})

interface Unread {
  viewer: { unreadConversationCount: number }
  inbox: {
    nodes: { unreadCount: number; unreadMentionCount: number; lastReadSeq: number; conversation: { id: string } }[]
  }
  unread: { nodes: { conversation: { id: string } }[] }
  mentioned: { nodes: { conversation: { id: string } }[] }
}

const UnreadDocument = parse(/* GraphQL */ `
  query Unread {
    viewer {
      unreadConversationCount
    }
    inbox(first: 100, filter: ALL) {
      nodes {
        unreadCount
        unreadMentionCount
        lastReadSeq
        conversation {
          id
        }
      }
    }
    unread: inbox(first: 100, filter: UNREAD) {
      nodes {
        conversation {
          id
        }
      }
    }
    mentioned: inbox(first: 100, filter: MENTIONED) {
      nodes {
        conversation {
          id
        }
      }
    }
  }
`) as TypedDocumentNode<Unread, Record<string, never>>

const EntryDocument = parse(/* GraphQL */ `
  query Entry($id: ID!) {
    conversation(id: $id) {
      headSeq
      viewerEntry {
        lastReadSeq
        unreadCount
      }
    }
  }
`) as TypedDocumentNode<
  { conversation: { headSeq: number; viewerEntry: { lastReadSeq: number; unreadCount: number } } },
  { id: string }
>

/** The rules in their plainest form: all messages kept, and counted again each time. */
class Model {
  readonly messages: { id: string; sender: number; deleted: boolean; mentions: number[]; everyone: boolean }[] = []
  readonly lastRead: number[]
  readonly quiet: { archived: boolean; muted: boolean }[]

  constructor(
    readonly conversationId: string,
    people: number,
  ) {
    this.lastRead = Array<number>(people).fill(0)
    this.quiet = this.lastRead.map(() => ({ archived: false, muted: false }))
  }

  private unread(person: number) {
    return this.messages.filter(
      ({ sender, deleted }, index) => index + 1 > this.lastRead[person]! && sender !== person && !deleted,
    )
  }

  unreadCount(person: number): number {
    return this.unread(person).length
  }

  unreadMentionCount(person: number): number {
    return this.unread(person).filter(({ mentions, everyone }) => everyone || mentions.includes(person)).length
  }
}

const who = fc.nat({ max: 2 })
const talk = fc.nat({ max: 1 })
const place = fc.nat({ max: 1 })
const mentions = fc.subarray([0, 1, 2])
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('send' as const), who, talk, place, mentions, everyone: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      who,
      talk,
      place,
      which: fc.nat(),
      mentions: fc.option(mentions),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), who, talk, place, which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('read' as const), who, talk, place, seq: fc.nat({ max: 25 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), who, talk, place, seq: fc.nat({ max: 25 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('unreadFrom' as const),
      who,
      talk,
      place,
      seq: fc.integer({ min: 1, max: 25 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const), who, talk, place, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mute' as const), who, talk, place, on: fc.boolean() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function run(people: Person[], model: Model, action: Step): Promise<void> {
  const person = people[action.who]!.at(pair.urls[action.place]!)
  const { conversationId, messages, lastRead, quiet } = model
  const updateEntry = async (change: Omit<UpdateInboxEntryInput, 'conversationId'>) => {
    const input = { conversationId, ...change }
    const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
    return expectType(updateInboxEntry, 'UpdateInboxEntrySuccess').entry
  }
  switch (action.kind) {
    case 'send': {
      // Everyone, by the owner only.
      const everyone = action.everyone && action.who === 0
      const mentionIds = action.mentions.map((index) => people[index]!.id)
      const { message } = await person.send(conversationId, 'Hello', newKey(), {
        mentionIds,
        mentionEveryone: everyone,
      })
      messages.push({ id: message.id, sender: action.who, deleted: false, mentions: action.mentions, everyone })
      lastRead[action.who] = messages.length
      for (const [index, entry] of quiet.entries()) if (index === action.who || !entry.muted) entry.archived = false
      return
    }
    case 'edit': {
      const own = messages.filter(({ sender, deleted }) => sender === action.who && !deleted)
      const message = own[action.which % Math.max(1, own.length)]
      if (!message) return
      const mentionIds = action.mentions?.map((index) => people[index]!.id) ?? null
      await person.edit(message.id, 'Hello again', newKey(), { mentionIds })
      if (action.mentions) message.mentions = action.mentions
      return
    }
    case 'delete': {
      if (messages.length === 0) return
      // Also those of others and those that are gone: refused, and then nothing may change.
      const message = messages[action.which % messages.length]!
      const input = { messageId: message.id, opKey: newKey() }
      const { deleteMessage } = await person.client.request(DeleteMessageDocument, { input })
      if (message.sender !== action.who && action.who !== 0) expectType(deleteMessage, 'ForbiddenError')
      else if (message.deleted) expectType(deleteMessage, 'MessageDeletedError')
      else {
        expectType(deleteMessage, 'DeleteMessageSuccess')
        message.deleted = true
      }
      return
    }
    case 'read': {
      const before = lastRead[action.who]!
      lastRead[action.who] = Math.max(before, Math.min(action.seq, messages.length))
      const { ack, entry } = await person.markRead(conversationId, action.seq)
      const expected = { lastReadSeq: lastRead[action.who], unreadCount: model.unreadCount(action.who) }
      expect(ack).toMatchObject(expected)
      expect(entry).toMatchObject(expected)
      return
    }
    case 'deliver': {
      const input = { conversationId, seq: action.seq }
      const { markDelivered } = await person.client.request(MarkDeliveredDocument, { input })
      const { ack } = expectType(markDelivered, 'MarkDeliveredSuccess')
      expect(ack).toMatchObject({ lastReadSeq: lastRead[action.who], unreadCount: model.unreadCount(action.who) })
      return
    }
    case 'unreadFrom': {
      lastRead[action.who] = Math.min(lastRead[action.who]!, action.seq - 1)
      const entry = await updateEntry({ unreadFromSeq: action.seq })
      expect(entry).toMatchObject({ lastReadSeq: lastRead[action.who], unreadCount: model.unreadCount(action.who) })
      return
    }
    case 'archive':
      quiet[action.who]!.archived = action.on
      expect(await updateEntry({ archived: action.on })).toMatchObject({ archived: action.on })
      return
    case 'mute':
      quiet[action.who]!.muted = action.on
      await updateEntry({ mutedUntil: action.on ? new Date(Date.now() + 3_600_000).toISOString() : null })
      return
  }
}

async function check(people: Person[], models: Model[], at: number): Promise<void> {
  for (const [index, person] of people.entries()) {
    const { viewer, inbox, unread, mentioned } = await person.at(pair.urls[at]!).client.request(UnreadDocument, {})
    const counted = models.map((model) => ({
      id: model.conversationId,
      unreadCount: model.unreadCount(index),
      unreadMentionCount: model.unreadMentionCount(index),
      lastReadSeq: model.lastRead[index],
      quiet: model.quiet[index]!.archived || model.quiet[index]!.muted,
    }))
    for (const { id, unreadCount, unreadMentionCount, lastReadSeq } of counted) {
      const entry = inbox.nodes.find(({ conversation }) => conversation.id === id)
      const expected = { unreadCount, unreadMentionCount, lastReadSeq }
      expect(entry, `the entry of person ${index}`).toMatchObject(expected)
    }
    const withUnread = counted.filter(({ unreadCount }) => unreadCount > 0)
    expect(viewer.unreadConversationCount).toBe(withUnread.filter(({ quiet }) => !quiet).length)
    expect(unread.nodes.map(({ conversation }) => conversation.id).sort()).toEqual(
      withUnread.map(({ id }) => id).sort(),
    )
    expect(mentioned.nodes.map(({ conversation }) => conversation.id).sort()).toEqual(
      counted.flatMap(({ id, unreadMentionCount }) => (unreadMentionCount > 0 ? [id] : [])).sort(),
    )
  }
}

test('unread counts, also of mentions, equal a recount after each step of any sequence of operations on two servers', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (actions) => {
    const people = await Promise.all([0, 1, 0].map((at) => signUp(pair.urls[at]!)))
    const [owner, ...others] = people as [Person, ...Person[]]
    const groups = await Promise.all([owner.createGroup(others), owner.createGroup(others)])
    const models = groups.map((conversationId) => new Model(conversationId, people.length))
    for (const action of actions) {
      await run(people, models[action.talk]!, action)
      // On the server that did not do it.
      await check(people, models, 1 - action.place)
    }
  })
  await fc.assert(property, { numRuns: effort(12, 4), endOnFailure: true })
})

test('unread counts equal a recount after everybody wrote and read at once on two servers', async () => {
  await withRandom(async (random) => {
    const people = await Promise.all([0, 1, 0].map((at) => signUp(pair.urls[at]!)))
    const [owner, ...others] = people as [Person, ...Person[]]
    const conversation = await owner.createGroup(others)
    await Promise.all(
      people.flatMap((person) =>
        pair.urls.map(async (url) => {
          const device = person.at(url)
          for (let count = 0; count < 20; count++) {
            const { message } = await device.send(conversation, 'Hello')
            if (random.below(3) === 0) await device.remove(message.id)
            if (random.below(3) === 0) await device.markRead(conversation, random.below(message.seq + 3))
          }
        }),
      ),
    )
    for (const person of people) {
      const { edges } = (await person.client.request(AllMessagesDocument, { id: conversation })).conversation.messages
      const { headSeq, viewerEntry } = (await person.client.request(EntryDocument, { id: conversation })).conversation
      const rest = edges.map(({ node }) => node).filter(({ seq }) => seq > viewerEntry.lastReadSeq)
      expect(viewerEntry.unreadCount).toBe(
        rest.filter(({ sender, deletedAt }) => sender.id !== person.id && deletedAt === null).length,
      )
      expect(headSeq).toBe(people.length * 2 * 20)
    }
  })
})

const AllMessagesDocument = parse(/* GraphQL */ `
  query AllMessages($id: ID!) {
    conversation(id: $id) {
      messages(last: 100) {
        edges {
          node {
            seq
            deletedAt
            sender {
              id
            }
          }
        }
      }
    }
  }
`) as TypedDocumentNode<
  {
    conversation: {
      messages: { edges: { node: { seq: number; deletedAt: string | null; sender: { id: string } } }[] }
    }
  },
  { id: string }
>

test('markRead from two devices on two servers in any order never moves the cursor back', async () => {
  await withRandom(async (random) => {
    const [ann, bob] = await Promise.all([signUp(pair.urls[0]), signUp(pair.urls[1])])
    const conversation = await ann.startDirect(bob)
    const total = 40
    for (let count = 0; count < total; count++) await ann.send(conversation, `Message ${count}`)
    const live = await ann.conversationEvents(conversation)
    const devices = pair.urls.map((url) => bob.at(url))
    const reports = random.shuffled(Array.from({ length: total }, (_, index) => index + 1))

    let done = false
    const watch = async (device: Person) => {
      const seen: number[] = []
      while (!done) {
        const { viewerEntry } = (await device.client.request(EntryDocument, { id: conversation })).conversation
        seen.push(viewerEntry.lastReadSeq)
      }
      return seen
    }
    const watching = Promise.all(devices.map(watch))
    const answers = await Promise.all(
      devices.map(async (device, index) => {
        const own = reports.filter((_, place) => place % 2 === index)
        const readSeqs: number[] = []
        // A few under way at a time, as from a device that scrolls.
        while (own.length > 0) {
          const acks = await Promise.all(
            own.splice(0, 3).map(async (seq) => {
              const { ack, entry } = await device.markRead(conversation, seq)
              expect(ack.lastReadSeq).toBeGreaterThanOrEqual(seq)
              expect(ack.unreadCount).toBe(total - ack.lastReadSeq)
              expect(entry.lastReadSeq).toBeGreaterThanOrEqual(ack.lastReadSeq)
              return ack.lastReadSeq
            }),
          )
          readSeqs.push(Math.max(...acks))
        }
        return readSeqs
      }),
    )
    done = true
    for (const seen of [...answers, ...(await watching)]) expect(seen).toEqual([...seen].sort((a, b) => a - b))

    const { ack } = await devices[0]!.markRead(conversation, 1)
    expect(ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: total, unreadCount: 0 })
    await ann.send(conversation, 'The end')
    await live.waitFor((event) => event.__typename === 'MessageSent')
    const advances = live.events.flatMap((event) =>
      event.__typename === 'ReceiptAdvanced' ? event.receipts.map(({ lastReadSeq }) => lastReadSeq) : [],
    )
    // Told to others strictly forward, and only as often as it moved.
    expect(advances).toEqual([...new Set(advances)].sort((a, b) => a - b))
    expect(advances.at(-1)).toBe(total)
  })
})

test('of two devices that both stand before the same lock, the one that reports less does not win by coming last', async () => {
  const [ann, bob] = await Promise.all([signUp(pair.urls[0]), signUp(pair.urls[1])])
  const conversation = await ann.startDirect(bob)
  for (let count = 0; count < 20; count++) await ann.send(conversation, `Message ${count}`)
  const live = await ann.conversationEvents(conversation)
  const held = await holdRows(pair.database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [
    keyOf(conversation),
  ])
  const first = bob.at(pair.urls[0]).markRead(conversation, 20)
  await held.waitForBlocked(1)
  const second = bob.at(pair.urls[1]).markRead(conversation, 10)
  await held.waitForBlocked(2)
  await held.release()
  expect((await first).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 20, unreadCount: 0 })
  expect((await second).ack).toMatchObject({ outcome: 'UNCHANGED', lastReadSeq: 20, unreadCount: 0 })
  await ann.send(conversation, 'The end')
  const events = await live.waitForCount(2)
  expect(events).toMatchObject([{ receipts: [{ lastReadSeq: 20 }] }, { __typename: 'MessageSent' }])
})

test('a read cursor past the newest message stands at the newest one, and counts what comes later as unread', async () => {
  const [ann, bob] = await Promise.all([signUp(pair.urls[0]), signUp(pair.urls[1])])
  const conversation = await ann.startDirect(bob)
  await ann.send(conversation, 'One')
  const { ack } = await bob.markRead(conversation, 2_147_483_647)
  expect(ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1, unreadCount: 0 })
  await ann.send(conversation, 'Two')
  const { viewerEntry } = (await bob.client.request(EntryDocument, { id: conversation })).conversation
  expect(viewerEntry).toEqual({ lastReadSeq: 1, unreadCount: 1 })
})

test('the own read position by snapshot and events equals a fresh read also after marking unread by hand', async () => {
  const [ann, bob] = await Promise.all([signUp(pair.urls[0]), signUp(pair.urls[1])])
  const conversation = await ann.startDirect(bob)
  for (let count = 0; count < 5; count++) await ann.send(conversation, `Message ${count}`)
  await bob.markRead(conversation, 5)
  const input = { conversationId: conversation, unreadFromSeq: 3 }
  expectType(
    (await bob.client.request(UpdateInboxEntryDocument, { input })).updateInboxEntry,
    'UpdateInboxEntrySuccess',
  )
  const replica = (await Replica.read(bob, conversation))!
  const live = await bob.at(pair.urls[0]).conversationEvents(conversation, replica.eventSeq, true)
  await ann.send(conversation, 'One more')
  // Another device of Bob's has got it; nobody has read anything.
  await bob.client.request(MarkDeliveredDocument, { input: { conversationId: conversation, seq: 6 } })
  const fresh = (await readFresh(bob, conversation))!
  for (const event of await live.waitForCount(fresh.eventSeq - replica.eventSeq)) replica.apply(event)
  expect(replica.state(fresh)).toEqual(fresh)
})
