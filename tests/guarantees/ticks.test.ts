import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, LeaveConversationDocument } from '../../sdk/src/generated/graphql.ts'
import { expectWholeChain } from '../testkit/chain.ts'
import { ask } from '../testkit/api.ts'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import type { Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { Reader } from '../testkit/reader.ts'
import { byHand, flushReceipts, globalIdOf, markDelivered, setReceipts } from '../testkit/receipts.ts'
import { startServer } from '../testkit/server.ts'

/*
 * The ticks of messages in a cache: a client knows the status of its own messages from two numbers of the conversation.
 */
let database: TestDatabase
let url: string
const gatherMembers = 5
beforeAll(async () => {
  database = await createTestDatabase()
  const env = { ...byHand, JWT_SECRET: crowdSecret, RECEIPT_GATHER_MEMBERS: String(gatherMembers) }
  ;({ url } = await startServer({ databaseUrl: database.url, redisUrl: null, env }))
})

interface Seen {
  conversation: {
    readByAllSeq: number
    deliveredToAllSeq: number
    members: { nodes: { user: { id: string }; lastReadSeq: number; lastDeliveredSeq: number }[] }
    messages: { nodes: { seq: number; status: string; sender: { id: string } }[] }
  }
}
const query = `query ($id: ID!) { conversation(id: $id) { readByAllSeq deliveredToAllSeq
  members(first: 100) { nodes { user { id } lastReadSeq lastDeliveredSeq } }
  messages(last: 100) { nodes { seq status sender { id } } } } }`

type Totals = Pick<Seen['conversation'], 'readByAllSeq' | 'deliveredToAllSeq'>
const statusBy = ({ readByAllSeq, deliveredToAllSeq }: Totals, seq: number) =>
  seq <= readByAllSeq ? 'READ' : seq <= deliveredToAllSeq ? 'DELIVERED' : 'SENT'
const least = (positions: number[]) => (positions.length === 0 ? 0 : Math.min(...positions))

/** What one person is told agrees with the members they are shown, and with each of their own messages. */
async function check(viewer: Person, id: string, step: string) {
  const { data } = await ask<Seen>(viewer, query, { id })
  const { members, messages, ...totals } = data!.conversation
  const others = members.nodes.filter(({ user }) => user.id !== globalIdOf(viewer))
  const anySent = messages.nodes.length > 0
  expect(totals, step).toEqual({
    readByAllSeq: anySent ? least(others.map(({ lastReadSeq }) => lastReadSeq)) : 0,
    deliveredToAllSeq: anySent ? least(others.map(({ lastDeliveredSeq }) => lastDeliveredSeq)) : 0,
  })
  for (const { seq, status, sender } of messages.nodes) {
    if (sender.id === globalIdOf(viewer)) expect(status, `${step}, message ${seq}`).toBe(statusBy(totals, seq))
  }
}

test.each([
  ['at once', 3],
  ['gathered', gatherMembers],
])('agree with each message and each member under random operations, receipts %s', async (_, size) => {
  await withRandom(async (random) => {
    const [owner, ...others] = (await signUpMany(database, url, size)) as [Person, ...Person[]]
    const id = await gather(database, owner, others)
    const inside = [owner, ...others]
    const outside: Person[] = []
    let headSeq = 0
    const steps: Record<string, (person: Person) => Promise<unknown>> = {
      sends: async (person) => (headSeq = (await person.send(id, 'Hello')).message.seq),
      reads: (person) => person.markRead(id, random.below(headSeq + 2)),
      'reads on': (person) => person.markRead(id, headSeq),
      'has got': (person) => markDelivered(person, id, random.below(headSeq + 2)),
      'has got all': (person) => markDelivered(person, id, headSeq),
      'tells nothing': (person) => setReceipts(person, false),
      tells: (person) => setReceipts(person, true),
      'is told': () => flushReceipts(database),
      leaves: async (person) => {
        if (person === owner) return
        await person.client.request(LeaveConversationDocument, { input: { conversationId: id } })
        outside.push(...inside.splice(inside.indexOf(person), 1))
      },
      joins: async () => {
        const [person] = outside.splice(0, 1)
        if (!person) return
        const input = { conversationId: id, userIds: [globalIdOf(person)] }
        await owner.client.request(AddMembersDocument, { input })
        inside.push(person)
      },
    }
    for (let count = 1; count <= effort(60, 25); count++) {
      const name = random.pick(Object.keys(steps))
      const person = random.pick(inside)
      await steps[name]!(person)
      const step = `step ${count}: ${person.id} ${name}`
      await Promise.all(inside.map((viewer) => check(viewer, id, step)))
    }
  })
})

type Advance = { cursor: { eventSeq: number } } & Partial<{
  conversation: Totals
  receipts: { member: { id: string; role: string; user: { id: string } } }[]
}>
const AdvancesDocument =
  parse(`subscription ($id: ID!, $after: Int) { receiptEvents(conversationId: $id, after: $after) {
  cursor { eventSeq } ... on ReceiptAdvanced { conversation { id readByAllSeq deliveredToAllSeq }
    receipts { member { id role user { id } } } } } }`) as TypedDocumentNode<
    { receiptEvents: Advance },
    { id: string; after: number }
  >

test.each([
  ['at once', 3],
  ['gathered', gatherMembers],
])('of messages in a cache follow from receipts %s', async (_, size) => {
  const [ann, ...others] = (await signUpMany(database, url, size)) as [Person, ...Person[]]
  const id = await gather(database, ann, others)
  const cached = []
  for (const text of ['1', '2', '3']) cached.push((await ann.send(id, text)).message.seq)
  const readers = await Promise.all(
    [ann, ...others].map((person) =>
      Reader.open(person, AdvancesDocument, { id, after: 0 }, ({ receiptEvents }) => receiptEvents),
    ),
  )
  for (const other of others) await markDelivered(other, id, 3)
  for (const other of others) await other.markRead(id, 2)
  await flushReceipts(database)
  const [anns] = readers
  await anns!.waitFor(({ conversation }) => conversation?.readByAllSeq === 2)
  const totals = anns!.events.at(-1)!.conversation!
  expect(cached.map((seq) => statusBy(totals, seq))).toEqual(['READ', 'READ', 'DELIVERED'])
  await readers[1]!.waitFor(({ conversation }) => conversation?.readByAllSeq === 2)
  for (const reader of readers) reader.cut()

  // Each receipt names the member that the list of members has.
  interface Members {
    conversation: { members: { nodes: { id: string; role: string; user: { id: string } }[] } }
  }
  const list = 'query ($id: ID!) { conversation(id: $id) { members { nodes { id role user { id } } } } }'
  const { data } = await ask<Members>(ann, list, { id })
  const named = anns!.events.flatMap(({ receipts = [] }) => receipts.map(({ member }) => member))
  expect(new Set(named.map((member) => member.id)).size).toBe(others.length)
  for (const member of named) expect(data!.conversation.members.nodes).toContainEqual(member)
})

test('each event of all this names the one before it', () => expectWholeChain(database))
