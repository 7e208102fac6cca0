import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Admission } from '../../../src/fairness/admission.ts'

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

  ask(payer: string): Promise<string> {
    const operation = () =>
      new Promise<string>((resolve) => {
        this.started.push(payer)
        this.endings.push(() => resolve(payer))
      })
    return Promise.resolve(this.admission.run(payer, operation))
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
