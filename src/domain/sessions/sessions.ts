import { randomBytes } from 'node:crypto'
import { timeMs } from '../../clock.ts'
import type { InvitationStore } from '../../store/invitations.ts'
import type { CredentialRow, OwnSession, SessionStore, SuspensionTerms } from '../../store/sessions.ts'
import {
  AccountSuspendedError,
  HandleTakenError,
  InvalidCredentialsError,
  NotFoundError,
  SessionExpiredError,
  UnauthenticatedError,
} from '../errors.ts'
import { isHandle, isUuid, newId, toHandle } from '../ids.ts'
import { isReservedHandle } from '../people/handles.ts'
import { searchNameOf } from '../text/fold.ts'
import { AccessTokens } from './access-tokens.ts'
import type { Audit } from '../moderation/audit.ts'
import type { Attempts } from './attempts.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import type { Presence } from '../presence/presence.ts'
import {
  createRefreshTokens,
  hashToken,
  refreshTokenTtlMs,
  type RefreshToken,
  type RefreshTokens,
} from './refresh-tokens.ts'
import type { SessionUsage } from './session-usage.ts'
import type { SessionWatch } from './session-watch.ts'
import { shownUserAgent } from './user-agent.ts'
import type { Viewer } from '../viewer.ts'

/** Longer than any handle: what counts attempts keeps no more of what was typed. */
const maxHandleLength = 64

export interface Session {
  userId: string
  accessToken: string
  accessTokenExpiresAt: Date
  refreshToken: string
  refreshTokenTtlMs: number
}

/** Who asks. */
export interface Client {
  /** Its address, by which attempts are counted. */
  ip: string
  /** What it calls itself. */
  userAgent: string | null
}

/**
 * `ip` is the address of who asks, by which attempts are counted. Everything rejects with UNAVAILABLE when the database does not
 * answer in time, and with RATE_LIMITED after too many attempts.
 */
export interface Sessions {
  register(
    input: { handle: string; displayName: string; password: string },
    client: Client,
  ): Promise<Session | HandleTakenError>
  /** Of more sessions than one person may have those not used for longest end. */
  login(
    input: { handle: string; password: string },
    client: Client,
  ): Promise<Session | InvalidCredentialsError | AccountSuspendedError>
  /** By a one-time token, somebody who was made without a password gives themselves one. Repeated with that password it is a login. */
  acceptInvitation(
    input: { token: string; password: string },
    client: Client,
  ): Promise<Session | NotFoundError | AccountSuspendedError>
  /**
   * Exchanges the token for a new pair. Repeated within the window it gives the same pair again, as long as that pair was
   * not exchanged in its turn. Any other use of an exchanged token revokes its whole session.
   */
  refresh(refreshToken: string, ip: string): Promise<Session | SessionExpiredError>
  logout(viewer: Viewer): Promise<void>
  /** The viewer's live sessions, the one used last first. */
  list(viewer: Viewer): Promise<OwnSession[]>
  /** Ends one session of the viewer: its tokens, sockets and subscriptions, in all processes. Repeating it changes nothing. */
  revoke(viewer: Viewer, sessionId: string): Promise<undefined | NotFoundError>
  /** The session of this viewer is in use. Costs nothing until it is stored with others. */
  used(viewer: Viewer): void
  /** Ends all other sessions of the viewer. */
  changePassword(
    viewer: Viewer,
    input: { currentPassword: string; newPassword: string },
    ip: string,
  ): Promise<undefined | InvalidCredentialsError>
  /** The viewer of an access token. Rejects with UNAUTHENTICATED, and the reason says what to do. */
  authenticate(accessToken: string): Promise<Viewer>
  /** Removes what is left of sessions that are over, and of refresh tokens and invitations that expired. */
  forgetOver(isStopping: () => boolean): Promise<void>
}

export interface SessionsOptions {
  store: SessionStore
  invitations: InvitationStore
  watch: SessionWatch
  presence: Pick<Presence, 'sessionEnded'>
  attempts: Attempts
  jwtSecret: string
  passwordHashMemoryKib: number
  refreshRepeatWindowMs: number
  sessionsPerPerson: number
  usage: Pick<SessionUsage, 'note'>
  audit: Pick<Audit, 'loginFailed'>
}

const notInvited = () =>
  new NotFoundError('There is no such invitation: it was used, has expired, or a newer one has taken its place.')

const suspended = ({ until, reason }: SuspensionTerms) => new AccountSuspendedError(until, reason)

/** Rows that one statement removes at the most. */
const batchSize = 500
/** Milliseconds for which a session that is over stays, for who looks into what happened. */
const keptMs = 24 * 60 * 60_000

export class OwnSessions implements Sessions {
  private readonly accessTokens: AccessTokens
  private readonly refreshTokens: RefreshTokens
  private readonly passwords: Passwords
  /** Verified against when there is no such handle, so that the answer takes as long as for one that exists. */
  private readonly decoyHash: Promise<string>

  constructor(private readonly options: SessionsOptions) {
    this.accessTokens = new AccessTokens(options.jwtSecret)
    this.refreshTokens = createRefreshTokens(options.jwtSecret)
    this.passwords = createPasswords({ memoryKib: options.passwordHashMemoryKib })
    this.decoyHash = this.passwords.hash(randomBytes(16), 'none')
  }

  async register({ handle, displayName, password }: Parameters<Sessions['register']>[0], client: Client) {
    const { ip } = client
    const { store, attempts } = this.options
    if (isReservedHandle(handle)) return new HandleTakenError(`The handle "${handle}" is reserved. Choose another one.`)
    await attempts.register(ip)
    const userId = newId()
    const passwordHash = await this.passwords.hash(password, ip)
    const searchName = searchNameOf(displayName)
    const created = await store.createUser({ id: userId, handle, displayName, searchName, passwordHash })
    if (!created)
      return new HandleTakenError(`The handle "${handle}" is taken, or looks like one that is. Choose another one.`)
    const session = await this.open({ userId, passwordHash }, client)
    if (session instanceof InvalidCredentialsError) throw new Error('a person was gone before their first session')
    await attempts.loginSucceeded(ip, handle)
    return session
  }

  async login({ handle, password }: Parameters<Sessions['login']>[0], client: Client) {
    const { ip } = client
    const { store, attempts, audit } = this.options
    const wanted = toHandle(handle).slice(0, maxHandleLength)
    const check = () => attempts.checkLogin(ip, wanted)
    await attempts.login(ip)
    await check()
    // What cannot be a handle is nobody's, and may be nothing that PostgreSQL takes.
    const credential = isHandle(toHandle(handle)) ? await store.credential(wanted) : null
    // Once more when it is its turn: those that waited before it may have failed.
    const passwordHash = credential?.passwordHash ?? (await this.decoyHash)
    const matches = await this.passwords.matches(passwordHash, password, ip, check)
    if (!credential || !matches) {
      audit.loginFailed(credential?.userId ?? null, ip)
      await attempts.loginFailed(ip, wanted)
      return new InvalidCredentialsError()
    }
    // Said to who knows the password alone.
    if (credential.suspension) return suspended(credential.suspension)
    const session = await this.open(credential, client)
    if (session instanceof InvalidCredentialsError) {
      // Suspended at this very moment?
      const now = await store.credential(wanted)
      return now?.suspension ? suspended(now.suspension) : session
    }
    await attempts.loginSucceeded(ip, wanted)
    return session
  }

  async acceptInvitation({ token, password }: Parameters<Sessions['acceptInvitation']>[0], client: Client) {
    const { invitations, attempts } = this.options
    const { ip } = client
    await attempts.refresh(ip)
    const invited = await invitations.find(hashToken(token))
    if (!invited) {
      await attempts.refreshFailed(ip)
      return notInvited()
    }
    if (invited.suspension) return suspended(invited.suspension)
    if (!invited.isUsed) await invitations.accept(hashToken(token), await this.passwords.hash(password, ip), ip)
    // Who asks again, as the first answer was lost, has set this password.
    const session = await this.login({ handle: invited.handle, password }, client)
    return session instanceof InvalidCredentialsError ? notInvited() : session
  }

  async refresh(refreshToken: string, ip: string) {
    const { store, attempts, refreshRepeatWindowMs } = this.options
    await attempts.refresh(ip)
    const next = this.refreshTokens.after(refreshToken)
    const result = await store.rotate(hashToken(refreshToken), next, refreshRepeatWindowMs)
    if (result.outcome === 'ROTATED') return this.issue(result.sessionId, result.userId, next)
    if (result.outcome === 'REPEATED') {
      const again = this.refreshTokens.again(refreshToken, result.nonce, result.successor)
      if (again) return this.issue(result.sessionId, result.userId, again)
    }
    if (result.outcome === 'REUSED') this.announceEnded(result.userId, result.sessionId)
    await attempts.refreshFailed(ip)
    return new SessionExpiredError()
  }

  async logout(viewer: Viewer) {
    await this.options.store.revoke(viewer.sessionId)
    this.announceEnded(viewer.userId, viewer.sessionId)
  }

  list(viewer: Viewer) {
    return this.options.store.liveOf(viewer.userId)
  }

  async revoke(viewer: Viewer, sessionId: string) {
    const isTheirs = await this.options.store.revokeOf(viewer.userId, sessionId)
    if (!isTheirs) return new NotFoundError('There is no such session of yours.')
    this.announceEnded(viewer.userId, sessionId)
    return undefined
  }

  used(viewer: Viewer) {
    this.options.usage.note(viewer.sessionId)
  }

  async changePassword(
    viewer: Viewer,
    { currentPassword, newPassword }: Parameters<Sessions['changePassword']>[1],
    ip: string,
  ) {
    const { store, attempts } = this.options
    const { userId } = viewer
    await attempts.checkLogin(ip, userId)
    const passwordHash = await store.passwordHashOf(userId)
    if (passwordHash === null) return new InvalidCredentialsError()
    if (!(await this.passwords.matches(passwordHash, currentPassword, ip))) {
      // A repeated request, whose first answer was lost, finds the password changed already.
      if (await this.passwords.matches(passwordHash, newPassword, ip)) return undefined
      await attempts.loginFailed(ip, userId)
      return new InvalidCredentialsError()
    }
    const ended = await store.changePassword(userId, await this.passwords.hash(newPassword, ip), viewer.sessionId)
    for (const sessionId of ended) this.announceEnded(userId, sessionId)
    return undefined
  }

  async authenticate(accessToken: string) {
    const sessionId = await this.accessTokens.sessionOf(accessToken)
    const session = isUuid(sessionId) ? await this.options.watch.check(sessionId) : null
    if (!session) throw new UnauthenticatedError('This session has ended. Log in again.')
    return { userId: session.userId, sessionId: session.sessionId, role: session.role }
  }

  async forgetOver(isStopping: () => boolean) {
    const { store, invitations } = this.options
    const before = new Date(timeMs() - keptMs)
    while (!isStopping() && (await store.forgetTokens(before, batchSize)) >= batchSize);
    while (!isStopping() && (await store.forgetSessions(before, batchSize)) >= batchSize);
    while (!isStopping() && (await invitations.forget(before, batchSize)) >= batchSize);
  }

  // Both tokens follow from when the refresh token was made: repeated, they are the same to the letter.
  private async issue(sessionId: string, userId: string, { token, expiresAt }: RefreshToken): Promise<Session> {
    const issuedAtMs = Math.floor((expiresAt.getTime() - refreshTokenTtlMs) / 1000) * 1000
    const access = await this.accessTokens.issue(sessionId, userId, issuedAtMs)
    return {
      userId,
      accessToken: access.token,
      accessTokenExpiresAt: access.expiresAt,
      refreshToken: token,
      refreshTokenTtlMs,
    }
  }

  private async open(credential: CredentialRow, { userAgent, ip }: Client): Promise<Session | InvalidCredentialsError> {
    const { store, sessionsPerPerson } = this.options
    const sessionId = newId()
    const refresh = this.refreshTokens.first()
    const created = await store.createSession(
      sessionId,
      credential,
      refresh,
      sessionsPerPerson,
      shownUserAgent(userAgent),
      ip,
    )
    if (!created) return new InvalidCredentialsError()
    for (const ended of created.ended) this.announceEnded(credential.userId, ended)
    return this.issue(sessionId, credential.userId, refresh)
  }

  private announceEnded(userId: string, sessionId: string): void {
    this.options.watch.announceEnded(sessionId)
    this.options.presence.sessionEnded(userId, sessionId)
  }
}
