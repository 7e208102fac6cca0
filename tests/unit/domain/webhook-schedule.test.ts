import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { Ledger } from '../../../src/domain/webhooks/ledger.ts'
import { backoffMs, retryAfterMs, retryTimes, verdictOf } from '../../../src/domain/webhooks/schedule.ts'
import { newSecret, signedHeaders, webhookId } from '../../../src/domain/webhooks/signature.ts'

test.each([
  [200, 'DELIVERED'],
  [204, 'DELIVERED'],
  [299, 'DELIVERED'],
  [null, 'AGAIN'],
  [408, 'AGAIN'],
  [429, 'AGAIN'],
  [500, 'AGAIN'],
  [503, 'AGAIN'],
  [599, 'AGAIN'],
  [301, 'FINAL'],
  [307, 'FINAL'],
  [400, 'FINAL'],
  [401, 'FINAL'],
  [404, 'FINAL'],
  [422, 'FINAL'],
  [410, 'GONE'],
] as const)('%s means %s', (status, verdict) => {
  expect(verdictOf(status)).toBe(verdict)
})

test('waits grow to 6 hours, differ by chance, and fill 3 days with some twenty attempts', () => {
  let atMs = 0
  let attempts = 0
  for (; atMs < retryTimes.giveUpAfterMs; attempts++) atMs += backoffMs(attempts + 1, retryTimes, 0.5)
  expect(attempts).toBeGreaterThan(15)
  expect(attempts).toBeLessThan(25)
  expect(backoffMs(1, retryTimes, 0)).toBe(3_750)
  expect(backoffMs(1, retryTimes, 1)).toBe(6_250)
  expect(backoffMs(500, retryTimes, 0.5)).toBe(retryTimes.maxMs)
})

test('Retry-After is seconds or a date; anything else is none', () => {
  const nowMs = Date.parse('2026-12-01T00:00:00Z')
  expect(retryAfterMs('120', nowMs)).toBe(120_000)
  expect(retryAfterMs('Tue, 01 Dec 2026 00:01:00 GMT', nowMs)).toBe(60_000)
  expect(retryAfterMs('Tue, 01 Dec 2020 00:01:00 GMT', nowMs)).toBe(0)
  for (const text of [null, '', '-1', '1.5', 'soon', '2026-12-01', '1e9']) expect(retryAfterMs(text, nowMs)).toBeNull()
})

describe('a signature', () => {
  const nowMs = Date.now()
  const body = '{"type":"MessageSent"}'

  test('is what standardwebhooks checks, with the former secret too until its time is over', () => {
    const [secret, formerSecret] = [newSecret(), newSecret()]
    const until = (ms: number) => ({ secret, formerSecret, formerSecretUntil: new Date(nowMs + ms) })
    const during = signedHeaders('msg_1', body, until(1_000), nowMs)
    for (const each of [secret, formerSecret])
      expect(new Webhook(each).verify(body, during)).toEqual({ type: 'MessageSent' })
    const after = signedHeaders('msg_1', body, until(-1), nowMs)
    expect(new Webhook(secret).verify(body, after)).toEqual({ type: 'MessageSent' })
    expect(() => new Webhook(formerSecret).verify(body, after)).toThrow('No matching signature')
    expect(() => new Webhook(secret).verify(`${body} `, during)).toThrow('No matching signature')
  })

  test('needs a secret of 24 to 64 bytes', () => {
    const taking = (secret: string) => () => loadConfig({ WEBHOOK_SECRET: secret })
    expect(taking(newSecret())().webhooks.secret).toMatch(/^whsec_/)
    for (const text of [
      'whsec_',
      'whsec_c2hvcnQ=',
      Buffer.alloc(32).toString('base64'),
      `whsec_${'A'.repeat(200)}`,
      `whsec_${'A'.repeat(33)}`,
    ]) {
      expect(taking(text), text).toThrow(/^WEBHOOK_SECRET must be whsec_ and 24 to 64 bytes in base64/)
    }
  })

  test('names an event at an endpoint always in the same way, and no two alike', () => {
    const ids = [
      webhookId('a', 's', 1, 'm'),
      webhookId('a', 's', 2, 'm'),
      webhookId('b', 's', 1, 'm'),
      webhookId('a', 's', 1, 'n'),
    ]
    expect(new Set(ids).size).toBe(4)
    expect(webhookId('a', 's', 1, 'm')).toBe(ids[0])
  })
})

test('what could not be written is written with what came since, each delivery once', () => {
  const ledger = new Ledger({ seenXid: '1', running: [] }, [])
  const attempted = (id: string, state: 'RETRYING' | 'DELIVERED') => {
    ledger.attempt({
      ...{ id, conversationId: 'c', eventSeq: 1, type: 'MESSAGE_SENT', state, attempts: 1, lastAttemptAtMs: 1 },
      ...{ nextAttemptAtMs: null, responseStatus: 200, error: null, durationMs: 1 },
    })
  }
  const hold = {
    conversationId: 'c',
    nextSeq: 1,
    upToSeq: 3,
    occurredAtMs: 0,
    attempts: 1,
    firstAttemptAtMs: 1,
    nextAttemptAtMs: 2,
  }
  attempted('one', 'RETRYING')
  ledger.hold(hold)
  const lost = ledger.settlement()
  expect(lost).toMatchObject({ holds: [hold], freed: [], outcome: 'FAILED' })
  expect(ledger.isUnwritten).toBe(false)
  attempted('one', 'DELIVERED')
  ledger.free('c')
  ledger.takeBack(lost)
  const settlement = ledger.settlement()
  expect(settlement).toMatchObject({ holds: [], freed: ['c'], outcome: 'SUCCEEDED' })
  expect(settlement.attempted).toMatchObject([{ id: 'one', state: 'DELIVERED', attempts: 2 }])
})
