import { describe, expect, test } from 'vitest'
import { RateLimitedError } from '../../../src/domain/errors.ts'
import { CountedAttempts } from '../../../src/domain/sessions/attempts.ts'
import { Rates } from '../../../src/domain/limits/rates.ts'
import { networkOf } from '../../../src/fairness/network.ts'
import { createInProcessCounters } from '../../../src/ephemeral/counters.ts'

const countAttempts = () =>
  new CountedAttempts({
    counters: createInProcessCounters(),
    loginFailuresPerAddress: 30,
    loginFailuresPerAccount: 20,
    registrationsPerHour: 100,
    loginsPerMinute: 0,
    loginsPerQuarterHour: 0,
    rates: new Rates(),
  })

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['fd00::1', 'fd00::/64'],
  // Behind these /64 stands the whole of IPv4, or all neighbours.
  ['64:ff9b::cb00:7107', '64:ff9b::cb00:7107'],
  ['fe80::1', 'fe80::1'],
  ['', ''],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

describe('failed logins', () => {
  test('from one /64 count together, and not for the /64 beside it', async () => {
    const attempts = countAttempts()
    for (let at = 1; at <= 10; at++) await attempts.loginFailed(`2001:db8:0:1::${at.toString(16)}`, 'ann')
    await expect(attempts.checkLogin('2001:db8:0:1:ffff::1', 'ann')).rejects.toBeInstanceOf(RateLimitedError)
    await expect(attempts.checkLogin('2001:db8:0:2::1', 'ann')).resolves.toBeUndefined()
    await expect(attempts.checkLogin('2001:db8:0:1::1', 'bob')).resolves.toBeUndefined()
  })

  test('from IPv4 count together whether or not it is mapped into IPv6', async () => {
    const attempts = countAttempts()
    for (let at = 1; at <= 10; at++) await attempts.loginFailed(at % 2 ? '203.0.113.7' : '::ffff:203.0.113.7', 'ann')
    await expect(attempts.checkLogin('203.0.113.7', 'ann')).rejects.toBeInstanceOf(RateLimitedError)
    await expect(attempts.checkLogin('203.0.113.8', 'ann')).resolves.toBeUndefined()
  })

  test('from one address count over all handles, but for who logged in there before', async () => {
    const attempts = countAttempts()
    await attempts.loginSucceeded('203.0.113.7', 'ann')
    for (let at = 0; at < 30; at++) await attempts.loginFailed('203.0.113.7', `guess${at}`)
    await expect(attempts.checkLogin('203.0.113.7', 'bob')).rejects.toBeInstanceOf(RateLimitedError)
    await expect(attempts.checkLogin('203.0.113.7', 'ann')).resolves.toBeUndefined()
    await expect(attempts.checkLogin('203.0.113.8', 'bob')).resolves.toBeUndefined()
  })

  test('with one handle count over all addresses, but for where its owner logged in before', async () => {
    const attempts = countAttempts()
    await attempts.loginSucceeded('203.0.113.7', 'ann')
    for (let at = 0; at < 20; at++) await attempts.loginFailed(`198.51.100.${at}`, 'ann')
    await expect(attempts.checkLogin('198.51.100.99', 'ann')).rejects.toBeInstanceOf(RateLimitedError)
    await expect(attempts.checkLogin('203.0.113.7', 'ann')).resolves.toBeUndefined()
    await expect(attempts.checkLogin('198.51.100.99', 'bob')).resolves.toBeUndefined()
  })
})
