import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Admission } from '../../../src/fairness/admission.ts'
import { withRandom } from '../../testkit/random.ts'

const told: { limit: string; payer?: string }[] = []
const tell = (message: unknown) => void told.push(message as { limit: string })

beforeEach(() => {
  told.length = 0
  subscribe('parley:limited', tell)
})

afterEach(() => {
  unsubscribe('parley:limited', tell)
  vi.useRealTimers()
})

/** Operations that end when they are told to. */
class Slow {
  readonly started: string[] = []
  private readonly endings: (() => void)[] = []

  constructor(private readonly admission: Admission) {}

  ask(payer: string, network: string | null = null): Promise<string> {
    const operation = () =>
      new Promise<string>((resolve) => {
        this.started.push(payer)
        this.endings.push(() => resolve(payer))
      })
    return Promise.resolve(this.admission.run(payer, operation, network))
  }

  async endOne() {
    this.endings.shift()?.()
    await new Promise(setImmediate)
  }
}

test('what ends at once is answered at once', () => {
  const admission = new Admission()
  expect(admission.run('ann', () => 5)).toBe(5)
  expect(() =>
    admission.run('ann', () => {
      throw new Error('as the operation does')
    }),
  ).toThrow('as the operation does')
  expect([admission.count, admission.countOf('ann')]).toEqual([0, 0])
})

test('beyond what runs at once a payer waits in their own line, and beyond that is refused', async () => {
  const admission = new Admission({ maxRunningPerPayer: 2, maxWaitingPerPayer: 3 })
  const slow = new Slow(admission)
  const asked = Array.from({ length: 5 }, () => slow.ask('ann'))
  await expect(slow.ask('ann')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1_000 })
  expect(told).toEqual([{ code: 'RATE_LIMITED', limit: 'operations-in-flight', payer: 'ann' }])
  void slow.ask('bob')
  expect(slow.started).toEqual(['ann', 'ann', 'bob'])
  expect(admission.countOf('ann')).toBe(5)
  for (let count = 0; count < 6; count++) await slow.endOne()
  expect(await Promise.all(asked)).toHaveLength(5)
  expect([admission.count, admission.countOf('ann')]).toEqual([0, 0])
})

test('an operation that fails frees its place', async () => {
  const admission = new Admission({ maxRunningPerPayer: 1 })
  const failing = admission.run('ann', () => Promise.reject(new Error('of the operation')))
  await expect(failing).rejects.toThrow('of the operation')
  expect(admission.count).toBe(0)
})

test('nobody waits without an end', async () => {
  vi.useFakeTimers()
  const admission = new Admission({ maxRunningPerPayer: 1, maxWaitMs: 5_000 })
  void admission.run('ann', () => new Promise(() => undefined))
  const waiting = expect(admission.run('ann', () => 1)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  await vi.advanceTimersByTimeAsync(5_000)
  await waiting
  expect(admission.countOf('ann')).toBe(1)
})

test('the process as a whole has a bound too, at which payers take turns', async () => {
  const admission = new Admission({ maxRunning: 2, maxWaiting: 4 })
  const slow = new Slow(admission)
  const asked = ['ann', 'ann', 'ann', 'ann', 'bob', 'cleo'].map((payer) => slow.ask(payer))
  await expect(slow.ask('dan')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(admission.countOf('dan')).toBe(0)
  for (let count = 0; count < 6; count++) await slow.endOne()
  await Promise.all(asked)
  expect(slow.started.slice(0, 2)).toEqual(['ann', 'ann'])
  expect(slow.started.slice(2, 5).sort()).toEqual(['ann', 'bob', 'cleo'])
  expect(admission.count).toBe(0)
})

test('an address of this machine may be that of a proxy, and is nobody’s', () => {
  const admission = new Admission({ maxRunningPerPayer: 1, maxWaitingPerPayer: 0 })
  for (const payer of ['address:127.0.0.1', 'address:::/64']) {
    for (let count = 0; count < 5; count++) void admission.run(payer, () => new Promise(() => undefined))
    expect(admission.countOf(payer)).toBe(5)
  }
})

test('payers at one network share what it may have, and take turns; it is told which bound was reached', async () => {
  const admission = new Admission({ maxRunningPerPayer: 2, maxRunningPerNetwork: 3, maxWaitingPerNetwork: 4 })
  const slow = new Slow(admission)
  const asked = ['ann', 'ann', 'ann', 'ann', 'bob', 'cleo', 'dan'].map((payer) => slow.ask(payer, '198.51.100.7'))
  expect(slow.started).toEqual(['ann', 'ann', 'bob'])
  await expect(slow.ask('eve', '198.51.100.7')).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1_000 })
  const payer = 'address:198.51.100.7'
  expect(told).toEqual([{ code: 'RATE_LIMITED', limit: 'operations-in-flight-per-address', payer }])
  expect(admission.countAt('198.51.100.7')).toBe(7)
  // Elsewhere there is room, for the same people too, and where nobody knows who is behind an address.
  asked.push(slow.ask('bob', '203.0.113.9'), slow.ask('eve'), slow.ask('eve'))
  expect(slow.started.slice(3)).toEqual(['bob', 'eve', 'eve'])
  // Who has most waiting does not take each place that becomes free.
  for (let count = 0; count < 3; count++) await slow.endOne()
  expect(slow.started.slice(6).sort()).toEqual(['ann', 'cleo', 'dan'])
  for (let count = 0; count < 7; count++) await slow.endOne()
  await Promise.all(asked)
  expect([admission.count, admission.countAt('198.51.100.7'), admission.countOf('bob')]).toEqual([0, 0, 0])
})

test('who waited for their network, or for all, until it was too late is told so', async () => {
  vi.useFakeTimers()
  const admission = new Admission({ maxRunningPerNetwork: 1, maxRunning: 2, maxWaitMs: 5_000 })
  const forever = () => new Promise(() => undefined)
  void admission.run('ann', forever, '198.51.100.7')
  const atNetwork = expect(admission.run('bob', () => 1, '198.51.100.7')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  })
  void admission.run('ann', forever, '203.0.113.9')
  const ofAll = expect(admission.run('bob', () => 1, '192.0.2.1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await vi.advanceTimersByTimeAsync(5_000)
  await Promise.all([atNetwork, ofAll])
  expect(told.map(({ limit }) => limit)).toEqual(['operations-in-flight-per-address', 'operations-in-flight-of-all'])
  expect([admission.countAt('198.51.100.7'), admission.countAt('192.0.2.1'), admission.countOf('bob')]).toEqual([
    1, 0, 0,
  ])
})

test('whoever asks from wherever: no bound is passed, and nobody waits while there is room', () =>
  withRandom(async (random) => {
    const bounds = { maxRunningPerPayer: 3, maxRunningPerNetwork: 5, maxRunning: 11 }
    const admission = new Admission(bounds)
    interface Asked {
      payer: string
      network: string | null
      end?: () => void
    }
    const waiting = new Set<Asked>()
    const running = new Set<Asked>()
    const ended: unknown[] = []
    const ask = (one: Asked) => {
      waiting.add(one)
      const operation = () =>
        new Promise<void>((resolve) => {
          waiting.delete(one)
          running.add(one)
          one.end = () => {
            running.delete(one)
            resolve()
          }
        })
      ended.push(admission.run(one.payer, operation, one.network))
    }
    /** How much is under way beside this one for what bounds it, as shares of the bounds. */
    const fullness = ({ payer, network }: Asked) => {
      const all = [...running]
      const ofPayer = all.filter((one) => one.payer === payer).length
      const ofNetwork = network === null ? 0 : all.filter((one) => one.network === network).length
      const { maxRunningPerPayer, maxRunningPerNetwork, maxRunning } = bounds
      return Math.max(ofPayer / maxRunningPerPayer, ofNetwork / maxRunningPerNetwork, all.length / maxRunning)
    }
    for (let step = 0; step < 600 || running.size > 0; step++) {
      const isAsking = step < 600 && (running.size === 0 || random.below(10) < 6)
      if (isAsking) ask({ payer: `person ${random.below(6)}`, network: random.pick([null, 'a', 'b', 'c']) })
      else random.pick([...running]).end?.()
      await new Promise(setImmediate)
      expect(Math.max(0, ...[...running].map(fullness))).toBeLessThanOrEqual(1)
      expect([...waiting].filter((one) => fullness(one) < 1)).toEqual([])
    }
    expect([waiting.size, admission.count]).toEqual([0, 0])
    await Promise.all(ended)
  }))
