import { RevokeSessionDocument, SessionsDocument, type SessionsQuery } from '../generated/graphql.ts'
import type { State, UserState } from '../replica/state.ts'
import { refusalOf, type Refusal } from '../requests/refusal.ts'
import type { Requests } from '../requests/requests.ts'
import { derived } from './derived.ts'
import { Value, type Store } from './store.ts'

export interface BlockedSnapshot {
  /** Whom the viewer has blocked, the newest block first. */
  users: readonly UserState[]
  /** All of them are here; until then they are being read. */
  isComplete: boolean
}

export function blockedStore(shown: Store<State>): Store<BlockedSnapshot> {
  return derived([shown], (previous: BlockedSnapshot | undefined, { blocks: { users, after } }) => {
    const isComplete = after === null
    return previous?.users === users && previous.isComplete === isComplete ? previous : { users, isComplete }
  })
}

/** A device on which the viewer is signed in. */
export type SessionItem = Omit<SessionsQuery['viewer']['sessions'][number], '__typename'>

export interface SessionsSnapshot {
  sessions: readonly SessionItem[]
  isLoading: boolean
  /** Why the last reading failed. */
  error: unknown
}

export interface Sessions extends Store<SessionsSnapshot> {
  /** Reads them again: no event tells of a session. Rejects with a RequestError. */
  readonly load: () => Promise<void>
  /** Signs a device out. Null: done; repeated, it changes nothing. Rejects with a RequestError. */
  readonly revoke: (sessionId: string) => Promise<Refusal | null>
}

/** Read when somebody begins to look. */
export function sessionsStore(requests: Requests): Sessions {
  const value = new Value<SessionsSnapshot>({ sessions: [], isLoading: false, error: null })
  let lookers = 0
  async function load(): Promise<void> {
    const { sessions } = value.getSnapshot()
    value.set({ sessions, isLoading: true, error: null })
    try {
      const { viewer } = await requests.request(SessionsDocument, {})
      value.set({ sessions: viewer.sessions, isLoading: false, error: null })
    } catch (error) {
      value.set({ sessions, isLoading: false, error })
      throw error
    }
  }
  return {
    getSnapshot: value.getSnapshot,
    load,
    subscribe(changed) {
      // The error is in the snapshot.
      if (lookers++ === 0) load().catch(() => undefined)
      const leave = value.subscribe(changed)
      let isOver = false
      return () => {
        if (!isOver) lookers--
        isOver = true
        leave()
      }
    },
    async revoke(sessionId) {
      const { revokeSession } = await requests.request(RevokeSessionDocument, { input: { sessionId } })
      if ('code' in revokeSession) return refusalOf(revokeSession)
      const { sessions, ...rest } = value.getSnapshot()
      value.set({ ...rest, sessions: sessions.filter(({ id }) => id !== sessionId) })
      return null
    },
  }
}
