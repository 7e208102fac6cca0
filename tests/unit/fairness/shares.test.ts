import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QueryTooComplexError, UnavailableError } from '../../../src/domain/errors.ts'
import { Shares } from '../../../src/fairness/shares.ts'
import { TokenBucket } from '../../../src/fairness/token-bucket.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a bucket is empty when all is spent, and has again what came back meanwhile, up to its burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5 })
  bucket.spend(7)
  expect([bucket.isEmpty, bucket.isFarOver]).toEqual([true, false])
  vi.advanceTimersByTime(199)
  expect(bucket.isEmpty).toBe(true)
  vi.advanceTimersByTime(2)
  expect(bucket.isEmpty).toBe(false)
  vi.advanceTimersByTime(60_000)
  bucket.spend(5)
  expect(bucket.isEmpty).toBe(true)
  bucket.spend(6)
  expect(bucket.isFarOver).toBe(true)
})

describe('the share of a person', () => {
  test('has so many subscriptions and selections, as the process has', () => {
    const shares = new Shares({ subscriptionsPerPerson: 3, subscriptions: 4, selectionsPerPerson: 2 })
    const [ann, bob] = [shares.of('ann'), shares.of('bob')]
    const [one, other, third] = [{}, {}, {}]
    ann.subscribe(one)
    ann.subscribe(other)
    expect(() => ann.subscribe(third)).toThrow(QueryTooComplexError)
    ann.subscribe(one)
    expect(() => ann.subscribe(one)).toThrow(QueryTooComplexError)
    bob.subscribe(one)
    expect(() => bob.subscribe(one)).toThrow(UnavailableError)
    // Of the two that ask the same, one is left.
    ann.unsubscribe(one)
    expect(() => ann.subscribe(third)).toThrow(QueryTooComplexError)
    ann.unsubscribe(one)
    ann.subscribe(third)
    expect(ann.subscriptionCount).toBe(2)
  })

  test('keeps so many bytes, as the process does', () => {
    const shares = new Shares({ keptByteSizePerPerson: 100, keptByteSize: 150 })
    const [ann, bob] = [shares.of('ann'), shares.of('bob')]
    expect([ann.keep(100), ann.keep(1), bob.keep(51), bob.keep(50)]).toEqual([true, false, false, true])
    ann.release(100)
    expect([ann.keep(60), shares.keptByteSize]).toEqual([true, 110])
  })

  test('is remembered for a while after everything has ended, so that coming back fills nothing up', () => {
    const shares = new Shares({ eventWorkMsPerSecond: 1 })
    const share = shares.of('ann')
    share.spendWork(1_000)
    vi.advanceTimersByTime(30_000)
    expect(shares.of('ann')).toBe(share)
    expect(share.isOverworked).toBe(true)
    vi.advanceTimersByTime(90_000)
    expect(shares.of('ann')).not.toBe(share)
  })
})

test('who waits for their share of event work is called once it is there, each once', async () => {
  vi.useRealTimers()
  const share = new Shares({ eventWorkMsPerSecond: 1_000 }).of('ann')
  share.spendWork(3_060)
  const wake = vi.fn()
  share.whenRested(wake)
  share.whenRested(wake)
  await delay(20)
  expect(wake).not.toHaveBeenCalled()
  await vi.waitFor(() => expect(wake).toHaveBeenCalledOnce())
  expect(share.isOverworked).toBe(false)
  await delay(60)
  expect(wake).toHaveBeenCalledOnce()
})
