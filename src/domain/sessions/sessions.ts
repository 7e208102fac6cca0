import { randomBytes, webcrypto } from 'node:crypto'
import { SignJWT, errors as joseErrors, jwtVerify } from 'jose'
import type { CredentialRow, SessionStore } from '../../store/sessions.ts'
import { HandleTakenError, InvalidCredentialsError, SessionExpiredError, UnauthenticatedError } from '../errors.ts'
import { isHandle, isUuid, newId, toHandle } from '../ids.ts'
import { searchNameOf } from '../text/fold.ts'
import { createPasswords } from './passwords.ts'
import type { Presence } from '../presence/presence.ts'
import { createRefreshTokens, hashToken, refreshTokenTtlMs, type RefreshToken } from './refresh-tokens.ts'
import type { SessionWatch } from './session-watch.ts'
import { VerifiedTokens } from './verified-tokens.ts'
import type { Viewer } from '../viewer.ts'

const accessTokenTtlMs = 15 * 60_000

export interface Session {
  userId: string
  accessToken: string
  accessTokenExpiresAt: Date
  refreshToken: string
  refreshTokenTtlMs: number
}

/** Everything rejects with UNAVAILABLE when the database does not answer in time. */
export interface Sessions {
  register(input: { handle: string; displayName: string; password: string }): Promise<Session | HandleTakenError>
  login(input: { handle: string; password: string }): Promise<Session | InvalidCredentialsError>
  /**
   * Exchanges the token for a new pair. Repeated within the window it gives the same pair again, as long as that pair was
   * not exchanged in its turn. Any other use of an exchanged token revokes its whole session.
   */
  refresh(refreshToken: string): Promise<Session | SessionExpiredError>
  logout(viewer: Viewer): Promise<void>
  /** Ends all other sessions of the viewer. */
  changePassword(
    viewer: Viewer,
    input: { currentPassword: string; newPassword: string },
  ): Promise<undefined | InvalidCredentialsError>
  /** The viewer of an access token. Rejects with UNAUTHENTICATED, and the reason says what to do. */
  authenticate(accessToken: string): Promise<Viewer>
}

export interface SessionsOptions {
  store: SessionStore
  watch: SessionWatch
  presence: Pick<Presence, 'sessionEnded'>
  jwtSecret: string
  passwordHashMemoryKib: number
  refreshRepeatWindowMs: number
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, watch, presence, jwtSecret, passwordHashMemoryKib, refreshRepeatWindowMs } = options
  const key = new TextEncoder().encode(jwtSecret)
  // From the bare secret jose would make a key for each token.
  const cryptoKey = webcrypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  const verified = new VerifiedTokens()
  const refreshTokens = createRefreshTokens(jwtSecret)
  const passwords = createPasswords({ memoryKib: passwordHashMemoryKib })
  // Verified against when there is no such handle, so that the answer takes as long as for one that exists.
  const decoyHash = passwords.hash(randomBytes(16))

  // Both tokens follow from when the refresh token was made: repeated, they are the same to the letter.
  const issue = async (sessionId: string, userId: string, { token, expiresAt }: RefreshToken): Promise<Session> => {
    const issuedAtMs = Math.floor((expiresAt.getTime() - refreshTokenTtlMs) / 1000) * 1000
    const accessTokenExpiresAt = new Date(issuedAtMs + accessTokenTtlMs)
    const accessToken = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setIssuer('parley')
      .setIssuedAt(new Date(issuedAtMs))
      .setExpirationTime(accessTokenExpiresAt)
      .sign(key)
    return { userId, accessToken, accessTokenExpiresAt, refreshToken: token, refreshTokenTtlMs }
  }

  const verifyToken = async (accessToken: string): Promise<string> => {
    try {
      const { payload } = await jwtVerify(accessToken, await cryptoKey, { issuer: 'parley', algorithms: ['HS256'] })
      const sessionId = typeof payload.sid === 'string' ? payload.sid : ''
      if (payload.exp !== undefined) verified.set(accessToken, sessionId, payload.exp * 1000)
      return sessionId
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) {
        throw new UnauthenticatedError('The access token has expired. Call refreshSession for a new one.')
      }
      throw new UnauthenticatedError('The access token is not valid. Log in, and send "Bearer <accessToken>".')
    }
  }

  const open = async (credential: CredentialRow) => {
    const sessionId = newId()
    const refresh = refreshTokens.first()
    const created = await store.createSession(sessionId, credential, refresh)
    if (!created) return new InvalidCredentialsError()
    return issue(sessionId, credential.userId, refresh)
  }

  const announceEnded = (userId: string, sessionId: string) => {
    watch.announceEnded(sessionId)
    presence.sessionEnded(userId, sessionId)
  }

  return {
    async register({ handle, displayName, password }) {
      const userId = newId()
      const passwordHash = await passwords.hash(password)
      const created = await store.createUser({
        id: userId,
        handle,
        displayName,
        searchName: searchNameOf(displayName),
        passwordHash,
      })
      if (!created) return new HandleTakenError(`The handle "${handle}" is taken. Choose another one.`)
      const session = await open({ userId, passwordHash })
      if (session instanceof InvalidCredentialsError) throw new Error('a person was gone before their first session')
      return session
    },
    async login({ handle, password }) {
      const wanted = toHandle(handle)
      // What cannot be a handle is nobody's, and may be nothing that PostgreSQL takes.
      const credential = isHandle(wanted) ? await store.credential(wanted) : null
      const matches = await passwords.matches(credential?.passwordHash ?? (await decoyHash), password)
      if (!credential || !matches) return new InvalidCredentialsError()
      return open(credential)
    },
    async refresh(refreshToken) {
      const next = refreshTokens.after(refreshToken)
      const result = await store.rotate(hashToken(refreshToken), next, refreshRepeatWindowMs)
      if (result.outcome === 'ROTATED') return issue(result.sessionId, result.userId, next)
      if (result.outcome === 'REPEATED') {
        const again = refreshTokens.again(refreshToken, result.nonce, result.successor)
        if (again) return issue(result.sessionId, result.userId, again)
      }
      if (result.outcome === 'REUSED') announceEnded(result.userId, result.sessionId)
      return new SessionExpiredError()
    },
    async logout(viewer) {
      await store.revoke(viewer.sessionId)
      announceEnded(viewer.userId, viewer.sessionId)
    },
    async changePassword(viewer, { currentPassword, newPassword }) {
      const passwordHash = await store.passwordHashOf(viewer.userId)
      if (passwordHash === null) return new InvalidCredentialsError()
      if (!(await passwords.matches(passwordHash, currentPassword))) {
        // A repeated request, whose first answer was lost, finds the password changed already.
        if (await passwords.matches(passwordHash, newPassword)) return undefined
        return new InvalidCredentialsError()
      }
      const ended = await store.changePassword(viewer.userId, await passwords.hash(newPassword), viewer.sessionId)
      for (const sessionId of ended) announceEnded(viewer.userId, sessionId)
      return undefined
    },
    async authenticate(accessToken) {
      // Only the signature is remembered. Whether the session is live is asked each time.
      const sessionId = verified.get(accessToken) ?? (await verifyToken(accessToken))
      const session = isUuid(sessionId) ? await watch.check(sessionId) : null
      if (!session) throw new UnauthenticatedError('This session has ended. Log in again.')
      return { userId: session.userId, sessionId: session.sessionId, role: session.role }
    },
  }
}
