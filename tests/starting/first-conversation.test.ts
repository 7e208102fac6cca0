import { expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

test('what one person sends arrives in the other one’s live subscription, and again after a cut from the cursor', async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const ann = await signUp(server.url)
  const bob = await signUp(server.url)
  const conversation = await ann.startDirect(bob)
  const live = await bob.conversationEvents(conversation)
  const { ack } = await ann.send(conversation, 'Hello')
  const [event] = await live.waitForCount(1)
  expect(event).toMatchObject({ __typename: 'MessageSent', cursor: ack.cursor, message: { seq: 1, text: 'Hello' } })

  live.cut()
  await ann.send(conversation, 'Are you there?')
  const again = await bob.conversationEvents(conversation, ack.cursor.eventSeq)
  await ann.send(conversation, 'Hello?')
  const events = await again.waitForCount(2)
  expect(events.map((each) => each.__typename === 'MessageSent' && each.message.text)).toEqual([
    'Are you there?',
    'Hello?',
  ])
})
