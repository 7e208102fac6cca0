import { beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

/* The moments in which an edit under UNTIL_READ and a read that does not lock the conversation meet. */
let database: TestDatabase
let ann: Person
let bob: Person
let cleo: Person
beforeAll(async () => {
  database = await createTestDatabase()
  const { url } = await startServer({
    databaseUrl: database.url,
    redisUrl: null,
    env: { RECEIPT_GATHER_MEMBERS: '3' },
  })
  ;[ann, bob, cleo] = await Promise.all([signUp(url), signUp(url), signUp(url)])
})

async function groupOf(owner: Person, members: Person[]): Promise<string> {
  const mutation = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) {
    ... on CreateGroupSuccess { conversation { id } } } }`
  const memberIds = members.map(({ id }) => id)
  const input = { title: 'Until read', memberIds, editPolicy: 'UNTIL_READ', opKey: newKey() }
  const { data } = await ask<{ createGroup: { conversation: { id: string } } }>(owner, mutation, { input })
  return data!.createGroup.conversation.id
}

const documents = {
  edit: `mutation ($id: ID!, $key: String!) {
    done: editMessage(input: { messageId: $id, text: "Two", opKey: $key }) { __typename } }`,
  delete: `mutation ($id: ID!, $key: String!) { done: deleteMessage(input: { messageId: $id, opKey: $key }) { __typename } }`,
}

async function change(kind: keyof typeof documents, id: string): Promise<string | undefined> {
  const { data } = await ask<{ done: { __typename: string } }>(ann, documents[kind], { id, key: newKey() })
  return data?.done.__typename
}

test.each(['edit', 'delete'] as const)(
  '%s waits for a read that has taken its time and is not committed, and is refused',
  async (kind) => {
    const id = await groupOf(bob, [ann, cleo])
    const { message } = await ann.send(id, 'One')
    // The read stops in the middle of its statement, at a receipt that somebody else is about to store.
    const held = await holdRows(
      database,
      'INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at) VALUES ($1, $2, 1, now())',
      [keyOf(id), keyOf(bob.id)],
    )
    const reading = bob.markRead(id, message.seq)
    await held.waitForBlocked(1)
    const changing = change(kind, message.id)
    await held.waitForBlocked(2)
    await held.release()
    expect((await reading).ack.lastReadSeq).toBe(message.seq)
    expect(await changing).toBe('MessageLockedError')
  },
)

test('a read waits for an edit that holds the conversation, and those of other conversations do not', async () => {
  const [id, other] = [await groupOf(bob, [ann, cleo]), await groupOf(bob, [ann, cleo])]
  const { message } = await ann.send(id, 'One')
  await ann.send(other, 'One')
  // The edit stops once it has looked at who has read, at a former text that somebody else is about to store.
  const held = await holdRows(
    database,
    `INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
     VALUES ($1, 1, 1, 'in the way', now())`,
    [keyOf(id)],
  )
  const editing = change('edit', message.id)
  await held.waitForBlocked(1)
  const reading = bob.markRead(id, message.seq)
  await held.waitForBlocked(2)
  expect((await cleo.markRead(other, 1)).ack.lastReadSeq).toBe(1)
  await held.release()
  // Its key is taken now, so the edit fails; the read goes on.
  await editing
  expect((await reading).ack.lastReadSeq).toBe(message.seq)
})
