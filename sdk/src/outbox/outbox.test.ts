import { expect, test } from 'vitest'
import { Chat } from '../stores/chat.ts'
import { Replica } from '../replica/replica.ts'
import { Sync } from '../replica/sync.ts'
import { applyConversation } from '../replica/apply-answer.ts'
import { Model, viewerId } from '../../../tests/testkit/conversation-model.ts'
import { NetworkError, ParleyError } from '../requests/errors.ts'
import { textOf } from '../requests/document.ts'
import type { Requests } from '../requests/requests.ts'
import { memoryStorage } from '../storage/memory.ts'
import type { ParleyStorage } from '../storage/storage.ts'
import type { MessageItem } from '../stores/timeline.ts'

const conversationId = 'conversation'
type Input = {
  clientMessageId?: string
  opKey?: string
  text?: string
  messageId?: string
  seq?: number
  emoji?: string
}

/** A server of which the test says what it answers. */
class FakeServer {
  readonly model = new Model()
  readonly asked: { operation: string; input: Input }[] = []
  answer: (operation: string, input: Input) => unknown = (operation, input) => this.done(operation, input)
  readonly requests: Requests = {
    request: async (document, variables) => {
      const operation = /(?:mutation|query) (\w+)/.exec(textOf(document))?.[1] ?? ''
      const { input } = variables as { input: Input }
      this.asked.push({ operation, input })
      return (await this.answer(operation, input)) as never
    },
  }

  done(operation: string, input: Input): unknown {
    const ack = { outcome: 'ACCEPTED', cursor: { eventSeq: this.model.eventSeq + 1 } }
    if (operation !== 'SyncSendMessage')
      return { [`${operation[0]?.toLowerCase()}${operation.slice(1)}`]: { __typename: 'Success', ack } }
    this.model.act({ kind: 'send', who: 0, which: 1 })
    const message = {
      ...this.model.messageOf(this.model.headSeq - 1),
      clientMessageId: input.clientMessageId,
      text: input.text,
    }
    const last = this.model.events.at(-1) as { message: object }
    Object.assign(last.message, { clientMessageId: input.clientMessageId, text: input.text })
    return {
      sendMessage: {
        __typename: 'SendMessageSuccess',
        ack: { ...ack, cursor: { eventSeq: this.model.eventSeq } },
        message,
      },
    }
  }
}

async function client(server: FakeServer, storage: ParleyStorage = memoryStorage()) {
  const replica = await Replica.open({ storage }, viewerId)
  const { requests } = server
  const sync = new Sync({ replica, requests })
  const chat = new Chat({ replica, sync, requests, storage, connection: { subscribe: () => () => undefined } })
  await replica.change([], (state) => applyConversation(state, server.model.answer(0, 100)))
  await chat.outbox.open(viewerId)
  chat.outbox.setSender(true)
  const items = () =>
    chat
      .timeline(conversationId)
      .getSnapshot()
      .items.filter((item): item is MessageItem => item.kind === 'message')
  const shown = () => items().map(({ message: { text }, delivery }) => `${text} ${delivery}`)
  const catchUp = () =>
    replica.commit(
      server.model.events.filter(
        ({ cursor }) => cursor.eventSeq > (replica.snapshot.conversations.get(conversationId)?.cursor.eventSeq ?? 0),
      ),
    )
  return { chat, replica, items, shown, catchUp, storage }
}

const settled = (chat: Chat) =>
  expect
    .poll(() => chat.outbox.operations.getSnapshot().every(({ state }) => state !== 'SENDING' && state !== 'WAITING'))
    .toBe(true)

test('a message written offline is shown at once, sent when there is a connection, and replaced under the same key', async () => {
  const server = new FakeServer()
  const { chat, items, shown, catchUp } = await client(server)
  await chat.send({ conversationId, text: 'first' })
  await chat.send({ conversationId, text: 'second' })
  expect(shown()).toEqual(['first PENDING', 'second PENDING'])
  const keys = items().map(({ key }) => key)
  const pendingKeys = chat.outbox.operations.getSnapshot().map(({ key }) => key)
  chat.outbox.setOnline(true)
  await settled(chat)
  expect(server.asked.map(({ input }) => input.clientMessageId)).toEqual(pendingKeys)
  expect(shown()).toEqual(['first SENT', 'second SENT'])
  await catchUp()
  expect(chat.outbox.operations.getSnapshot()).toEqual([])
  expect(shown()).toEqual(['first SENT', 'second SENT'])
  expect(items().map(({ key }) => key)).toEqual(keys)
})

test('what was not answered is repeated with its key, in the order of the conversation, also by the next client', async () => {
  const server = new FakeServer()
  const storage = memoryStorage()
  const first = await client(server, storage)
  server.answer = () => {
    throw new NetworkError('The server cannot be reached')
  }
  await first.chat.send({ conversationId, text: 'first' })
  await first.chat.send({ conversationId, text: 'second' })
  first.chat.outbox.setOnline(true)
  await expect.poll(() => server.asked.length).toBeGreaterThan(0)
  await expect.poll(() => first.chat.outbox.operations.getSnapshot()[0]?.state).toBe('WAITING')
  first.chat.outbox.close()
  server.answer = (operation, input) => server.done(operation, input)
  const second = await client(server, storage)
  expect(second.shown()).toEqual(['first PENDING', 'second PENDING'])
  server.asked.length = 0
  second.chat.outbox.setOnline(true)
  await settled(second.chat)
  expect(server.asked.map(({ input }) => input.text)).toEqual(['first', 'second'])
})

test('while the server asks for patience, more writes and a new connection do not make it try earlier', async () => {
  const server = new FakeServer()
  const { chat } = await client(server)
  server.answer = () => {
    const extensions = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 60_000 }
    throw new ParleyError([{ message: 'Too many messages', extensions }])
  }
  chat.outbox.setOnline(true)
  await chat.send({ conversationId, text: 'first' })
  await expect.poll(() => chat.outbox.operations.getSnapshot()[0]?.state).toBe('WAITING')
  for (const text of ['second', 'third']) await chat.send({ conversationId, text })
  chat.outbox.setOnline(false)
  chat.outbox.setOnline(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(server.asked.map(({ input }) => input.text)).toEqual(['first'])
  chat.outbox.close()
})

test('an event that comes before the answer replaces the pending message, and the answer adds nothing', async () => {
  const server = new FakeServer()
  const { chat, shown, catchUp } = await client(server)
  let answer: () => void = () => undefined
  server.answer = async (operation, input) => {
    const done = server.done(operation, input)
    await new Promise<void>((resolve) => (answer = resolve))
    return done
  }
  await chat.send({ conversationId, text: 'first' })
  chat.outbox.setOnline(true)
  await expect.poll(() => server.model.headSeq).toBe(1)
  await catchUp()
  expect(shown()).toEqual(['first SENT'])
  answer()
  await expect.poll(() => chat.outbox.operations.getSnapshot().length).toBe(0)
  expect(shown()).toEqual(['first SENT'])
})

test('what is refused stays with its reason, lets later ones pass, and can be changed or dropped', async () => {
  const server = new FakeServer()
  const { chat, items, shown } = await client(server)
  server.answer = (operation, input) =>
    input.text === 'bad'
      ? { sendMessage: { __typename: 'ValidationError', code: 'VALIDATION_ERROR', reason: 'Not so' } }
      : server.done(operation, input)
  await chat.send({ conversationId, text: 'bad' })
  await chat.send({ conversationId, text: 'good' })
  chat.outbox.setOnline(true)
  await settled(chat)
  expect(shown()).toEqual(['bad REFUSED', 'good SENT'])
  const [refused] = items()
  expect(refused?.reason).toBe('Not so')
  const before = server.asked.find(({ input }) => input.text === 'bad')?.input.clientMessageId
  await chat.retry(refused?.opKey ?? '', { text: 'better' })
  await settled(chat)
  expect(server.asked.at(-1)?.input.text).toBe('better')
  // Another text under the same key would be refused for ever.
  expect(server.asked.at(-1)?.input.clientMessageId).not.toBe(before)
  await chat.send({ conversationId, text: 'bad' })
  await settled(chat)
  await chat.drop(items().find(({ delivery }) => delivery === 'REFUSED')?.opKey ?? '')
  expect(shown().join()).not.toContain('bad')
})

test('a temporary refusal waits as long as the server says; an error of the server is told', async () => {
  const server = new FakeServer()
  const { chat, shown } = await client(server)
  const limited = [{ message: 'Too many', extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 20 } }]
  const broken = [{ message: 'Broken', extensions: { code: 'INTERNAL', retryable: false } }]
  let count = 0
  server.answer = () => {
    throw new ParleyError(count++ === 0 ? limited : broken)
  }
  await chat.send({ conversationId, text: 'first' })
  chat.outbox.setOnline(true)
  await settled(chat)
  expect(count).toBe(2)
  expect(shown()).toEqual(['first REFUSED'])
})

test('edits, reactions, deletions and reads are shown at once; those of an unsent message wait for its id', async () => {
  const server = new FakeServer()
  server.model.act({ kind: 'send', who: 1, which: 1 })
  server.model.act({ kind: 'send', who: 0, which: 1 })
  const { chat, items, shown } = await client(server)
  const [, own] = items()
  await chat.edit({ conversationId, messageId: own?.message.id ?? '', text: 'edited' })
  await chat.react({ conversationId, messageId: own?.message.id ?? '', emoji: '👍', on: true })
  expect(shown()[1]).toBe('edited SENT')
  expect(items()[1]?.message.reactions).toEqual([{ emoji: '👍', count: 1, viewerReacted: true }])
  const again = items()
  expect(items()).toEqual(again)
  expect(items()[0]).toBe(again[0])
  await chat.send({ conversationId, text: 'unsent' })
  await chat.edit({ conversationId, messageId: items()[2]?.message.id ?? '', text: 'changed' })
  expect(shown()[2]).toBe('changed PENDING')
  chat.outbox.setOnline(true)
  await settled(chat)
  expect(server.asked.map(({ operation }) => operation)).toEqual([
    'EditMessage',
    'ToggleReaction',
    'SyncSendMessage',
    'EditMessage',
  ])
  expect(server.asked.at(-1)?.input.messageId).toBe('message 3')
})

test('reads of a conversation are gathered, and the badge is right before the answer', async () => {
  const server = new FakeServer()
  for (let nth = 0; nth < 5; nth++) server.model.act({ kind: 'send', who: 1, which: 1 })
  const { chat } = await client(server)
  const unread = () => chat.shown.getSnapshot().conversations.get(conversationId)?.entry?.unreadCount
  expect(unread()).toBe(5)
  await chat.markRead(conversationId, 2)
  expect(unread()).toBe(3)
  await chat.markRead(conversationId)
  expect(unread()).toBe(0)
  expect(chat.outbox.operations.getSnapshot()).toHaveLength(1)
  chat.outbox.setOnline(true)
  await settled(chat)
  expect(server.asked.map(({ input }) => input.seq)).toEqual([5])
})
