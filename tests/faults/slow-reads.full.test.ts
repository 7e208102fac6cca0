import { expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { signUp } from '../testkit/person.ts'
import { readiness } from '../testkit/proxied.ts'
import { startServer } from '../testkit/server.ts'

const readers =
  'query ($id: ID!) { conversation(id: $id) { messages(last: 5) { nodes { readBy { nodes { readAt } } } } } }'
const viewer = '{ viewer { user { handle } } }'

test('reads that take too long are the trouble of who asked for them: sends and reads of others go on', async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const [ann, bob, eve] = [await signUp(server.url), await signUp(server.url), await signUp(server.url)]
  const [talk, own] = [await ann.startDirect(bob), await eve.startDirect(bob)]
  const reader = await bob.conversationEvents(talk)
  await eve.send(own, 'Read by nobody')
  // Whoever asks for receipts waits. A lone sender's message makes none.
  const held = await holdRows(database, 'LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE', [])
  // More than there are connections, and than the failures by which a database would count as away.
  const slow = Array.from({ length: 8 }, () => ask(eve, readers, { id: own }))
  await held.waitForBlocked(2)
  let count = 0
  const state = { isOver: false }
  const ending = Promise.all(slow).finally(() => (state.isOver = true))
  while (!state.isOver) {
    await ann.send(talk, `Message ${++count}`)
    expect((await ask(ann, viewer)).errors).toBeUndefined()
    await reader.waitForCount(count)
  }
  for (const answer of await ending) expectErrors(answer, 'UNAVAILABLE')
  expect((await readiness(server)).body.status).toBe('ok')
  expect(server.logs()).not.toContain('does not answer')
  await held.release()
  expect((await ask(eve, readers, { id: own })).data).toMatchObject({ conversation: { messages: { nodes: [{}] } } })
})

test('writes that wait for one conversation are the trouble of who made them: sends in others go on', async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const [ann, bob, eve] = [await signUp(server.url), await signUp(server.url), await signUp(server.url)]
  const talk = await ann.startDirect(bob)
  const own = await eve.createGroup([bob])
  const rename =
    'mutation ($id: ID!, $t: String!) { renameConversation(input: { conversationId: $id, title: $t }) { __typename } }'
  const held = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [
    Buffer.from(own, 'base64url').toString().split(':')[1],
  ])
  const stuck = Array.from({ length: 6 }, (_, n) => ask(eve, rename, { id: own, t: `Title ${n}` }))
  await held.waitForBlocked(1)
  const state = { isOver: false }
  const ending = Promise.all(stuck).finally(() => (state.isOver = true))
  while (!state.isOver) {
    await ann.send(talk, 'Hello')
    expect((await ask(ann, viewer)).errors).toBeUndefined()
  }
  for (const answer of await ending) expectErrors(answer, 'UNAVAILABLE')
  expect(server.logs()).not.toContain('does not answer')
  await held.release()
  expect((await ask(eve, rename, { id: own, t: 'At last' })).data).toMatchObject({ renameConversation: {} })
})
