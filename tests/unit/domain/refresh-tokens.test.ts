import { describe, expect, test } from 'vitest'
import { createRefreshTokens, hashToken } from '../../../src/domain/sessions/refresh-tokens.ts'

const tokens = createRefreshTokens('a secret that only tests know, 32 characters and more')

describe('the successor of a refresh token', () => {
  test('is made again, to the letter, from the token and the nonce', () => {
    const first = tokens.first()
    const next = tokens.after(first.token)
    expect(next.token).toMatch(/^[\w-]{43}$/)
    expect(tokens.again(first.token, next.nonce, next)).toEqual({
      token: next.token,
      hash: hashToken(next.token),
      expiresAt: next.expiresAt,
    })
  })

  test('is another one each time it is made anew', () => {
    const first = tokens.first()
    expect(tokens.after(first.token).token).not.toBe(tokens.after(first.token).token)
  })

  test('is given neither for another token, nor with another nonce, nor by another key', () => {
    const first = tokens.first()
    const next = tokens.after(first.token)
    expect(tokens.again(tokens.first().token, next.nonce, next)).toBeNull()
    expect(tokens.again(first.token, tokens.after(first.token).nonce, next)).toBeNull()
    const others = createRefreshTokens('another secret that only tests know, long enough')
    expect(others.again(first.token, next.nonce, next)).toBeNull()
  })
})
