import { expect, test } from 'vitest'
import { SharedLog, type Taken } from '../../../src/domain/webhooks/shared-log.ts'
import { Payloads, type PayloadNeeds } from '../../../src/domain/webhooks/payload.ts'
import type { LogPosition, LogReading, WebhookFilter } from '../../../src/store/webhook-log.ts'

/*
 * Endpoints of one process share the reading of the log. Here against a log whose transactions end in another order than they begin:
 * each endpoint gets what it has asked for, all of it, once, and in the order of each stream.
 */

/** The same numbers in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Stored {
  xid: bigint
  streamId: string
  seq: number
  type: string
}

const types = ['MESSAGE_SENT', 'MESSAGE_EDITED', 'RECEIPT_ADVANCED']
const streams = ['a', 'b', 'c']

/** As PostgreSQL has it: an event is seen once its transaction has ended. */
class Log {
  readonly events: Stored[] = []
  readonly epochs = new Map<string, number>()
  reads = 0
  private nextXid = 1n
  private open: Stored[] = []
  private readonly heads = new Map<string, number>()

  constructor(private readonly random: (below: number) => number) {}

  /** A stream's events are numbered in the order of their commits, whichever transaction began first. */
  step(): void {
    this.open.push({ xid: this.nextXid++, streamId: streams[this.random(3)]!, seq: 0, type: types[this.random(3)]! })
    while (this.open.length > this.random(5)) this.commit()
  }

  private commit(): void {
    const [event] = this.open.splice(this.random(this.open.length), 1)
    if (!event) return
    event.seq = (this.heads.get(event.streamId) ?? 0) + 1
    this.heads.set(event.streamId, event.seq)
    this.events.push(event)
  }

  commitAll(): void {
    while (this.open.length > 0) this.commit()
  }

  read({ seenXid, running }: LogPosition, filter: WebhookFilter, limit: number): Promise<LogReading> {
    this.reads++
    const runningNow = this.open.map(({ xid }) => xid)
    const later = this.events
      .map(({ xid }) => xid)
      .filter((xid) => xid >= BigInt(seenXid))
      .sort((a, b) => Number(a - b))
    const isDue = (xid: bigint, bound: bigint) =>
      (xid >= BigInt(seenXid) && xid < bound) || running.includes(String(xid))
    let bound = later[limit] ?? this.nextXid
    // An event's predecessor in its stream has to be in too.
    for (;;) {
      const due = this.events.filter(({ xid }) => isDue(xid, bound))
      const behind = this.events.filter(
        (one) => one.xid >= bound && due.some(({ streamId, seq }) => streamId === one.streamId && seq > one.seq),
      )
      if (behind.length === 0) break
      bound = behind.reduce((most, { xid }) => (xid > most ? xid : most), 0n) + 1n
    }
    const events = this.events
      .filter(({ xid, type }) => isDue(xid, bound) && filter.types.includes(type))
      .sort((a, b) => (a.streamId === b.streamId ? a.seq - b.seq : a.streamId < b.streamId ? -1 : 1))
      .map(
        (event) => ({ xid: event.xid, kind: 'GROUP', title: null, event }) as unknown as LogReading['events'][number],
      )
    const next = {
      seenXid: String(bound),
      running: runningNow.filter((xid) => xid < bound).map(String),
    }
    const reading = { next, isAll: bound >= this.nextXid, takenAtMs: 0, events, epochs: new Map(this.epochs) }
    return new Promise((resolve) => setImmediate(() => resolve(reading)))
  }
}

interface Reader {
  endpointId: string
  filter: WebhookFilter
  position: LogPosition
  got: Stored[]
}

const newPayloads = () => new Payloads({} as PayloadNeeds)

async function takeOnce(shared: SharedLog, log: Log, reader: Reader): Promise<Taken | null> {
  const epoch = log.epochs.get(reader.endpointId) ?? 0
  const taken = await shared.take({ endpointId: reader.endpointId, epoch }, reader.position, reader.filter, false)
  if (taken) {
    reader.position = taken.next
    reader.got.push(...taken.events.map(({ event }) => event as unknown as Stored))
  }
  return taken
}

const readersOf = (log: Log, count: number) =>
  Array.from({ length: count }, (_, index): Reader => {
    const endpointId = `endpoint ${String(index)}`
    log.epochs.set(endpointId, 1)
    const filter = { types: index % 3 === 0 ? types : types.slice(0, 1 + (index % 2)), kinds: ['GROUP'] }
    return { endpointId, filter, position: { seenXid: '0', running: [] }, got: [] }
  })

test.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
  'each endpoint gets all of its events once and in order (%i)',
  async (seed) => {
    const random = randomOf(seed)
    const log = new Log(random)
    const shared = new SharedLog(log, newPayloads)
    const readers = readersOf(log, 6)
    for (let round = 0; round < 60; round++) {
      for (let count = random(12); count > 0; count--) log.step()
      // Some at once, some later, some while the others are served, and some that fall behind for a while.
      const some = readers.filter((_, index) => (index === 5 ? round % 20 === 19 : random(3) > 0))
      const taking = some.map(async (reader, index) => {
        for (let wait = random(3) * (index % 2); wait > 0; wait--) await new Promise((resolve) => setImmediate(resolve))
        await takeOnce(shared, log, reader)
      })
      await Promise.all(taking)
    }
    log.commitAll()
    for (const reader of readers) for (let times = 0; times < 40; times++) await takeOnce(shared, log, reader)
    for (const { got, filter } of readers) {
      const wanted = log.events.filter(({ type }) => filter.types.includes(type))
      expect(got.length).toBe(wanted.length)
      expect(new Set(got)).toEqual(new Set(wanted))
      for (const stream of streams) {
        const seqs = got.filter(({ streamId }) => streamId === stream).map(({ seq }) => seq)
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
      }
    }
  },
)

test('ten endpoints at different places come to one, and read the log once for all', async () => {
  const log = new Log(randomOf(7))
  const shared = new SharedLog(log, newPayloads)
  const readers = readersOf(log, 10)
  for (const reader of readers) {
    log.step()
    await takeOnce(shared, log, reader)
  }
  await Promise.all(readers.map((reader) => takeOnce(shared, log, reader)))
  const before = log.reads
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 5; count++) log.step()
    const taken = await Promise.all(readers.map((reader) => takeOnce(shared, log, reader)))
    expect(new Set(taken.map((one) => one?.payloads)).size).toBe(1)
  }
  expect(log.reads - before).toBe(20)
})

test('who has lost the lease gets nothing, and who has a later one is not served what was read before it', async () => {
  const log = new Log(randomOf(3))
  const shared = new SharedLog(log, newPayloads)
  const [one, other] = readersOf(log, 2) as [Reader, Reader]
  for (let count = 0; count < 20; count++) log.step()
  log.commitAll()
  await takeOnce(shared, log, one)
  log.epochs.set(other.endpointId, 2)
  // It was read with the lease before.
  expect(await takeOnce(shared, log, other)).not.toBeNull()
  const stale = { endpointId: other.endpointId, epoch: 1 }
  log.step()
  log.commitAll()
  expect(await shared.take(stale, other.position, other.filter, false)).toBeNull()
})

test('a place that was set back to a transaction is not served from one that is past it', async () => {
  const log = new Log(randomOf(9))
  const shared = new SharedLog(log, newPayloads)
  const [one, back] = readersOf(log, 3) as [Reader, Reader, Reader]
  back.filter = one.filter
  for (let count = 0; count < 30; count++) log.step()
  log.commitAll()
  one.position = { seenXid: '20', running: [] }
  back.position = { seenXid: '25', running: ['5'] }
  await Promise.all([takeOnce(shared, log, one), takeOnce(shared, log, back)])
  expect(one.got.map(({ xid }) => xid).every((xid) => xid >= 20n)).toBe(true)
  expect(new Set(back.got.map(({ xid }) => Number(xid)))).toEqual(new Set([5, 25, 26, 27, 28, 29, 30]))
})

test('when the log cannot be read all who wait are told, and the next who ask read it', async () => {
  const log = new Log(randomOf(5))
  let isAway = true
  const away = {
    read: (...args: Parameters<Log['read']>) => (isAway ? Promise.reject(new Error('away')) : log.read(...args)),
  }
  const shared = new SharedLog(away, newPayloads)
  const readers = readersOf(log, 3)
  for (let count = 0; count < 20; count++) log.step()
  log.commitAll()
  const told = await Promise.allSettled(readers.map((reader) => takeOnce(shared, log, reader)))
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  isAway = false
  await Promise.all(readers.map((reader) => takeOnce(shared, log, reader)))
  expect(readers.map(({ got }) => got.length)).toEqual(
    readers.map(({ filter }) => log.events.filter(({ type }) => filter.types.includes(type)).length),
  )
})
