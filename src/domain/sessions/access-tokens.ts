import { webcrypto } from 'node:crypto'
import { SignJWT, errors as joseErrors, jwtVerify } from 'jose'
import { timeMs } from '../../clock.ts'
import { UnauthenticatedError } from '../errors.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const accessTokenTtlMs = 15 * 60_000
const issuer = 'parley'

/** Signed with the secret that all processes have. */
export class AccessTokens {
  private readonly key: Uint8Array
  /** From the bare secret jose would make a key for each token. */
  private readonly verifyingKey: Promise<webcrypto.CryptoKey>
  private readonly verified = new VerifiedTokens()

  constructor(jwtSecret: string) {
    this.key = new TextEncoder().encode(jwtSecret)
    this.verifyingKey = webcrypto.subtle.importKey('raw', this.key, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
  }

  async issue(sessionId: string, userId: string, issuedAtMs: number): Promise<{ token: string; expiresAt: Date }> {
    const expiresAt = new Date(issuedAtMs + accessTokenTtlMs)
    const token = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setIssuer(issuer)
      .setIssuedAt(new Date(issuedAtMs))
      .setExpirationTime(expiresAt)
      .sign(this.key)
    return { token, expiresAt }
  }

  /**
   * The session that a token names. Rejects with UNAUTHENTICATED. Only the signature is remembered: whether the session is live
   * is to be asked each time.
   */
  async sessionOf(accessToken: string): Promise<string> {
    return this.verified.get(accessToken) ?? (await this.verify(accessToken))
  }

  private async verify(accessToken: string): Promise<string> {
    try {
      const options = { issuer, algorithms: ['HS256'], currentDate: new Date(timeMs()) }
      const { payload } = await jwtVerify(accessToken, await this.verifyingKey, options)
      const sessionId = typeof payload.sid === 'string' ? payload.sid : ''
      if (payload.exp !== undefined) this.verified.set(accessToken, sessionId, payload.exp * 1000)
      return sessionId
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) {
        throw new UnauthenticatedError('The access token has expired. Call refreshSession for a new one.')
      }
      throw new UnauthenticatedError('The access token is not valid. Log in, and send "Bearer <accessToken>".')
    }
  }
}
