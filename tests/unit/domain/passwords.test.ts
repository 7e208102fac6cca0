import { expect, test } from 'vitest'
import { createPasswords } from '../../../src/domain/sessions/passwords.ts'

test('a hash matches its password and no other', async () => {
  const passwords = createPasswords({ memoryKib: 64 })
  const passwordHash = await passwords.hash('correct horse battery', 'a')
  expect(passwordHash).toMatch(/^\$argon2id\$/)
  expect(await passwords.matches(passwordHash, 'correct horse battery', 'a')).toBe(true)
  expect(await passwords.matches(passwordHash, 'correct horse batterie', 'a')).toBe(false)
})

test('a hash says what it took, and is still good when new ones take more', async () => {
  const before = await createPasswords({ memoryKib: 64 }).hash('correct horse battery', 'a')
  const now = createPasswords({ memoryKib: 128 })
  expect(before).toContain('$m=64,t=2,p=1$')
  expect(await now.hash('correct horse battery', 'a')).toContain('$m=128,t=2,p=1$')
  expect(await now.matches(before, 'correct horse battery', 'a')).toBe(true)
})

test('those who come together take turns, too many of them are told to come again, and then there is room', async () => {
  const passwords = createPasswords({ memoryKib: 64, atOnce: 1, maxWaiting: 2 })
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((password) => passwords.hash(password, 'a')))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  expect(outcomes[3]).toMatchObject({ reason: { code: 'UNAVAILABLE', retryable: true, retryAfterMs: 1_000 } })
  expect(await passwords.hash('d', 'a')).toMatch(/^\$argon2id\$/)
})
