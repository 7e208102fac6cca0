import { expect, test } from 'vitest'
import { fuzz } from '../testkit/fuzz.ts'

interface Report {
  faults: string[]
  counts: Record<string, number>
}

test('whatever comes on a socket or as arguments, nothing fails inside, and others are answered', async () => {
  const { report: said, line } = await fuzz('socket-fuzz.ts', ['20'], ['--expose-gc'])
  const report = said as Report
  expect(report.faults, line).toEqual([])
  expect(report.counts.frames).toBeGreaterThan(20)
  expect(report.counts.http).toBeGreaterThan(5)
}, 120_000)
