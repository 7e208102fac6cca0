import { beforeAll, expect, test } from 'vitest'
import { ask, askSocket } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedPair } from '../testkit/shared.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

/*
 * What the staff read of support conversations is in the audit log, by whatever operation it was read. Changes of webhooks are in
 * webhooks.test.ts, and the rest in moderation.test.ts.
 */
let database: TestDatabase
let urls: [string, string]
let user: Person
let admin: Person
/** The support conversation of the user, and the message in it. */
let id: string
let messageId: string
beforeAll(async () => {
  ;({ database, urls } = await sharedPair())
  ;[user, admin] = await Promise.all([signUp(urls[0]), signUp(urls[1])])
  await setRole(database, 'ADMIN', admin)
  const open = `mutation ($opKey: String!) { openSupport(input: { opKey: $opKey, title: "Help" }) {
    ... on OpenSupportSuccess { conversation { id } } } }`
  const opened = await ask<{ openSupport: { conversation: { id: string } } }>(user, open, { opKey: newKey() })
  id = opened.data!.openSupport.conversation.id
  messageId = (await user.send(id, 'Where is the remarkable parcel?')).message.id
})

type Entry = Record<'action', string> & { actor: { id: string } | null; conversationId: string | null }

async function entriesOf(actor: Person): Promise<Entry[]> {
  const query = `query ($id: ID!) { auditLog(actorId: $id, first: 100) { nodes { action actor { id } conversationId } } }`
  const { data, text } = await ask<{ auditLog: { nodes: Entry[] } }>(admin, query, { id: actor.id })
  if (!data) throw new Error(text)
  return data.auditLog.nodes.filter(({ action }) => action.startsWith('support.'))
}

const ways: [name: string, query: string, seen?: string][] = [
  ['a page of messages', 'query ($id: ID!) { conversation(id: $id) { messages(last: 1) { nodes { text } } } }'],
  ['the newest message', 'query ($id: ID!) { conversation(id: $id) { lastMessage { text } } }'],
  ['the queue', '{ supportQueue(first: 100) { nodes { lastMessage { text } } } }'],
  ['a message by its id', 'query ($messageId: ID!) { node(id: $messageId) { ... on Message { text } } }'],
  ['several by their ids', 'query ($messageId: ID!) { nodes(ids: [$messageId]) { ... on Message { text } } }'],
  ['a search', 'query ($id: ID!) { searchMessages(query: "remarkable", conversationId: $id) { nodes { text } } }'],
  [
    'the events of the conversation',
    'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { cursor { eventSeq } } }',
    'eventSeq',
  ],
  [
    'those of its messages',
    'subscription ($id: ID!) { messageEvents(conversationId: $id, after: 0) { cursor { eventSeq } } }',
    'eventSeq',
  ],
]

/** Follows all support conversations. */
async function follow(tara: Person): Promise<void> {
  const query = `subscription ($id: ID!) { supportEvents(after: [{ streamId: $id, eventSeq: 0 }]) { __typename } }`
  expect((await askSocket(tara, query, { id })).errors).toBeUndefined()
}

test.each(ways)('what the staff read by %s is noted, once', async (_name, query, seen = 'remarkable') => {
  const tara = await signUp(urls[0])
  await makeStaff(database, tara)
  const read = async () => {
    const isSubscription = query.startsWith('subscription')
    const { data, errors } = await (isSubscription ? askSocket : ask)(tara, query, { id, messageId })
    expect(errors).toBeUndefined()
    return JSON.stringify(data)
  }
  // The search learns of it a little later.
  await expect.poll(read, { timeout: 20_000 }).toContain(seen)
  const noted = () => entriesOf(tara)
  const entry = { action: 'support.read', actor: { id: tara.id }, conversationId: id }
  // The queue has those of others too.
  await expect.poll(noted, { timeout: 20_000 }).toContainEqual(entry)
  const count = (await noted()).length
  for (let times = 0; times < 3; times++) await read()
  // What comes after it was written after it.
  await follow(tara)
  await expect
    .poll(async () => (await noted()).map(({ action }) => action), { timeout: 20_000 })
    .toContain('support.followed')
  expect(await noted()).toHaveLength(count + 1)
})

test('who follows all support conversations is noted, and the user who reads their own is not', async () => {
  const tara = await signUp(urls[1])
  await makeStaff(database, tara)
  await follow(tara)
  await expect
    .poll(() => entriesOf(tara), { timeout: 20_000 })
    .toContainEqual({ action: 'support.followed', actor: { id: tara.id }, conversationId: null })
  for (const [, query] of ways.slice(0, 2)) await ask(user, query, { id })
  expect(await entriesOf(user)).toEqual([])
})
