import {
  AcceptInvitationDocument,
  LoginDocument,
  RefreshSessionDocument,
  RegisterDocument,
  type AcceptInvitationInput,
  type LoginInput,
  type RegisterInput,
  type SessionFieldsFragment,
} from '../generated/graphql.ts'
import { NetworkError, SessionEndedError } from '../requests/errors.ts'
import { refusalOf, type Refusal } from '../requests/refusal.ts'
import { createRequests, type Authorization, type Requests } from '../requests/requests.ts'
import { Value, type Store } from '../stores/store.ts'
import { keptOf, type KeptSession } from './tokens.ts'

export type SessionState =
  /** The storage is being read. */
  | { status: 'LOADING' }
  | { status: 'SIGNED_OUT' }
  | { status: 'SIGNED_IN'; user: KeptSession['user'] }
  /** It was ended by somebody else: the same person may sign in again, and finds their copy and their unsent messages. */
  | { status: 'ENDED'; user: KeptSession['user']; reason: string }

export interface PasswordSessionOptions {
  url: string
  fetch?: typeof fetch
  /** Where the session is kept, also for other tabs. */
  kept: { read(): Promise<KeptSession | null>; write(session: KeptSession | null): Promise<void> }
  /** Runs while no other tab runs the same. */
  alone: <Result>(run: () => Promise<Result>) => Promise<Result>
  /** Tells the server of a session that ended here. */
  onLogout: (session: KeptSession) => Promise<void>
  /** Other tabs have to look again. */
  onChange?: () => void
  now?: () => number
}

const refreshAttempts = 3
const refreshDeadlineMs = 8_000

const nobody: Authorization = { token: async () => null, renew: async () => null }

/** A login by password: its tokens are exchanged before they expire, by one tab for all of them. */
export class PasswordSession implements Authorization {
  private readonly value = new Value<SessionState>({ status: 'LOADING' })
  private readonly anonymous: Requests
  private current: KeptSession | null = null
  private exchange: Promise<string | null> | null = null
  private readonly loaded: Promise<void>

  constructor(private readonly options: PasswordSessionOptions) {
    this.anonymous = createRequests({ url: options.url, authorization: nobody, fetch: options.fetch })
    this.loaded = this.look()
  }

  get state(): Store<SessionState> {
    return this.value
  }

  /** Takes what the storage has: another tab may have signed in, out, or exchanged the tokens. */
  async look(): Promise<void> {
    // A storage that cannot be read has no session in it.
    const kept = await this.options.kept.read().catch(() => null)
    const before = this.current
    this.current = kept
    if (kept) this.show({ status: 'SIGNED_IN', user: kept.user })
    else if (before || this.value.getSnapshot().status === 'LOADING') this.show({ status: 'SIGNED_OUT' })
  }

  /** Null: signed in. Rejects with a RequestError when the server cannot be asked. */
  async login(input: LoginInput): Promise<Refusal | null> {
    const { login } = await this.anonymous.request(LoginDocument, { input })
    if (!('session' in login)) return refusalOf(login)
    await this.take(login.session)
    return null
  }

  /** As login, for somebody new. */
  async register(input: RegisterInput): Promise<Refusal | null> {
    const { register } = await this.anonymous.request(RegisterDocument, { input })
    if (!('session' in register)) return refusalOf(register)
    await this.take(register.session)
    return null
  }

  /** As login, for somebody who was made without a password: with the token of their invitation. */
  async acceptInvitation(input: AcceptInvitationInput): Promise<Refusal | null> {
    const { acceptInvitation } = await this.anonymous.request(AcceptInvitationDocument, { input })
    if (!('session' in acceptInvitation)) return refusalOf(acceptInvitation)
    await this.take(acceptInvitation.session)
    return null
  }

  /** Ends the session, here at once, and on the server as soon as it can be reached. */
  async logout(): Promise<void> {
    const { current } = this
    this.current = null
    const told = current && this.options.onLogout(current)
    await this.options.kept.write(null).catch(() => undefined)
    this.show({ status: 'SIGNED_OUT' })
    this.options.onChange?.()
    await told
  }

  async token(): Promise<string | null> {
    await this.loaded
    if (!this.current) return this.tokenOfNobody()
    const { accessToken, renewAtMs } = this.current
    const nowMs = this.now()
    // A clock that was set back makes any token look new; what the server refuses is renewed then.
    if (nowMs < renewAtMs) return accessToken
    try {
      return await this.renew(null)
    } catch (error) {
      // The network is away: the old token may still be valid.
      if (error instanceof NetworkError) return accessToken
      throw error
    }
  }

  renew(refused: string | null): Promise<string | null> {
    this.exchange ??= this.options.alone(() => this.exchanged(refused)).finally(() => (this.exchange = null))
    return this.exchange
  }

  /** The server said that the session is over. */
  async ended(reason: string): Promise<void> {
    const user = this.current?.user
    if (!user) return
    this.current = null
    await this.options.kept.write(null).catch(() => undefined)
    this.show({ status: 'ENDED', user, reason })
    this.options.onChange?.()
  }

  private async exchanged(refused: string | null): Promise<string | null> {
    const { current } = this
    if (!current) return this.tokenOfNobody()
    // Another tab may have done it while this one waited.
    const kept = await this.options.kept.read().catch(() => current)
    const isOther = kept && kept.accessToken !== refused && this.now() < kept.renewAtMs
    if (isOther && kept.user.id === current.user.id) {
      this.current = kept
      return kept.accessToken
    }
    const { refreshToken } = kept && kept.user.id === current.user.id ? kept : current
    const answer = await this.refresh(refreshToken)
    if (!('session' in answer)) {
      const { reason } = refusalOf(answer)
      await this.ended(reason)
      throw new SessionEndedError(reason)
    }
    await this.take(answer.session)
    return answer.session.accessToken
  }

  /** An answer that was lost comes again for the same token, for half a minute. */
  private async refresh(refreshToken: string) {
    for (let attempt = 1; ; attempt++) {
      try {
        const variables = { input: { refreshToken } }
        const answer = await this.anonymous.request(RefreshSessionDocument, variables, {
          deadlineMs: refreshDeadlineMs,
        })
        return answer.refreshSession
      } catch (error) {
        if (attempt === refreshAttempts || !(error instanceof NetworkError)) throw error
      }
    }
  }

  private async take(session: SessionFieldsFragment): Promise<void> {
    const kept = keptOf(session, this.now())
    this.current = kept
    await this.options.kept.write(kept).catch(() => undefined)
    this.show({ status: 'SIGNED_IN', user: kept.user })
    this.options.onChange?.()
  }

  private show(state: SessionState): void {
    if (JSON.stringify(state) !== JSON.stringify(this.value.getSnapshot())) this.value.set(state)
  }

  private tokenOfNobody(): null {
    const state = this.value.getSnapshot()
    if (state.status === 'ENDED') throw new SessionEndedError(state.reason)
    return null
  }

  private now(): number {
    return (this.options.now ?? Date.now)()
  }
}
