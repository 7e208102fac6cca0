import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { GraphQLError, type ExecutionResult } from 'graphql'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EventResult, type EventResults } from '../../../src/execution/event-results.ts'
import type { Share } from '../../../src/fairness/shares.ts'
import { closeCodes, tooMuch } from '../../../src/transport/websocket/close-codes.ts'
import { Delivery } from '../../../src/transport/websocket/delivery.ts'
import { FanOut } from '../../../src/transport/websocket/fan-out.ts'
import type { LiveSource } from '../../../src/transport/websocket/live-source.ts'
import { Outlet } from '../../../src/transport/websocket/outlet.ts'
import { FakeSocket } from '../../testkit/frames.ts'

const logger = pino({ level: 'silent' })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Has what a test gives it, or is endless; counts what is taken. */
class FakeSource implements LiveSource<string> {
  onMore: (() => void) | null = null
  ended = false
  returned = false
  takenCount = 0
  failure: Error | null = null
  private items: string[] = []

  constructor(private readonly endless: (() => string) | null = null) {}

  give(...items: string[]) {
    this.items.push(...items)
    this.onMore?.()
  }

  end() {
    this.ended = true
    this.onMore?.()
  }

  take(): string | null {
    const item = this.items.shift() ?? this.endless?.() ?? null
    if (item !== null) this.takenCount++
    else if (this.failure) throw this.failure
    return item
  }

  return() {
    this.returned = true
    this.ended = true
  }
}

/** Results that settle at once, or when a test says so. */
class FakeResults implements EventResults<string> {
  isClosed = false
  private readonly pending = new Map<string, (value: ExecutionResult) => void>()

  constructor(private readonly isSettledAtOnce = true) {}

  of(item: string): EventResult {
    if (this.isSettledAtOnce) return new EventResult({ data: { item } })
    return new EventResult(new Promise((resolve) => this.pending.set(item, resolve)))
  }

  settle(item: string, value: ExecutionResult = { data: { item } }) {
    this.pending.get(item)?.(value)
  }

  isOwn(): boolean {
    return true
  }

  close() {
    this.isClosed = true
  }
}

let fanOut: FanOut
let socket: FakeSocket
let outlet: Outlet
/** What the reader saw, in order, whichever way it went. */
let seen: unknown[]

beforeEach(() => {
  fanOut = new FanOut()
  socket = new FakeSocket()
  outlet = new Outlet(socket.asSocket, fanOut)
  seen = []
})

afterEach(() => {
  // Also when a test has failed: an endless source ends with its socket.
  socket.readyState = 3
})

/** A subscription, and the loop with which graphql-ws reads it. */
function subscribe(id: string, source: LiveSource, results: EventResults) {
  const delivery = new Delivery(id, source, results, outlet, logger)
  const over = (async () => {
    for (let step = await delivery.next(); !step.done; step = await delivery.next()) {
      seen.push({ id, throughGraphqlWs: step.value })
    }
    seen.push({ id, over: true })
  })()
  return { delivery, over }
}

/** Lets rounds and the pauses between them (25 ms at the most) pass. */
async function settled() {
  for (let count = 0; count < 3; count++) {
    await delay(30)
    await turn()
  }
}

const itemsOf = async () =>
  (await socket.messages).map(({ payload }) => (payload as { data: { item: string } }).data.item)

test('frames keep the order of the events when their results settle in another one', async () => {
  const source = new FakeSource()
  const results = new FakeResults(false)
  subscribe('1', source, results)
  source.give('a', 'b', 'c', 'd')
  await settled()
  for (const item of ['c', 'b', 'd']) {
    results.settle(item)
    await settled()
    expect(socket.writes).toEqual([])
  }
  results.settle('a')
  await settled()
  expect(await itemsOf()).toEqual(['a', 'b', 'c', 'd'])
  // What was ready together went out together.
  expect(socket.writes).toHaveLength(1)
})

test('a result with errors goes through graphql-ws in its place between the frames, and the end comes after the last', async () => {
  const source = new FakeSource()
  const results = new FakeResults(false)
  const { over } = subscribe('1', source, results)
  socket.onWrite = () => seen.push({ write: socket.writes.length })
  source.give('a', 'broken', 'c', 'd')
  await settled()
  results.settle('d')
  results.settle('c')
  const errors = [new GraphQLError('No.')]
  results.settle('broken', { data: null, errors })
  results.settle('a')
  source.end()
  await over
  expect(seen).toEqual([
    { write: 1 },
    { id: '1', throughGraphqlWs: { data: null, errors } },
    { write: 2 },
    { id: '1', over: true },
  ])
  expect(await itemsOf()).toEqual(['a', 'c', 'd'])
  expect(source.returned).toBe(true)
  expect(results.isClosed).toBe(true)
})

test('a source that fails has what it gave before delivered first', async () => {
  const source = new FakeSource()
  const { over } = subscribe('1', source, new FakeResults())
  source.failure = new Error('lost')
  source.give('a', 'b')
  await expect(over).rejects.toThrow('lost')
  expect(await itemsOf()).toEqual(['a', 'b'])
  expect(source.returned).toBe(true)
})

test('a subscription that fails in any way fails alone', async () => {
  const broken = new FakeResults()
  broken.isOwn = () => {
    throw new Error('a mistake of ours')
  }
  const [source, other] = [new FakeSource(), new FakeSource()]
  const { over } = subscribe('1', source, broken)
  subscribe('2', other, new FakeResults())
  source.give('a')
  other.give('b')
  await expect(over).rejects.toThrow('a mistake of ours')
  await settled()
  expect(await itemsOf()).toEqual(['b'])
  expect(source.returned).toBe(true)
})

test('whoever unsubscribes in the middle is sent nothing more, also when results settle later', async () => {
  const source = new FakeSource()
  const results = new FakeResults(false)
  const { delivery, over } = subscribe('1', source, results)
  source.give('a', 'b')
  await settled()
  await delivery.return()
  results.settle('a')
  await settled()
  await over
  expect(socket.writes).toEqual([])
  expect(source.returned).toBe(true)
})

test('while the network is behind nothing is taken from any source, and all goes on when it is not', async () => {
  let number = 0
  const endless = new FakeSource(() => `${++number} ${'x'.repeat(1_000)}`)
  const quiet = new FakeSource()
  socket.onWrite = () => (socket.isBehind = socket.writes.length === 3)
  subscribe('endless', endless, new FakeResults())
  subscribe('quiet', quiet, new FakeResults())
  await expect.poll(() => socket.isBehind).toBe(true)
  const { takenCount } = endless
  quiet.give('late')
  await settled()
  expect(socket.writes).toHaveLength(3)
  expect([endless.takenCount, quiet.takenCount]).toEqual([takenCount, 0])
  // All that was taken has been handed to the network: nothing waits that may be deleted meanwhile.
  expect(await socket.messages).toHaveLength(takenCount)

  socket.drain()
  await expect.poll(() => quiet.takenCount).toBe(1)
  await expect.poll(() => socket.writes.length).toBeGreaterThan(5)
  socket.isBehind = true
})

test('a reader whose results take their time has a bounded number of events under way', async () => {
  let number = 0
  const endless = new FakeSource(() => `${++number}`)
  subscribe('1', endless, new FakeResults(false))
  await settled()
  endless.onMore?.()
  await settled()
  expect(endless.takenCount).toBeGreaterThan(1)
  expect(endless.takenCount).toBeLessThanOrEqual(65)
})

test('a subscription that waits for a result does not hold up another one on its socket', async () => {
  const [slow, quick] = [new FakeSource(), new FakeSource()]
  const slowResults = new FakeResults(false)
  subscribe('slow', slow, slowResults)
  subscribe('quick', quick, new FakeResults())
  slow.give('a')
  quick.give('b', 'c')
  await settled()
  expect(await itemsOf()).toEqual(['b', 'c'])
  slowResults.settle('a')
  await settled()
  expect(await itemsOf()).toEqual(['b', 'c', 'a'])
})

test('a subscription that replays without an end does not starve another one on its socket', async () => {
  let number = 0
  subscribe('endless', new FakeSource(() => `${++number} ${'x'.repeat(1_000)}`), new FakeResults())
  const quiet = new FakeSource()
  subscribe('quiet', quiet, new FakeResults())
  await expect.poll(() => socket.writes.length).toBeGreaterThan(2)
  const before = socket.writes.length
  socket.onWrite = () => (socket.isBehind = socket.writes.at(-1)!.includes('"quiet"'))
  quiet.give('at last')
  await expect.poll(() => socket.isBehind).toBe(true)
  expect(socket.writes.length - before).toBeLessThanOrEqual(2)
})

test('whose events cost too much gets them when there is time for them again, all and in order; others get theirs', async () => {
  const resting = new Set<() => void>()
  const share = { isOverworked: true, workedMs: 0, whenRested: (wake: () => void) => resting.add(wake) }
  const [greedy, plain] = [new FakeSource(), new FakeSource()]
  const slowed = new Delivery('greedy', greedy, new FakeResults(), outlet, logger, null, share as unknown as Share)
  void slowed.next()
  subscribe('plain', plain, new FakeResults())
  greedy.give('a', 'b')
  plain.give('1')
  await settled()
  greedy.give('c')
  plain.give('2')
  await settled()
  expect(await itemsOf()).toEqual(['1', '2'])
  // It is slow on purpose: no reason to send it away at once.
  expect([greedy.takenCount, slowed.isBehind]).toEqual([0, false])
  share.isOverworked = false
  for (const wake of resting) wake()
  await settled()
  expect(await itemsOf()).toEqual(['1', '2', 'a', 'b', 'c'])
})

test('whose events cost too much for a minute without a pause is sent away; after a pause the minute begins anew', () => {
  const times = vi.spyOn(performance, 'now')
  const giveUp = vi.spyOn(outlet, 'giveUp').mockReturnValue(undefined)
  let wake: () => void = () => undefined
  const share = { isOverworked: true, workedMs: 0, whenRested: (listener: () => void) => (wake = listener) }
  const source = new FakeSource()
  const slowed = new Delivery('greedy', source, new FakeResults(), outlet, logger, null, share as unknown as Share)
  void slowed.next()
  source.give('a')
  const at = (nowMs: number, isOverworked: boolean) => {
    times.mockReturnValue(nowMs)
    share.isOverworked = isOverworked
    wake()
    slowed.deliver()
  }
  at(1_000, true)
  at(60_999, false)
  expect(source.takenCount).toBe(1)
  source.give('b')
  at(61_000, true)
  at(121_000, true)
  expect(giveUp).not.toHaveBeenCalled()
  at(121_001, true)
  expect(giveUp.mock.calls).toEqual([[closeCodes.TOO_MUCH_WORK, tooMuch]])
  times.mockRestore()
})

test('100 subscriptions of one socket go out in one write, each under its own id', async () => {
  const sources = range(1, 100).map((number) => {
    const source = new FakeSource()
    subscribe(`no. ${number}`, source, new FakeResults())
    return source
  })
  sources.forEach((source, index) => source.give(`for ${index + 1}`))
  await settled()
  expect(socket.writes).toHaveLength(1)
  const messages = await socket.messages
  expect(messages).toEqual(
    range(1, 100).map((number) => ({
      id: `no. ${number}`,
      type: 'next',
      payload: { data: { item: `for ${number}` } },
    })),
  )
})

test('frames of every size arrive whole, alone and together', async () => {
  const id = 'size'
  const around = JSON.stringify({ id, type: 'next', payload: { data: { item: '' } } }).length
  const sizes = [124, 125, 126, 127, 20_000, 65_534, 65_535, 65_536, 65_537, 100_000]
  const source = new FakeSource()
  subscribe(id, source, new FakeResults())
  const items = sizes.map((size, index) => String(index).repeat(size - around))
  for (const item of items) {
    source.give(item)
    await settled()
  }
  expect(socket.writes).toHaveLength(sizes.length)
  source.give(...items)
  await settled()
  expect(socket.writes.length).toBeLessThan(2 * sizes.length)
  expect(await itemsOf()).toEqual([...items, ...items])
})

test('ids and texts in any script arrive as they were', async () => {
  const ids = ['日本語', 'quote " and \\ backslash', '💬', '\u2028']
  for (const id of ids) {
    const source = new FakeSource()
    subscribe(id, source, new FakeResults())
    source.give(`Grüße, ${id} \u0000 ${'ж'.repeat(9_000)}`)
  }
  await settled()
  const messages = await socket.messages
  expect(messages.map(({ id }) => id)).toEqual(ids)
  expect(await itemsOf()).toEqual(ids.map((id) => `Grüße, ${id} \u0000 ${'ж'.repeat(9_000)}`))
})

test('sockets are served in rounds: none a second time before all that wait were served once', async () => {
  const served: number[] = []
  const outlets = range(0, 99).map((number) => {
    const own = new FakeSocket()
    let count = 0
    own.onWrite = () => served.push(number)
    const source = new FakeSource(() => (++count > 10 ? null! : `${count} ${'x'.repeat(40_000)}`))
    return { own, source, outlet: new Outlet(own.asSocket, fanOut) }
  })
  for (const { source, outlet: its } of outlets) {
    const delivery = new Delivery('1', source, new FakeResults(), its, logger)
    void delivery.next()
  }
  await expect.poll(() => served.length, { timeout: 20_000 }).toBe(500)
  for (const round of range(0, 4)) {
    expect(served.slice(round * 100, round * 100 + 100)).toEqual(range(0, 99))
  }
})

test('a socket that has gone is written to no more, and what comes for it is not taken', async () => {
  const source = new FakeSource()
  subscribe('1', source, new FakeResults())
  await settled()
  socket.readyState = 3
  source.give('a')
  await settled()
  expect(socket.writes).toEqual([])
  expect(source.takenCount).toBe(0)
})
