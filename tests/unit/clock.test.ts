import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createClock } from '../../src/clock.ts'

const noon = Date.UTC(2026, 11, 1, 12)
const tenMinutesMs = 600_000

beforeEach(() => {
  vi.useFakeTimers({ now: noon })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A clock that was just told this time. */
function told(theirMs: number) {
  const clock = createClock()
  clock.learnTime(theirMs, performance.now())
  return clock
}

test('goes by the machine until it knows better, and as long as that agrees', () => {
  expect(createClock().timeMs()).toBe(noon)
  expect(createClock().aheadMs()).toBeNull()
  expect(told(noon + 999).timeMs()).toBe(noon)
  expect(told(noon - 999).timeMs()).toBe(noon)
})

test.each([tenMinutesMs, -tenMinutesMs])(
  'goes by what it was told when that differs by %d ms, and reckons on',
  (by) => {
    const clock = told(noon + by)
    expect(clock.timeMs()).toBe(noon + by)
    expect(clock.aheadMs()).toBe(-by)
    vi.advanceTimersByTime(90_000)
    expect(clock.timeMs()).toBe(noon + by + 90_000)
  },
)

test.each([tenMinutesMs, -tenMinutesMs])('does not jump when the clock of the machine does, by %d ms', (by) => {
  const clock = told(noon)
  vi.setSystemTime(noon + by)
  expect(clock.timeMs()).toBe(noon)
  expect(clock.aheadMs()).toBe(by)
  vi.advanceTimersByTime(1_000)
  expect(clock.timeMs()).toBe(noon + 1_000)
})

test('takes the middle of the question and the answer, and no answer that was long on its way but the first', () => {
  const clock = createClock()
  const askedAtMs = performance.now()
  vi.advanceTimersByTime(3_000)
  clock.learnTime(noon + tenMinutesMs, askedAtMs)
  expect(clock.timeMs()).toBe(noon + tenMinutesMs + 1_500)
  const againAtMs = performance.now()
  vi.advanceTimersByTime(3_000)
  clock.learnTime(noon, againAtMs)
  expect(clock.timeMs()).toBe(noon + tenMinutesMs + 4_500)
  clock.learnTime(noon - tenMinutesMs, performance.now())
  expect(clock.timeMs()).toBe(noon - tenMinutesMs)
})
