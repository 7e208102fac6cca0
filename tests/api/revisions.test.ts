import { beforeAll, expect, test } from 'vitest'
import { RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'

/*
 * The history of edits, and the policy of a conversation about them.
 */
let database: TestDatabase
let ann: Person
let bob: Person
let cleo: Person
let otto: Person
beforeAll(async () => {
  const shared = await sharedServer()
  database = shared.database
  ;[ann, bob, cleo, otto] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Otto'].map((name) => signUp(shared.server.url, name)),
  )) as [Person, Person, Person, Person]
})

interface Shown {
  id: string
  revision: number
  createdAt: string
  editedAt: string | null
  revisions: { revision: number; text: string; editedAt: string }[]
}

async function shown(person: Person, id: string): Promise<Shown | undefined> {
  const query = `query ($id: ID!) { node(id: $id) { ... on Message { id revision createdAt editedAt
    revisions { revision text editedAt } } } }`
  return (await ask<{ node: Shown }>(person, query, { id })).data?.node
}
const textsFor = async (person: Person, id: string) =>
  (await shown(person, id))?.revisions.map(({ revision, text }) => `${String(revision)} ${text}`)

const makeAdmin = (person: Person, id: string) =>
  database.query(`UPDATE members SET role = 'ADMIN' WHERE conversation_id = $1 AND user_id = $2`, [
    Buffer.from(id, 'base64url').toString().split(':')[1],
    Buffer.from(person.id, 'base64url').toString().split(':')[1],
  ])

test('former texts, oldest first, with when the message came to have each', async () => {
  const id = await ann.createGroup([bob])
  const { message } = await ann.send(id, 'One')
  expect(await textsFor(ann, message.id)).toEqual([])
  await ann.edit(message.id, 'Two')
  const second = await shown(ann, message.id)
  await ann.edit(message.id, 'Three')
  const third = await shown(ann, message.id)
  expect(third).toMatchObject({ revision: 3 })
  expect(third?.revisions).toEqual([
    { revision: 1, text: 'One', editedAt: third?.createdAt },
    { revision: 2, text: 'Two', editedAt: second?.editedAt },
  ])
})

test('for the sender, the owner and the admins of a group; not for others, nor in the direct conversation of two', async () => {
  const id = await ann.createGroup([bob, cleo, otto])
  await makeAdmin(cleo, id)
  const { message } = await bob.send(id, 'One')
  await bob.edit(message.id, 'Two')
  for (const person of [ann, bob, cleo]) expect(await textsFor(person, message.id)).toEqual(['1 One'])
  expect(await textsFor(otto, message.id)).toEqual([])
  const direct = await ann.startDirect(bob)
  const { message: told } = await ann.send(direct, 'One')
  await ann.edit(told.id, 'Two')
  expect(await textsFor(ann, told.id)).toEqual(['1 One'])
  expect(await textsFor(bob, told.id)).toEqual([])
  await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: cleo.id } })
  expect(await textsFor(cleo, message.id)).toBeUndefined()
})

test('the newest 100 are kept, and none of a deleted message', async () => {
  const id = await ann.createGroup([bob])
  const { message } = await ann.send(id, 'Text 1')
  for (let revision = 2; revision <= 103; revision++) await ann.edit(message.id, `Text ${String(revision)}`)
  const texts = await textsFor(ann, message.id)
  expect(texts).toEqual(Array.from({ length: 100 }, (_, index) => `${String(index + 3)} Text ${String(index + 3)}`))
  await ann.remove(message.id)
  expect(await textsFor(ann, message.id)).toEqual([])
  expect(
    await database.query('SELECT FROM message_revisions WHERE conversation_id = $1', [
      Buffer.from(id, 'base64url').toString().split(':')[1],
    ]),
  ).toEqual([])
})

test('an edit that is refused or repeated leaves nothing in the history', async () => {
  const id = await ann.createGroup([bob])
  const { message } = await ann.send(id, 'One')
  const key = newKey()
  await ann.edit(message.id, 'Two', key)
  await ann.edit(message.id, 'Two', key)
  const mutation = `mutation ($input: EditMessageInput!) { editMessage(input: $input) { __typename } }`
  for (const input of [
    { messageId: message.id, text: 'Three', opKey: newKey(), expectedRevision: 1 },
    { messageId: message.id, text: 'Three', opKey: newKey(), mentionIds: [otto.id] },
  ]) {
    await ask(ann, mutation, { input })
  }
  expect(await textsFor(ann, message.id)).toEqual(['1 One'])
})

const setPolicy = async (person: Person, conversationId: string, editPolicy: string) => {
  const mutation = `mutation ($input: SetEditPolicyInput!) { setEditPolicy(input: $input) { __typename
    ... on SetEditPolicySuccess { conversation { editPolicy } } ... on Error { code reason } } }`
  const { data } = await ask<{ setEditPolicy: object }>(person, mutation, { input: { conversationId, editPolicy } })
  return data?.setEditPolicy
}

test('the owner of a group sets its edit policy, and all are told once', async () => {
  const id = await ann.createGroup([bob, cleo])
  await makeAdmin(cleo, id)
  const { message } = await bob.send(id, 'One')
  const reader = await bob.conversationEvents(id)
  for (const person of [bob, cleo]) {
    expect(await setPolicy(person, id, 'NEVER')).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
  }
  for (const asked of [id, await bob.startDirect(cleo), ann.id, 'nothing']) {
    expect(await setPolicy(otto, asked, 'NEVER')).toMatchObject({ __typename: 'NotFoundError' })
  }
  expect(await setPolicy(ann, await ann.startDirect(bob), 'NEVER')).toMatchObject({ __typename: 'ForbiddenError' })
  for (const policy of ['ANYTIME', 'NEVER', 'NEVER']) {
    expect(await setPolicy(ann, id, policy)).toMatchObject({ conversation: { editPolicy: policy } })
  }
  const edit = `mutation ($input: EditMessageInput!) { editMessage(input: $input) {
    __typename ... on MessageLockedError { policy } } }`
  const input = { messageId: message.id, text: 'Two', opKey: newKey() }
  expect((await ask(bob, edit, { input })).data).toEqual({
    editMessage: { __typename: 'MessageLockedError', policy: 'NEVER' },
  })
  await bob.send(id, 'Last')
  await reader.waitFor((event) => event.__typename === 'MessageSent')
  expect(reader.events.map(({ __typename }) => __typename)).toEqual(['ConversationUpdated', 'MessageSent'])
})
