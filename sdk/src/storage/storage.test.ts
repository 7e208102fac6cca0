import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { applyConversation } from '../replica/apply-answer.ts'
import { Model, viewerId } from '../../../tests/testkit/conversation-model.ts'
import { OutboxRows } from '../outbox/outbox-rows.ts'
import type { Operation } from '../outbox/operations.ts'
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

/** A storage with so many characters. */
function sized(room: number) {
  const kept = memoryStorage()
  const tables = ['meta', 'conversations', 'messages', 'outbox', 'session'] as const
  const size = async () =>
    (await Promise.all(tables.map((table) => kept.read(table))))
      .flat()
      .map(([, value]) => JSON.stringify(value))
      .join('').length
  const storage: ParleyStorage = {
    ...kept,
    async write(rows, emptied = []) {
      const before = await Promise.all(tables.map(async (table) => [table, await kept.read(table)] as const))
      await kept.write(rows, emptied)
      if ((await size()) <= room) return
      const old = before.flatMap(([table, all]) => all.map(([key, value]) => ({ table, key, value })))
      await kept.write(old, tables)
      throw new StorageFullError()
    },
  }
  return { storage, kept, size }
}

test('where there is little room older messages of the copy go, what is not sent never does, and the position is kept up', async () => {
  const whole = sized(Infinity)
  await filled(whole.storage, 1_000)
  const tight = sized((await whole.size()) + 200)
  const { replica, next } = await filled(tight.storage, 1_000)
  const rows = new OutboxRows(tight.storage, undefined, () => replica.makeRoom())
  const operation = { key: 'key', viewerId, text: 'x'.repeat(1_000) } as unknown as Operation
  await rows.write([operation], [])
  expect(await tight.kept.read('outbox')).toHaveLength(1)
  const events = Array.from({ length: 100 }, next).flat()
  await replica.commit(events, 'second')
  expect(replica.storageState.getSnapshot()).toBe('TRIMMED')
  expect(textsOf(replica)).toHaveLength(1_100)
  const again = await Replica.open({ storage: tight.kept }, viewerId)
  await again.load(id)
  expect(again.snapshot.resume).toBe('second')
  // Of the newest 1,100 the last chunk of 64 is not full.
  const from = Math.floor(1_100 / 64) * 64 - 64 + 1
  expect(timelineOf(again.snapshot, id).ranges).toEqual([[from, 1_100]])
  expect(textsOf(again)).toEqual(textsOf(replica).slice(from - 1))
  expect(await tight.kept.read('outbox')).toHaveLength(1)
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
