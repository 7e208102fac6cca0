import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { applyConversation } from '../replica/apply-answer.ts'
import { Model, viewerId } from '../../../tests/testkit/conversation-model.ts'
import { Replica } from '../replica/replica.ts'
import { timelineOf, type ParleyEvent } from '../replica/state.ts'
import { messagesOf } from '../replica/timeline.ts'
import { indexedDbStorage } from './indexed-db.ts'
import { memoryStorage } from './memory.ts'
import { StorageFullError, type ParleyStorage, type Row } from './storage.ts'

const id = 'conversation'
let count = 0
const kinds: [string, () => () => ParleyStorage][] = [
  [
    'memory',
    () => {
      const one = memoryStorage()
      return () => one
    },
  ],
  [
    'IndexedDB',
    () => {
      const name = `test ${++count}`
      return () => indexedDbStorage(name)
    },
  ],
]

/** A client with a conversation of some messages, and the server's events after that. */
async function filled(storage: ParleyStorage, messages = 100) {
  const model = new Model()
  for (let nth = 0; nth < messages; nth++) model.act({ kind: 'send', who: nth, which: nth })
  const replica = await Replica.open({ storage }, viewerId)
  await replica.change([id], (state) => ({ ...applyConversation(state, model.answer(0, 1_000)), resume: 'first' }))
  const next = (): ParleyEvent[] => {
    const before = model.events.length
    model.act({ kind: 'send', who: 1, which: 1 })
    return model.events.slice(before)
  }
  return { replica, next }
}

const textsOf = (replica: Replica) => [...messagesOf(timelineOf(replica.snapshot, id))].map(({ text }) => text)

test.each(kinds)('%s: what was committed is there again, with its position', async (_, make) => {
  const open = make()
  const { replica, next } = await filled(open())
  await replica.commit(next(), 'second')
  const again = await Replica.open({ storage: open() }, viewerId)
  expect(again.snapshot.resume).toBe('second')
  // Messages are read when they are looked at.
  expect(textsOf(again)).toEqual([])
  await again.load(id)
  expect(textsOf(again)).toEqual(textsOf(replica))
  expect(again.snapshot.conversations.get(id)).toEqual(replica.snapshot.conversations.get(id))
  await again.commit(next(), 'third')
  expect(textsOf(again)).toHaveLength(102)
})

test.each(kinds)('%s: an event for messages that were not looked at changes the stored ones', async (_, make) => {
  const open = make()
  const { next } = await filled(open())
  const again = await Replica.open({ storage: open() }, viewerId)
  await again.commit(next(), 'second')
  const last = await Replica.open({ storage: open() }, viewerId)
  await last.load(id)
  expect(textsOf(last)).toHaveLength(101)
})

test.each(kinds)(
  '%s: the copy of somebody else is dropped, and what they have not sent stays theirs',
  async (_, make) => {
    const open = make()
    await filled(open())
    await open().write([{ table: 'outbox', key: 'key', value: { viewerId } }])
    const other = await Replica.open({ storage: open() }, 'somebody else')
    expect(other.snapshot.conversations.size).toBe(0)
    expect(await open().read('conversations')).toEqual([])
    expect(await open().read('messages')).toEqual([])
    expect(await open().read('outbox')).toHaveLength(1)
  },
)

test.each(kinds)('%s: a copy of another format is dropped, and the outbox is not', async (_, make) => {
  const open = make()
  await filled(open())
  await open().write([
    { table: 'meta', key: 'copy', value: { viewerId, format: 0 } },
    { table: 'outbox', key: 'key', value: 1 },
  ])
  const replica = await Replica.open({ storage: open() }, viewerId)
  expect(replica.snapshot.resume).toBeNull()
  expect(replica.snapshot.conversations.size).toBe(0)
  expect(await open().read('messages')).toEqual([])
  expect(await open().read('outbox')).toEqual([['key', 1]])
})

/** A storage that has no room from a moment on. */
function limited(storage: ParleyStorage) {
  const state = { isFull: false, writes: [] as (readonly Row[])[] }
  const wrapped: ParleyStorage = {
    ...storage,
    async write(rows, emptied) {
      if (state.isFull) throw new StorageFullError()
      state.writes.push(rows)
      await storage.write(rows, emptied)
    },
  }
  return { storage: wrapped, state }
}

test('a full disk is told, keeps the older copy with its older position, and takes everything when there is room', async () => {
  const kept = memoryStorage()
  const { storage, state } = limited(kept)
  const { replica, next } = await filled(storage)
  state.isFull = true
  await replica.commit(next(), 'second')
  expect(replica.storageState.getSnapshot()).toBe('FULL')
  expect(textsOf(replica)).toHaveLength(101)
  const older = await Replica.open({ storage: kept }, viewerId)
  await older.load(id)
  expect([older.snapshot.resume, textsOf(older).length]).toEqual(['first', 100])
  state.isFull = false
  await replica.commit(next(), 'third')
  expect(replica.storageState.getSnapshot()).toBe('KEPT')
  const newer = await Replica.open({ storage: kept }, viewerId)
  await newer.load(id)
  expect([newer.snapshot.resume, textsOf(newer)]).toEqual(['third', textsOf(replica)])
})

test('events and their position are one write, of no more than what has changed', async () => {
  const { storage, state } = limited(memoryStorage())
  const { replica, next } = await filled(storage)
  state.writes = []
  await replica.commit(next(), 'second')
  const keys = state.writes.map((rows) => rows.map(({ table, key }) => `${table} ${key}`))
  const messages = [`messages ${id}/0000001`, `messages ${id}/ranges`]
  expect(keys).toEqual([['meta copy', `conversations ${id}`, ...messages]])
})

test('a storage that refuses everything is told, and the client works without it', async () => {
  const refusing: ParleyStorage = { ...memoryStorage(), read: () => Promise.reject(new Error('SecurityError')) }
  const replica = await Replica.open({ storage: refusing }, viewerId)
  expect(replica.storageState.getSnapshot()).toBe('REFUSED')
})
