import { createHash, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { timeMs } from '../../clock.ts'
import type { ApiKeyRow, ApiKeyScope, ApiKeyStore } from '../../store/api-keys.ts'
import { ForbiddenError, NotFoundError, UnauthenticatedError, ValidationError } from '../errors.ts'
import { isUuid, newId } from '../ids.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import { searchNameOf } from '../text/fold.ts'
import type { Viewer } from '../viewer.ts'

export const apiKeyPrefix = 'parley_key_'
const secretShape = /^parley_key_[\w-]{43}$/
const maxKeys = 100
const maxRemembered = 1_000

/** A key and its secret, which is shown once. */
export interface ShownApiKey {
  apiKey: ApiKeyRow
  secret: string
}

/** Keys of the embedding product's back end. All but `viewerOf` and `use` are for an ADMIN. */
export interface ApiKeys {
  create(
    viewer: Viewer,
    input: { name: string; scopes: readonly ApiKeyScope[]; expiresAt: Date | null },
  ): Promise<ShownApiKey | ForbiddenError | ValidationError>
  list(viewer: Viewer): Promise<ApiKeyRow[]>
  /** Another secret. The one before goes on for `graceMs`. */
  rotate(viewer: Viewer, id: string, graceMs: number): Promise<ShownApiKey | ForbiddenError | NotFoundError>
  /** Its secrets, sockets and subscriptions end, in all processes. Repeating it changes nothing. */
  revoke(viewer: Viewer, id: string): Promise<undefined | ForbiddenError | NotFoundError>
  /** Who sends a key: its own person, or with `actAs` (the uuid of a person) that one. Rejects with UNAUTHENTICATED or FORBIDDEN. */
  viewerOf(secret: string, actAs: string | null): Promise<Viewer>
  /** Before an operation of a key: rejects with FORBIDDEN when it has not this scope. What it does is in the audit log then. */
  use(viewer: Viewer, scope: ApiKeyScope | null, operation: string, isWrite: boolean): Promise<void>
}

export interface ApiKeysOptions {
  store: ApiKeyStore
  watch: Pick<SessionWatch, 'check' | 'announceEnded'>
}

const forAdmins = () => new ForbiddenError('Only an ADMIN of this server may have to do with API keys.')
const noKey = () => new NotFoundError('There is no such API key.')

/** Of a secret with 256 bits a plain hash is enough: nobody can guess through it. */
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest()

export const newSecret = () => apiKeyPrefix + randomBytes(32).toString('base64url')

export function newApiKey(name: string, scopes: readonly ApiKeyScope[], expiresAt: Date | null) {
  const secret = newSecret()
  const id = newId()
  const handle = `bot_${randomBytes(6).toString('hex')}`
  const key = { id, name, searchName: searchNameOf(name), scopes, expiresAt, userId: newId(), handle }
  return { secret, key: { ...key, hash: hashOf(secret), sessionId: newId() } }
}

export function createApiKeys({ store, watch }: ApiKeysOptions): ApiKeys {
  /** What a secret stands for never changes; whether its session is live is asked each time. */
  const known = new LRUCache<string, { sessionId: string; scopes: ApiKeyScope[] }>({ max: maxRemembered })

  const shown = async (id: string, secret: string): Promise<ShownApiKey | null> => {
    const apiKey = (await store.list()).find((key) => key.id === id)
    return apiKey ? { apiKey, secret } : null
  }

  return {
    async create(viewer, { name, scopes, expiresAt }) {
      if (viewer.role !== 'ADMIN') return forAdmins()
      if (expiresAt && expiresAt.getTime() <= timeMs()) {
        const why = 'Must be a time to come, or be left out.'
        return new ValidationError(why, [{ path: ['input', 'expiresAt'], reason: why }])
      }
      const { secret, key } = newApiKey(name, [...new Set(scopes)], expiresAt)
      const made = await store.create(viewer.userId, key, maxKeys)
      const result = made ? await shown(key.id, secret) : null
      if (result) return result
      const why = `There are ${String(maxKeys)} API keys already: revoke one that nobody uses.`
      return new ValidationError(why, [{ path: ['input', 'name'], reason: why }])
    },
    list: (viewer) => (viewer.role === 'ADMIN' ? store.list() : Promise.reject(forAdmins())),
    async rotate(viewer, id, graceMs) {
      if (viewer.role !== 'ADMIN') return forAdmins()
      const secret = newSecret()
      const ended = await store.rotate(viewer.userId, id, hashOf(secret), newId(), graceMs)
      for (const sessionId of ended ?? []) watch.announceEnded(sessionId)
      return (ended && (await shown(id, secret))) ?? noKey()
    },
    async revoke(viewer, id) {
      if (viewer.role !== 'ADMIN') return forAdmins()
      const ended = await store.revoke(viewer.userId, id)
      for (const sessionId of ended ?? []) watch.announceEnded(sessionId)
      return ended ? undefined : noKey()
    },
    async viewerOf(secret, actAs) {
      const wrong = () =>
        new UnauthenticatedError('This API key is not valid: it is none, was replaced, or was revoked.')
      if (!secretShape.test(secret)) throw wrong()
      const hash = hashOf(secret)
      const found = known.get(hash.toString('base64')) ?? (await store.bySecret(hash))
      if (!found) throw wrong()
      known.set(hash.toString('base64'), found)
      const session = await watch.check(found.sessionId)
      if (!session) throw wrong()
      const { userId, sessionId } = session
      const viewer: Viewer = { userId, sessionId, role: 'USER', apiKey: { userId, scopes: found.scopes } }
      if (actAs === null) return viewer
      if (!found.scopes.includes('ACT_AS'))
        throw new ForbiddenError('This API key may not act for people: it has not the scope ACT_AS.')
      // The same words for all, so that a key finds out nothing.
      const mayAct = isUuid(actAs) && (await store.mayBeActedFor(actAs))
      if (!mayAct) throw new ForbiddenError('There is nobody of this id for whom an API key may act.')
      return { ...viewer, userId: actAs }
    },
    async use({ userId, apiKey }, scope, operation, isWrite) {
      if (!apiKey) return
      if (scope === null) throw new ForbiddenError(`An API key cannot be used for ${operation}.`)
      if (!apiKey.scopes.includes(scope))
        throw new ForbiddenError(`This API key may not use ${operation}: it has not the scope ${scope}.`)
      // Before it is done: what cannot be recorded is not done.
      if (isWrite || userId !== apiKey.userId) await store.noteUse(apiKey.userId, userId, operation)
    },
  }
}
