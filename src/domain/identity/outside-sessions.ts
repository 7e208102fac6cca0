import { createHash, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { IdentityStore, NamedPerson } from '../../store/identities.ts'
import type { SessionRow } from '../../store/sessions.ts'
import { AccountSuspendedError, UnauthenticatedError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import { shownUserAgent } from '../sessions/user-agent.ts'
import { VerifiedTokens } from '../sessions/verified-tokens.ts'
import { searchNameOf } from '../text/fold.ts'
import { verifyOutsideToken, type OutsideRules, type OutsideToken } from './outside-tokens.ts'
import type { TokenKeys } from './token-keys.ts'

const maxRefused = 10_000
const spareHandleBytes = 6

/** Who sends a token: where from, and what the client calls itself. */
export interface TokenClient {
  ip: string
  userAgent: string | null
  /** For whom an API key acts: the uuid of a person. */
  actAs?: string | null
}

/** The sessions that tokens of the embedding product name. */
export interface OutsideSessions {
  /**
   * The live session of a token. Its person, and what the token says of them, is there then. Rejects with UNAUTHENTICATED, and
   * with UNAVAILABLE when the keys or the database are away.
   */
  sessionOf(token: string, client: TokenClient): Promise<SessionRow>
  /** Tokens were verified with keys that are gone. */
  forgetVerified(): void
}

export interface OutsideSessionsOptions {
  rules: OutsideRules
  keys: TokenKeys
  store: IdentityStore
  watch: Pick<SessionWatch, 'check' | 'learn'>
}

const ended = () => new UnauthenticatedError('This session has ended. Sign in again.')

const digest = (...parts: string[]) => createHash('sha256').update(JSON.stringify(parts)).digest()

const named = (displayName: string): NamedPerson => ({ displayName, searchName: searchNameOf(displayName) })

export function createOutsideSessions({ rules, keys, store, watch }: OutsideSessionsOptions): OutsideSessions {
  const verified = new VerifiedTokens()
  /** Of sessions that were revoked and people who were erased: that does not change. By the hash of the token. */
  const refused = new LRUCache<string, true>({ max: maxRefused })
  /** One statement for all requests with the same new token. */
  const entering = new Map<string, Promise<SessionRow>>()

  async function enter(token: string, { ip, userAgent }: TokenClient): Promise<SessionRow> {
    const read = await verifyOutsideToken(token, rules, keys)
    const client = { address: ip, userAgent: shownUserAgent(userAgent) }
    const entered = await store.enter({ ...entranceOf(read), ...client })
    if (entered.outcome === 'SUSPENDED') {
      const { until, reason } = entered.terms
      throw new UnauthenticatedError(new AccountSuspendedError(until, reason).message)
    }
    if (entered.outcome !== 'ENTERED') {
      refused.set(digest(token).toString('base64'), true)
      throw entered.outcome === 'ERASED' ? new UnauthenticatedError('This person was erased here.') : ended()
    }
    verified.set(token, entered.session.sessionId, read.endsAtMs)
    watch.learn(entered.session)
    return entered.session
  }

  return {
    async sessionOf(token, client) {
      const known = verified.get(token)
      const session = known === undefined ? null : await watch.check(known)
      if (session) return session
      // It is over, or the database is one without it.
      if (refused.has(digest(token).toString('base64'))) throw ended()
      const running = entering.get(token) ?? enter(token, client).finally(() => entering.delete(token))
      entering.set(token, running)
      return running
    },
    forgetVerified() {
      verified.clear()
    },
  }
}

function entranceOf({ issuer, subject, session, handle, name, endsAtMs, ...rest }: OutsideToken) {
  const spareHandle = `user_${randomBytes(spareHandleBytes).toString('hex')}`
  return {
    ...rest,
    key: digest(issuer, subject),
    issuer,
    subject,
    newUserId: newId(),
    handle,
    spareHandle,
    newName: named(name ?? handle ?? spareHandle),
    name: name === null ? null : named(name),
    newSessionId: newId(),
    isLogin: session.startsWith('sid '),
    sessionKey: digest(issuer, subject, session),
    expiresAt: new Date(endsAtMs),
  }
}
