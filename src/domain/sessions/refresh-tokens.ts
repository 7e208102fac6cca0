import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { timeMs } from '../../clock.ts'

export const refreshTokenTtlMs = 7 * 24 * 60 * 60_000

export interface RefreshToken {
  token: string
  hash: Buffer
  expiresAt: Date
}

/**
 * Refresh tokens are random to everybody else, and stored as hashes only. All but the first of a session are derived from
 * their predecessor: whoever shows that once more can then be given the same successor, by any process, although it is
 * nowhere to be read. Neither the key, nor the nonces in the database, nor an old token is enough alone.
 */
export interface RefreshTokens {
  /** Of a new session. */
  first(): RefreshToken
  /** A successor; the nonce is to be kept beside the predecessor. */
  after(predecessor: string): RefreshToken & { nonce: Buffer }
  /** The successor that was made with this nonce; null when that was with another key. */
  again(predecessor: string, nonce: Buffer, made: Pick<RefreshToken, 'hash' | 'expiresAt'>): RefreshToken | null
}

export const hashToken = (token: string) => createHash('sha256').update(token).digest()

/** The secret has to be the same in every process, and is used under a name of its own. */
export function createRefreshTokens(secret: string): RefreshTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley refresh token', 32))
  const derive = (predecessor: string, nonce: Buffer) =>
    createHmac('sha256', key).update(nonce).update(predecessor).digest('base64url')
  const starting = (token: string): RefreshToken => ({
    token,
    hash: hashToken(token),
    expiresAt: new Date(timeMs() + refreshTokenTtlMs),
  })

  return {
    first: () => starting(randomBytes(32).toString('base64url')),
    after(predecessor) {
      const nonce = randomBytes(32)
      return { ...starting(derive(predecessor, nonce)), nonce }
    },
    again(predecessor, nonce, { hash, expiresAt }) {
      const token = derive(predecessor, nonce)
      return hashToken(token).equals(hash) ? { token, hash, expiresAt } : null
    },
  }
}
