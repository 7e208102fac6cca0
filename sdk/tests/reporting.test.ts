import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Diagnostics } from '../src/feed/diagnostics.ts'
import { startReporting } from '../src/feed/reporting.ts'
import type { Requests } from '../src/requests/requests.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const nothing = { eventCount: 0, acksWithoutEvent: 0, duplicateEvents: 0, duplicateMessages: 0, readsWentBack: 0 }

test('what was counted is told every ten minutes, and once; what was not taken comes with the next report', async () => {
  const inputs: object[] = []
  let answer: () => Promise<unknown> = () => Promise.resolve({ reportDiagnostics: true })
  const requests = {
    request: (_: unknown, { input }: { input: object }) => {
      inputs.push(input)
      return answer()
    },
  } as unknown as Requests
  let leads = true
  const diagnostics = new Diagnostics()
  const stop = startReporting(diagnostics, requests, () => leads)
  const pass = () => vi.advanceTimersByTimeAsync(10 * 60_000)

  await pass()
  expect(inputs, 'nothing came').toEqual([])
  diagnostics.missed('a key')
  diagnostics.eventCount = 5
  answer = () => Promise.reject(new Error('The network is away'))
  await pass()
  answer = () => Promise.resolve({ reportDiagnostics: false })
  await pass()
  answer = () => Promise.resolve({ reportDiagnostics: true })
  await pass()
  const first = { ...nothing, eventCount: 5, acksWithoutEvent: 1 }
  expect(inputs).toEqual([first, first, first])
  await pass()
  expect(inputs).toHaveLength(3)

  diagnostics.eventCount = 8
  leads = false
  await pass()
  expect(inputs, 'another tab tells it').toHaveLength(3)
  leads = true
  for (let missed = 0; missed < 150; missed++) diagnostics.missed('another key')
  await pass()
  expect(inputs.at(-1)).toEqual({ ...nothing, eventCount: 3, acksWithoutEvent: 100 })
  stop()
  diagnostics.eventCount = 9
  await pass()
  expect(inputs).toHaveLength(4)
})
