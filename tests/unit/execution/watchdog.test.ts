import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Watchdog, type Watched } from '../../../src/execution/watchdog.ts'

const lines: { msg: string; count: number; total: number; waitsFor: string }[] = []
const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[number]) })
const counted = vi.fn()
let watchdog: Watchdog

class FakeReader implements Watched {
  isOver = false
  isBehind = false
  progress = 0
  waitsFor = 'what never comes'
  givenUp = 0
  giveUp() {
    this.givenUp++
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  lines.length = 0
  subscribe('parley:reader-given-up', counted)
  watchdog = new Watchdog(logger)
})
afterEach(() => {
  watchdog.stop()
  unsubscribe('parley:reader-given-up', counted)
  counted.mockClear()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function readers(count: number): FakeReader[] {
  const made = Array.from({ length: count }, () => new FakeReader())
  for (const reader of made) watchdog.add(reader)
  return made
}

test('readers that are behind for 5 s without anything happening are given up, once, counted, with one line', async () => {
  const [fine, ...stuck] = readers(4)
  for (const reader of stuck) reader.isBehind = true
  await pass(4_900)
  expect(stuck.map(({ givenUp }) => givenUp)).toEqual([0, 0, 0])
  await pass(2_000)
  expect(stuck.map(({ givenUp }) => givenUp)).toEqual([1, 1, 1])
  await pass(60_000)
  expect([fine?.givenUp, ...stuck.map(({ givenUp }) => givenUp)]).toEqual([0, 1, 1, 1])
  expect(lines).toMatchObject([{ count: 3, total: 3, waitsFor: 'what never comes' }])
  expect(counted).toHaveBeenCalledTimes(3)
})

test('whoever gets something now and then is not stuck, nor who catches up in between, nor who is over', async () => {
  const [slow, comesAndGoes, over] = readers(3) as [FakeReader, FakeReader, FakeReader]
  slow.isBehind = over.isBehind = true
  for (let second = 0; second < 60; second++) {
    if (second % 4 === 0) slow.progress++
    comesAndGoes.isBehind = second % 4 !== 0
    over.isOver = second >= 3
    await pass(1_000)
  }
  expect([slow, comesAndGoes, over].map(({ givenUp }) => givenUp)).toEqual([0, 0, 0])
  expect(lines).toEqual([])
})

test('a process that was halted gives nobody up for that', async () => {
  const [reader] = readers(1) as [FakeReader]
  reader.isBehind = true
  await pass(2_000)
  vi.setSystemTime(Date.now() + 3_600_000)
  await pass(1_000)
  expect(reader.givenUp).toBe(0)
})
