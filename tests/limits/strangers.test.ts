import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { statementsOf } from '../testkit/statements.ts'

const words = '{ __typename ... on Error { code reason } }'

/** Each write by a conversation's or a message's id. */
const writes = {
  send: `mutation ($id: ID!, $key: String!) { w: sendMessage(input: { conversationId: $id, text: "Hello?", clientMessageId: $key }) ${words} }`,
  edit: `mutation ($message: ID!, $key: String!) { w: editMessage(input: { messageId: $message, text: "Hello?", opKey: $key }) ${words} }`,
  delete: `mutation ($message: ID!, $key: String!) { w: deleteMessage(input: { messageId: $message, opKey: $key }) ${words} }`,
  rename: `mutation ($id: ID!) { w: renameConversation(input: { conversationId: $id, title: "Mine" }) ${words} }`,
  add: `mutation ($id: ID!, $user: ID!) { w: addMembers(input: { conversationId: $id, userIds: [$user] }) ${words} }`,
  remove: `mutation ($id: ID!, $user: ID!) { w: removeMember(input: { conversationId: $id, userId: $user }) ${words} }`,
  leave: `mutation ($id: ID!) { w: leaveConversation(input: { conversationId: $id }) ${words} }`,
  pin: `mutation ($id: ID!) { w: updateInboxEntry(input: { conversationId: $id, pinned: true }) ${words} }`,
  read: `mutation ($id: ID!) { w: markRead(input: { conversationId: $id, seq: 1 }) ${words} }`,
  deliver: `mutation ($id: ID!) { w: markDelivered(input: { conversationId: $id, seq: 1 }) ${words} }`,
}

const rounds = 4

interface Look {
  answers: unknown
  list: { query: string; calls: number; pages: number }[]
}

const withoutPages = ({ answers, list }: Look) => ({
  answers,
  list: list.map(({ query, calls }) => ({ query, calls })),
})

test('a stranger is refused what is there as what is not: the same answer, by the same statements, and without waiting for it', async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const [ann, bob, eve] = [await signUp(server.url), await signUp(server.url), await signUp(server.url)]
  const group = await ann.createGroup([bob])
  const { message } = await ann.send(group, 'Hello')
  const nowhere = randomUUID()
  const instead = (id: string) =>
    Buffer.from(Buffer.from(id, 'base64url').toString().replace(keyOf(group), nowhere)).toString('base64url')
  const targets = [
    { id: group, message: message.id },
    { id: instead(group), message: instead(message.id) },
  ]
  const tryAll = async (names: string[], target: (typeof targets)[number]) => {
    const answers: Record<string, unknown> = {}
    for (const name of names) {
      const variables = { ...target, key: newKey(), user: bob.id }
      const used = Object.fromEntries(
        Object.entries(variables).filter(([variable]) => writes[name as keyof typeof writes].includes(`$${variable}:`)),
      )
      const { data, errors } = await ask<{ w: unknown }>(eve, writes[name as keyof typeof writes], used)
      answers[name] = errors ?? data?.w
    }
    return answers
  }
  // One after the other, on prepared connections.
  for (const target of [...targets, ...targets]) await tryAll(Object.keys(writes), target)
  const held = await holdRows(
    database,
    'SELECT FROM conversations c, members m WHERE c.id = $1 AND m.conversation_id = c.id FOR UPDATE',
    [keyOf(group)],
  )
  const look = async (target: (typeof targets)[number]) => {
    let answers: unknown
    const { list } = await statementsOf(database, async () => (answers = await tryAll(Object.keys(writes), target)))
    return { answers, list }
  }
  const looks: (readonly [Look, Look])[] = []
  for (let round = 0; round < rounds; round++) looks.push([await look(targets[0]!), await look(targets[1]!)] as const)
  for (const [real, unknown] of looks) expect(withoutPages(real)).toEqual(withoutPages(unknown))
  // The first time that a connection runs a statement it reads the catalogue besides: the fewest pages are the statement's own.
  const fewest = (of: 0 | 1, nth: number) => Math.min(...looks.map((pair) => pair[of].list[nth]!.pages))
  for (const [nth, { query }] of looks[0]![0].list.entries())
    expect(Math.abs(fewest(0, nth) - fewest(1, nth)), query).toBeLessThanOrEqual(1)
  for (const answer of Object.values(looks[0]![0].answers as object))
    expect(answer).toMatchObject({ code: 'NOT_FOUND' })
  // Nor when many of them, and somebody who is in it, ask at once.
  const sending = ann.send(group, 'Who waits')
  await held.waitForBlocked(1)
  for (const answers of await Promise.all(Array.from({ length: 8 }, () => tryAll(['send', 'pin'], targets[0]!))))
    expect(answers).toMatchObject({ send: { code: 'NOT_FOUND' }, pin: { code: 'NOT_FOUND' } })
  await held.waitForBlocked(1)
  await held.release()
  await sending
})
