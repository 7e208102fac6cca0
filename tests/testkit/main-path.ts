import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { ask } from './api.ts'
import { keyOf } from './ask.ts'
import type { TestDatabase } from './database.ts'
import { newKey, signUp, type Person } from './person.ts'

/** A name that ASCII rules sort and fold wrongly, and whose bytes show encoding faults. */
const displayName = 'Åsa Ωmega 日本 🙂'
const text = 'back\\slash, "quotes", \'single\', {NULL,"x"}, 日本 🙂, \t and \r\n'

/** Whether the time is within a minute of now: a busy machine may be slow. */
const isJustNow = (value: unknown) => Math.abs(Date.now() - Date.parse(String(value))) < 60_000

interface Found {
  nodes: { id: string; displayName: string; createdAt: string }[]
}

async function search(person: Person, query: string): Promise<Found['nodes']> {
  const operation = 'query ($query: String!) { searchUsers(query: $query) { nodes { id displayName createdAt } } }'
  const answer = await ask<{ searchUsers: Found }>(person, operation, { query })
  expect(answer.errors).toBeUndefined()
  return answer.data!.searchUsers.nodes
}

/**
 * The main path of every user, once: register, find a person, write, edit, delete, read, page, follow, repeat a write, in a
 * direct conversation and in small and large groups. Times are compared with the clock and with the stored ones.
 */
export async function walkMainPath(url: string, database: TestDatabase): Promise<void> {
  const mark = `Q${randomBytes(4).toString('hex')}`
  const people: Person[] = []
  for (const name of [displayName, `${mark} İstanbul`, `${mark} Istanbul`, ...Array.from('abcdefghi')]) {
    people.push(await signUp(url, name))
  }
  const [ann, bob, cem] = people as [Person, Person, Person]

  const found = await search(ann, mark)
  expect(found.map((user) => user.id).sort()).toEqual([bob.id, cem.id].sort())
  for (const user of found) expect(isJustNow(user.createdAt), user.createdAt).toBe(true)
  const asked = `{ viewer { user { displayName createdAt } } }`
  const viewer = (await ask<{ viewer: { user: Found['nodes'][number] } }>(ann, asked)).data!.viewer.user
  expect(viewer.displayName).toBe(displayName)
  const [stored] = await database.query<{ ms: string }>(
    'SELECT round(extract(epoch FROM created_at) * 1000)::text AS ms FROM public.users WHERE id = $1::text::uuid',
    [keyOf(ann.id)],
  )
  expect(String(Date.parse(viewer.createdAt))).toBe(stored?.ms)

  const direct = await ann.startDirect(bob)
  const reader = await bob.conversationEvents(direct, 0)
  const key = newKey()
  const { message } = await ann.send(direct, text, key)
  expect(message.text).toBe(text)
  expect(isJustNow(message.createdAt), message.createdAt).toBe(true)
  expect(await ann.send(direct, text, key)).toMatchObject({ ack: { outcome: 'DUPLICATE' }, message: { seq: 1 } })
  await Promise.all(Array.from({ length: 40 }, (_, index) => bob.send(direct, `Message ${String(index)}`)))
  await ann.edit(message.id, `${text} edited`)
  const { message: second } = await ann.send(direct, 'To go')
  await ann.remove(second.id)
  await bob.markRead(direct, second.seq)
  await reader.waitFor((event) => event.__typename === 'ReceiptAdvanced', 'the receipt')
  const history = `query ($id: ID!) { conversation(id: $id) { createdAt lastActivityAt
    messages(first: 2) { nodes { text createdAt editedAt readBy { nodes { readAt } } } } } }`
  interface History {
    conversation: { createdAt: string; lastActivityAt: string; messages: { nodes: Record<string, unknown>[] } }
  }
  const { conversation } = (await ask<History>(ann, history, { id: direct })).data!
  const [first] = conversation.messages.nodes
  expect(first).toMatchObject({ text: `${text} edited`, createdAt: message.createdAt })
  const { nodes: reads } = first?.readBy as { nodes: { readAt: string }[] }
  expect(reads).toHaveLength(1)
  const times = [conversation.createdAt, conversation.lastActivityAt, first?.editedAt, reads[0]?.readAt]
  expect(times.map(isJustNow), times.join(' ')).toEqual([true, true, true, true])

  const group = await ann.createGroup(people.slice(1), `${mark} ${displayName}`)
  const inbox = await cem.inboxEvents()
  await Promise.all(people.map((person, index) => person.send(group, `From ${String(index)}`)))
  await Promise.all(people.map((person) => person.markRead(group, people.length)))
  await inbox.waitFor((event) => event.__typename === 'ReceiptAdvanced', 'the gathered receipts')
  const leave =
    'mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { ... on LeaveConversationSuccess { conversationId } } }'
  expect((await ask(bob, leave, { id: group })).data).toEqual({ leaveConversation: { conversationId: group } })
  const entries = '{ inbox(first: 10) { nodes { unreadCount conversation { title lastActivityAt } } } }'
  const page = (await ask<{ inbox: { nodes: { conversation: { lastActivityAt: string } }[] } }>(ann, entries)).data!
  expect(page.inbox.nodes).toMatchObject([
    { unreadCount: 0, conversation: { title: `${mark} ${displayName}` } },
    { conversation: { title: null } },
  ])
  for (const node of page.inbox.nodes) expect(isJustNow(node.conversation.lastActivityAt)).toBe(true)
  const seqs = await database.query<{ gaps: string }>(
    `SELECT count(*)::text AS gaps FROM (SELECT seq - row_number() OVER (PARTITION BY stream_id ORDER BY seq) AS gap
       FROM public.events) AS e WHERE gap <> 0`,
  )
  expect(seqs).toEqual([{ gaps: '0' }])
}
