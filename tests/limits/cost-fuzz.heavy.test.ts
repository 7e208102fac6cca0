import { expect, test } from 'vitest'
import { fuzz } from '../testkit/fuzz.ts'

interface Report {
  faults: string[]
  count: number
  codes: Record<string, number>
}

test('whatever document is asked for, no answer is more than its budget, and each was foreseen', async () => {
  const seed = String(Date.now() % 1_000_000)
  const report = (await fuzz('cost-fuzz.ts', ['20', seed])).report as Report
  expect(report.faults).toEqual([])
  expect(report.count).toBeGreaterThan(20)
  expect(report.codes.none).toBeGreaterThan(5)
})
