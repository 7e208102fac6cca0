import { createRequire } from 'node:module'
import { execute, parse } from 'graphql'
import { afterEach, expect, test, vi } from 'vitest'
import type { EventItem, LogItem } from '../../../src/log/items.ts'
import type { LogEvent } from '../../../src/store/log-event.ts'
import type { EventDataOf } from '../../../src/log/event-types.ts'
import type { Context } from '../../../src/schema/building/context.ts'
import { createEventResults, EventResult, type EventResults } from '../../../src/execution/event-results.ts'
import { schema } from '../../../src/schema/index.ts'
import { cannedContext, cannedItems, cannedLoaders, gathered, group, logEvent, people } from '../../testkit/canned.ts'

// Node loads graphql's CommonJS build for Pothos, Vite its ES build for the sources: a schema belongs to one of them.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

afterEach(() => {
  vi.useRealTimers()
})

const sentAt = (epoch: object): EventItem => {
  const event = cannedItems().find(
    (item) => item.event?.type === 'MESSAGE_SENT' && item.event.streamId === group,
  )!.event!
  return { event, asOf: event, epoch }
}

/** A person of this number; all but `sender` are members who sent nothing. */
const readerNo = (number: number) => `019a0000-0000-7000-8000-0000000${(0x10000 + number).toString(16)}`

const sharedOf = (selection: string) =>
  parse(`subscription ($id: ID!, $after: Int, $flag: Boolean) {
    conversationEvents(conversationId: $id, after: $after) { __typename ... on MessageSent { message { ${selection} } } }
  }`)
const plain = sharedOf('text')

/** Subscriptions of one process, and how often something was executed for them. */
function process() {
  const open = createEventResults()
  let executions = 0
  const loadersFor = () => {
    executions++
    return cannedLoaders()
  }
  return {
    get executions() {
      return executions
    },
    open(viewerId: string, document = plain, variableValues: Record<string, unknown> = { id: 'x' }) {
      const contextValue = { ...cannedContext(viewerId), domain: { loadersFor } } as unknown as Context
      return open({
        document,
        variableValues,
        contextValue,
        run: (input) => execute({ schema, document, ...input }),
      })
    },
  }
}

const settled = (result: EventResult) => new Promise<void>((resolve) => result.whenSettled(resolve))

/** As both transports read: what was given is asked for again until it is the reader's own. */
async function read(results: EventResults<LogItem>, item: LogItem) {
  for (;;) {
    const result = results.of(item)
    await settled(result)
    if (results.isOwn(result)) return result
  }
}

const messageIn = ({ value }: EventResult) => {
  if (!value?.data) throw new Error(JSON.stringify(value))
  return (value.data.conversationEvents as { message: Record<string, unknown> }).message
}

test('readers who ask the same get one result, executed once', async () => {
  const server = process()
  const item = sentAt({})
  const results = await Promise.all([1, 2, 3].map((number) => read(server.open(readerNo(number)), item)))
  expect(server.executions).toBe(1)
  expect(new Set(results).size).toBe(1)
  expect(messageIn(results[0]!)).toEqual({ text: 'Plain' })
})

test.each([
  ['read in memory', 'text clientMessageId'],
  ['that have to be loaded', 'text clientMessageId sender { displayName }'],
])('of fields %s the sender gets their own, and all others one together, whoever comes first', async (_, selection) => {
  for (const senderAt of [0, 25, 49]) {
    const server = process()
    const document = sharedOf(selection)
    const item = sentAt({})
    const ids = Array.from({ length: 50 }, (_unused, index) => (index === senderAt ? people.sender : readerNo(index)))
    const readers = ids.map((id) => server.open(id, document))
    const results = await Promise.all(readers.map((results) => read(results, item)))
    expect(results.map((result) => messageIn(result).clientMessageId)).toEqual(
      ids.map((id) => (id === people.sender ? 'key 1' : null)),
    )
    expect(server.executions).toBe(2)
  }
})

test('a selection that shows who asks is executed for each person, and for their devices together', async () => {
  const server = process()
  const document = sharedOf('conversation { viewerEntry { lastReadSeq } }')
  const item = sentAt({})
  const ids = [people.sender, people.peer, people.member, people.another, people.peer, people.sender]
  const results = await Promise.all(ids.map((id) => read(server.open(id, document), item)))
  const entries = results.map((result) => (messageIn(result).conversation as { viewerEntry: unknown }).viewerEntry)
  expect(entries.map((entry) => entry !== null)).toEqual([true, true, true, false, true, true])
  for (const [index, id] of ids.entries()) {
    for (const [other, otherId] of ids.entries()) if (id !== otherId) expect(results[index]).not.toBe(results[other])
  }
})

test('whether a message is to be told of divides readers into those who are, who are not, and from whom it is withheld', async () => {
  const document = parse(`subscription { conversationEvents(conversationId: "x") { ... on MessageSent { notify } } }`)
  const item = sentAt({})
  const server = process()
  // In the canned group the sender does not want to be told, nor do those who muted it; from one member it is withheld.
  const ids = [people.sender, people.peer, people.member, people.another, readerNo(1), readerNo(2)]
  const results = await Promise.all(ids.map((id) => read(server.open(id, document), item)))
  const notified = results.map(({ value }) => (value!.data!.conversationEvents as { notify: boolean }).notify)
  expect(notified).toEqual([false, false, false, true, true, true])
  expect(server.executions).toBe(3)
})

test('gathered receipts are executed once for everybody, also for those whose receipts they are', async () => {
  const document = parse(`subscription ($id: ID!, $after: Int) {
    conversationEvents(conversationId: $id, after: $after) {
      ... on StreamEvent { cursor { streamId eventSeq } occurredAt }
      ... on ReceiptAdvanced { gathered receipts {
        user { id } member { id lastReadSeq } lastReadSeq lastDeliveredSeq at
      } }
    }
  }`)
  const advance = (data: EventDataOf<'RECEIPT_ADVANCED'>): LogItem => {
    const event = logEvent('RECEIPT_ADVANCED', { data })
    return { event, asOf: event, epoch: {} }
  }
  const everybody = Object.values(people)
  const executionsOf = async (item: LogItem) => {
    const readers = process()
    for (const viewerId of everybody) await read(readers.open(viewerId, document), item)
    return readers.executions
  }
  expect(await executionsOf(advance(gathered))).toBe(1)
  // Where each may get their own position instead, each has a result of their own.
  expect(await executionsOf(advance({ ...gathered, gathered: false }))).toBe(everybody.length)
})

test('an event read after an edit, a deletion or a change of members is executed again', async () => {
  const server = process()
  const before = sentAt({})
  await read(server.open(readerNo(1)), before)
  const text = null
  const after = { ...before, epoch: {} }
  // The same object, as when only what hangs below the message has changed.
  Object.assign(before.event, { message: { ...before.event.message, text } })
  expect(messageIn(await read(server.open(readerNo(2)), after))).toEqual({ text })
  expect(server.executions).toBe(2)
})

test('a result serves for a tenth of a second', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout'] })
  const server = process()
  const item = sentAt({})
  await read(server.open(readerNo(1)), item)
  vi.advanceTimersByTime(90)
  await read(server.open(readerNo(2)), item)
  expect(server.executions).toBe(1)
  vi.advanceTimersByTime(20)
  await read(server.open(readerNo(3)), item)
  expect(server.executions).toBe(2)
})

test('variables count where they change what is selected, and not where they say what is followed', async () => {
  const server = process()
  const document = sharedOf('text @include(if: $flag)')
  const item = sentAt({})
  const variables = [
    { id: 'x', after: 1, flag: true },
    { id: 'x', after: 7, flag: true },
    { id: 'x', after: 1, flag: false },
  ]
  const results = await Promise.all(variables.map((values) => read(server.open(readerNo(1), document, values), item)))
  expect(results.map(messageIn)).toEqual([{ text: 'Plain' }, { text: 'Plain' }, {}])
  expect(server.executions).toBe(2)
})

test('neither word of a lost place nor an event of a personal stream is shared', async () => {
  const server = process()
  const document = parse('subscription { inboxEvents { __typename } }')
  const event = logEvent('INBOX_ENTRY_CHANGED', { streamId: people.peer, data: { conversationId: group } })
  const lost = { streamId: group, reason: 'EXPIRED' as const, headEventSeq: 9, headMark: 'mark9' }
  // A personal stream does not hear of what is deleted in a conversation, of which its event may show the last message.
  for (const item of [{ event, asOf: event, epoch: {} }, { lost }]) {
    const before = server.executions
    await Promise.all([1, 2].map(() => read(server.open(people.peer, document), item)))
    expect(server.executions - before).toBe(2)
  }
})

test('a result that failed is told to all who waited for it', async () => {
  const server = process()
  const item = { event: { ...logEvent('MESSAGE_SENT'), message: null } as unknown as LogEvent, epoch: {} }
  const results = await Promise.all([1, 2].map((number) => read(server.open(readerNo(number)), item)))
  expect(results[0]!.value?.errors).toHaveLength(1)
  expect(results[1]).toBe(results[0])
})

test('a result that never comes is given up for all who wait for it, in a way after which they come back', async () => {
  vi.useFakeTimers()
  const result = new EventResult(new Promise(() => undefined))
  const told = vi.fn()
  for (let count = 0; count < 3; count++) result.whenSettled(told)
  await vi.advanceTimersByTimeAsync(4_900)
  expect(told).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(200)
  expect(told).toHaveBeenCalledTimes(3)
  expect(result.value?.errors?.[0]?.originalError).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  vi.useRealTimers()
})
