import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { limited } from '../../../src/telemetry/facts.ts'
import { logLimits } from '../../../src/telemetry/limits-log.ts'

const lines: object[] = []
let stop: () => void

beforeEach(() => {
  vi.useFakeTimers()
  lines.length = 0
  stop = logLimits({ warn: (line: object) => void lines.push(line) } as never)
})

afterEach(() => {
  stop()
  vi.useRealTimers()
})

const reach = (limit: string, payer?: string) =>
  limited.publish({ code: 'RATE_LIMITED', limit, ...(payer !== undefined && { payer }) })

test('a limit is told of once for each payer and minute', () => {
  for (let count = 0; count < 1_000; count++) reach('frames', 'ann')
  reach('frames', 'bob')
  reach('frames')
  reach('depth', 'ann')
  expect(lines).toEqual([
    { event: 'limit.reached', code: 'RATE_LIMITED', limit: 'frames', payer: 'ann' },
    { event: 'limit.reached', code: 'RATE_LIMITED', limit: 'frames', payer: 'bob' },
    { event: 'limit.reached', code: 'RATE_LIMITED', limit: 'frames' },
    { event: 'limit.reached', code: 'RATE_LIMITED', limit: 'depth', payer: 'ann' },
  ])
  vi.advanceTimersByTime(60_001)
  reach('frames', 'ann')
  expect(lines).toHaveLength(5)
})

test('a crowd of payers does not fill the log', () => {
  for (let count = 0; count < 5_000; count++) reach('sockets', `address:10.0.0.${String(count)}`)
  expect(lines).toHaveLength(100)
})

test('nobody is told once it is stopped', () => {
  stop()
  reach('frames', 'ann')
  expect(lines).toEqual([])
})
