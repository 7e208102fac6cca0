import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NoTurnError, TooManyWaitError, Turns } from '../../../src/store/database/turns.ts'

const options = { size: 3, patienceMs: 1_500, maxWaitMs: 5_000, recoverAfterMs: 10_000 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What became of a wait so far. */
function watch(turn: Promise<void>): { state: string } {
  const seen = { state: 'waits' }
  turn.then(
    () => (seen.state = 'has it'),
    (error: unknown) => (seen.state = error instanceof NoTurnError ? (error.isStuck ? 'stuck' : 'late') : 'other'),
  )
  return seen
}

const takeAll = async (turns: Turns, count: number) => {
  for (let index = 0; index < count; index++) await turns.take()
}

test('so many have a turn at once, and the others one after the other in the order in which they asked', async () => {
  const turns = new Turns(options)
  await takeAll(turns, 3)
  const order: string[] = []
  const waits = ['a', 'b', 'c'].map((name) => turns.take().then(() => order.push(name)))
  expect(order).toEqual([])
  for (let index = 0; index < 3; index++) turns.give('success')
  await Promise.all(waits)
  expect(order).toEqual(['a', 'b', 'c'])
})

test('nobody waits long when nobody has success, and everybody waits on while somebody has', async () => {
  const turns = new Turns(options)
  await takeAll(turns, 3)
  const [first, second] = [watch(turns.take()), watch(turns.take())]
  await vi.advanceTimersByTimeAsync(1_400)
  turns.give('success')
  await vi.advanceTimersByTimeAsync(1_400)
  expect([first.state, second.state]).toEqual(['has it', 'waits'])
  await vi.advanceTimersByTimeAsync(200)
  expect(second.state).toBe('stuck')
  const third = watch(turns.take())
  // A failure is no sign of life.
  turns.give('failure')
  const fourth = watch(turns.take())
  await vi.advanceTimersByTimeAsync(1_600)
  expect([third.state, fourth.state]).toEqual(['has it', 'stuck'])
})

test('nobody waits for ever, however well the others do', async () => {
  const turns = new Turns({ ...options, size: 1 })
  await turns.take()
  const last = watch(turns.take())
  for (let index = 0; index < 6; index++) {
    void turns.take({ firstAskedAtMs: performance.now() })
    turns.give('success')
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(last.state).toBe('late')
})

test('there are fewer while there is room for fewer, never none, and all again after a while', async () => {
  const turns = new Turns(options)
  await takeAll(turns, 3)
  turns.lower(0)
  turns.give('failure')
  turns.give('failure')
  const waiting = watch(turns.take())
  await vi.advanceTimersByTimeAsync(1)
  expect(waiting.state).toBe('waits')
  turns.give('failure')
  await vi.advanceTimersByTimeAsync(1)
  expect(waiting.state).toBe('has it')
  await vi.advanceTimersByTimeAsync(10_001)
  const others = [watch(turns.take()), watch(turns.take()), watch(turns.take())]
  await vi.advanceTimersByTimeAsync(1)
  expect(others.map(({ state }) => state)).toEqual(['has it', 'has it', 'waits'])
  turns.stop()
})

test('who had a turn already goes first, and has waited since they asked for that', async () => {
  const turns = new Turns({ ...options, size: 1 })
  await turns.take()
  const other = watch(turns.take())
  await vi.advanceTimersByTimeAsync(1_000)
  const again = watch(turns.take({ firstAskedAtMs: performance.now() - 1_000 }))
  turns.give('success')
  await vi.advanceTimersByTimeAsync(1)
  expect([again.state, other.state]).toEqual(['has it', 'waits'])
})

/** Who had a turn, in order, when each ends theirs at once. */
async function orderOf(turns: Turns, waits: [string | undefined, Promise<void>][]): Promise<(string | undefined)[]> {
  const order: (string | undefined)[] = []
  const all = waits.map(async ([payer, wait]) => {
    await wait
    order.push(payer)
    turns.give('success', payer)
  })
  turns.give('success')
  await Promise.all(all)
  return order
}

test('persons take turns however much one of them asks for, and the process has every other one', async () => {
  const turns = new Turns({ ...options, size: 1 })
  await turns.take()
  const waits = ['ann', 'ann', 'ann', 'ann', 'bob', undefined, undefined, 'eve'].map(
    (payer): [string | undefined, Promise<void>] => [payer, turns.take({ payer })],
  )
  expect(await orderOf(turns, waits)).toEqual([undefined, 'ann', undefined, 'bob', 'eve', 'ann', 'ann', 'ann'])
})

test('one person has half of the places at once, all together one less than there are, and so many wait', async () => {
  const turns = new Turns({ ...options, size: 5, maxWaitingPerPayer: 3 })
  const ofAnn = Array.from({ length: 5 }, () => watch(turns.take({ payer: 'ann' })))
  await expect(turns.take({ payer: 'ann' })).rejects.toThrow(TooManyWaitError)
  const ofOthers = ['bob', 'bob', 'eve'].map((payer) => watch(turns.take({ payer })))
  const own = watch(turns.take())
  await vi.advanceTimersByTimeAsync(1)
  expect(ofAnn.map(({ state }) => state)).toEqual(['has it', 'has it', 'waits', 'waits', 'waits'])
  expect(ofOthers.map(({ state }) => state)).toEqual(['has it', 'has it', 'waits'])
  expect(own.state).toBe('has it')
  turns.give('success', 'bob')
  await vi.advanceTimersByTimeAsync(1)
  expect(ofOthers[2]!.state).toBe('has it')
  expect(ofAnn[2]!.state).toBe('waits')
  await vi.advanceTimersByTimeAsync(10_000)
})
