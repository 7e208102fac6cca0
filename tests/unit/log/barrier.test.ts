import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Barrier } from '../../../src/log/barrier.ts'
import { shownMove, type Move } from '../../../src/log/moves.ts'
import type { Moves, Seen } from '../../../src/store/moves.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

interface Asked {
  seen: Seen | null
  answer: (moves: Partial<Moves>) => Promise<void>
  fail: () => Promise<void>
}

/** A barrier whose statements are answered by the test, in their order. */
function createWatched({ timeoutMs = 60_000, isEmpty = true, intervalMs = 3_600_000, restMs = 3_600_000 } = {}) {
  const asked: Asked[] = []
  let tell: (() => void) | undefined
  const store = {
    after: (seen: Seen | null) =>
      new Promise<Moves>((resolve, reject) => {
        const settled = async (settle: () => void) => {
          settle()
          await turn()
        }
        const base = {
          server: 'one',
          xid: String(asked.length),
          running: [],
          newest: null,
          moved: [],
          isWhole: seen !== null,
        }
        asked.push({
          seen,
          answer: (moves) => settled(() => resolve({ ...base, ...moves })),
          fail: () => settled(() => reject(new Error('the connection broke'))),
        })
        tell?.()
      }),
  }
  const told: (Move[] | 'lost')[] = []
  const barrier = new Barrier({ store, logger: createLogger('silent'), timeoutMs, intervalMs, restMs })
  barrier.keep({ moved: (moves) => told.push([...moves]), lost: () => told.push('lost'), isEmpty })
  onTestFinished(() => barrier.stop())
  /** The statement of this number, once it is asked. */
  const statement = async (number: number): Promise<Asked> => {
    while (asked.length <= number) await new Promise<void>((resolve) => (tell = resolve))
    return asked[number]!
  }
  return { barrier, asked, told, statement }
}

test('who asks while a passage runs waits for the next one, and all of them for the same', async () => {
  const { barrier, asked, statement } = createWatched()
  const first = [barrier.pass(), barrier.pass()]
  const one = await statement(0)
  let isLaterProven = false
  const later = [barrier.pass(), barrier.pass()].map((passed) => passed.then((is) => (isLaterProven = is)))
  await one.answer({})
  expect(await Promise.all(first)).toEqual([true, true])
  const two = await statement(1)
  expect(isLaterProven).toBe(false)
  await two.answer({})
  expect(await Promise.all(later)).toEqual([true, true])
  expect(asked).toHaveLength(2)
})

test('what moved is told before anybody goes on, and each passage goes on from the one before', async () => {
  const { barrier, told, statement } = createWatched()
  const order: string[] = []
  const first = barrier.pass()
  await (await statement(0)).answer({ xid: '7' })
  await first
  // Nothing is known of what was before it.
  expect(told).toEqual(['lost'])
  const since = barrier.now
  const second = barrier.pass().then(() => order.push(String(told.length)))
  const asked = await statement(1)
  expect(asked.seen).toMatchObject({ xid: '7', server: 'one' })
  const moved = [
    { id: 'a', isShown: false, isChanged: false },
    { id: 'a', isShown: false, isChanged: false },
    { id: 'b', isShown: true, isChanged: false },
  ]
  await asked.answer({ moved })
  await second
  expect(order).toEqual(['2'])
  expect(told[1]).toEqual(['a', 'b', shownMove('b')])
  expect(barrier.movedSince(since)).toEqual(['a', 'b', shownMove('b')])
  expect(barrier.movedSince(barrier.now)).toEqual([])
})

test.each(['fail', 'time', 'history'])('nothing is kept, and a read under way keeps nothing: %s', async (how) => {
  const { barrier, told, statement } = createWatched(how === 'time' ? { timeoutMs: 20 } : {})
  const first = barrier.pass()
  await (await statement(0)).answer({})
  await first
  const since = barrier.now
  const second = barrier.pass()
  const asked = await statement(1)
  const waiting = barrier.pass()
  if (how === 'fail') await asked.fail()
  if (how === 'history') await asked.answer({ isWhole: false, moved: [{ id: 'a', isShown: false, isChanged: false }] })
  // Of another history what moved is not known, but from here on it is proven again.
  expect(await second).toBe(how === 'history')
  if (how === 'history') await (await statement(2)).answer({})
  expect(await waiting).toBe(how === 'history')
  expect(told).toEqual(['lost', 'lost'])
  expect(barrier.movedSince(since)).toBeNull()
  const third = barrier.pass()
  const next = await statement(how === 'history' ? 3 : 2)
  expect(next.seen === null).toBe(how !== 'history')
  await next.answer({})
  expect(await third).toBe(true)
})

test('as long as something is kept the log is asked also when nobody reads', async () => {
  const { barrier, statement, told } = createWatched({ isEmpty: false, intervalMs: 1 })
  void barrier.pass()
  await (await statement(0)).answer({})
  await (await statement(1)).answer({ moved: [{ id: 'a', isShown: false, isChanged: false }] })
  expect(told).toEqual(['lost', ['a']])
  await (await statement(2)).answer({})
})

test('when nobody has asked for long, nothing is kept and nothing is looked at, until somebody asks', async () => {
  const { barrier, asked, told, statement } = createWatched({ isEmpty: false, intervalMs: 1, restMs: 0 })
  const first = barrier.pass()
  await (await statement(0)).answer({})
  expect(await first).toBe(true)
  const [since, toldCount] = [barrier.now, told.length]
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(toldCount))
  expect(new Set(told)).toEqual(new Set(['lost']))
  expect(asked).toHaveLength(1)
  expect(barrier.movedSince(since)).toBeNull()
  const again = barrier.pass()
  await (await statement(1)).answer({})
  expect(await again).toBe(true)
})

test('moves are remembered up to a bound, and beyond it they count as unknown', async () => {
  const { barrier, statement } = createWatched()
  const first = barrier.pass()
  await (await statement(0)).answer({})
  await first
  const since = barrier.now
  for (let round = 1; round <= 9; round++) {
    const passed = barrier.pass()
    const moved = Array.from({ length: 4_999 }, (_, index) => ({
      id: `${round} ${index}`,
      isShown: false,
      isChanged: false,
    }))
    await (await statement(round)).answer({ moved })
    await passed
  }
  expect(barrier.movedSince(since)).toBeNull()
  expect(barrier.movedSince(barrier.now - 20_000)).toHaveLength(20_000)
})
