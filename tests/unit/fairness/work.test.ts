import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { FairWork } from '../../../src/fairness/work.ts'

const errors: unknown[] = []
const logger = { error: (line: unknown) => void errors.push(line) }

/** Takes time of the clock that the scheduler looks at, and none of the processor's. */
const clock = { nowMs: 1_000 }
const look = vi.spyOn(performance, 'now').mockImplementation(() => clock.nowMs)
vi.spyOn(process, 'cpuUsage').mockImplementation((before) => ({
  user: clock.nowMs * 1_000 - (before?.user ?? 0),
  system: 0,
}))
const spend = (ms: number) => void (clock.nowMs += ms)

async function turnsUntil(isDone: () => boolean): Promise<number> {
  for (let count = 0; count < 1_000; count++) {
    if (isDone()) return count
    await nextTurn()
  }
  throw new Error('It did not come to an end.')
}

test('who took much is paced while others are there, and not when alone', () => {
  const work = new FairWork(logger)
  work.charge('bob', 1)
  work.charge('ann', 200)
  expect(work.paceMs('ann')).toBe(0)
  work.charge('ann', 300)
  expect(work.paceMs('ann')).toBe(1_000)
  // Of sends much more is let through at once.
  expect(work.paceMs('ann', 10_000)).toBe(0)
  expect(work.paceMs('bob')).toBe(0)
  // A second later nobody else is there.
  spend(1_001)
  work.charge('ann', 300)
  expect(work.paceMs('ann')).toBe(0)
  work.charge('bob', 1)
  expect(work.paceMs('ann')).toBeGreaterThan(0)
  // What was taken becomes less with time.
  spend(3_000)
  work.charge('bob', 1)
  expect(work.paceMs('ann')).toBe(0)
})

test('a piece runs at once while nobody waits, and later when the turn is used up', async () => {
  const work = new FairWork(logger)
  const done: string[] = []
  work.enqueue('ann', () => void done.push('short'))
  work.enqueue('ann', () => {
    spend(10)
    done.push('long')
  })
  expect(done).toEqual(['short', 'long'])
  work.enqueue('bob', () => void done.push('after'))
  expect([done.length, work.isTurnOver]).toEqual([2, true])
  await turnsUntil(() => done.length === 3)
  await nextTurn()
  expect(work.isTurnOver).toBe(false)
})

test('who has much to do waits for themselves', async () => {
  const work = new FairWork(logger)
  const order: string[] = []
  const enqueue = (payer: string, ms: number) =>
    work.enqueue(payer, () => {
      spend(ms)
      order.push(payer)
    })
  enqueue('first', 10)
  for (let count = 0; count < 100; count++) enqueue('greedy', 2)
  enqueue('modest', 0.1)
  enqueue('other', 0.1)
  await turnsUntil(() => order.length === 103)
  expect(order.indexOf('modest')).toBeLessThan(6)
  expect(order.indexOf('other')).toBeLessThan(6)
})

test('two who ask for as much get as much, whatever the size of their pieces', async () => {
  const work = new FairWork(logger)
  const took = { small: 0, large: 0 }
  const halfway: number[] = []
  const enqueue = (payer: 'small' | 'large', ms: number) =>
    work.enqueue(payer, () => {
      spend(ms)
      took[payer] += ms
      if (payer === 'large' && took.large === 120) halfway.push(took.small)
    })
  work.enqueue('begin', () => spend(10))
  for (let count = 0; count < 40; count++) enqueue('large', 6)
  for (let count = 0; count < 480; count++) enqueue('small', 0.5)
  await turnsUntil(() => took.small + took.large === 480)
  expect(halfway[0]).toBeGreaterThan(100)
  expect(halfway[0]).toBeLessThan(140)
})

test('one turn of the loop takes queued work for a few milliseconds', async () => {
  const work = new FairWork(logger)
  let done = 0
  work.enqueue('ann', () => spend(10))
  for (let count = 0; count < 30; count++)
    work.enqueue('ann', () => {
      spend(1)
      done++
    })
  expect(await turnsUntil(() => done === 30)).toBeGreaterThanOrEqual(3)
})

test('a long piece is told that its turn is over, and a short one never looks at the clock', () => {
  const work = new FairWork(logger)
  const looks = look.mock.calls.length
  for (let count = 0; count < 60; count++) expect(work.isTurnOver).toBe(false)
  expect(look.mock.calls).toHaveLength(looks)
  let count = 0
  while (!work.isTurnOver) {
    spend(0.01)
    count++
  }
  expect(count).toBeLessThan(1_200)
})

test('what was measured elsewhere is charged once, and drains away', () => {
  const work = new FairWork(logger)
  work.enqueue('ann', () => {
    spend(900)
    work.charge('ann', 900)
  })
  expect(work.debtMs('ann')).toBe(0)
  work.charge('ann', 600)
  expect([work.debtMs('ann'), work.waitMs('ann')]).toEqual([500, 2_000])
  expect([work.debtMs('bob'), work.waitMs('bob')]).toEqual([0, 0])
  spend(2_001)
  expect(work.debtMs('ann')).toBe(0)
})

test('a piece inside of a piece is charged to its own payer alone', () => {
  const work = new FairWork(logger)
  work.enqueue('ann', () => {
    spend(0.5)
    work.enqueue('bob', () => spend(1_500))
    spend(0.5)
  })
  expect(work.debtMs('ann')).toBe(0)
  expect(work.debtMs('bob')).toBeCloseTo(500, 0)
})

test('a piece that throws ends nothing', async () => {
  const work = new FairWork(logger)
  let done = 0
  const fail = () => {
    throw new Error('of this piece')
  }
  work.enqueue('ann', () => spend(10))
  work.enqueue('ann', fail)
  work.enqueue('ann', () => {
    done++
  })
  await turnsUntil(() => done === 1)
  expect(errors).toHaveLength(1)
})
