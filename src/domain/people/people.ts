import type { Append } from '../../log/append.ts'
import type { FoundPerson, PeopleSearch, PeopleSearchStore } from '../../store/people-search.ts'
import type { ContactSettings, PeopleStore } from '../../store/people.ts'
import { ForbiddenError, NotFoundError } from '../errors.ts'
import type { Presence, SharingSettings } from '../presence/presence.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'

/**
 * Every method rejects with UNAVAILABLE when the database does not answer in time. Housekeeping then finishes an erasure.
 */
export interface People {
  /** Those who share most conversations with the viewer first, then in the order of handles. */
  search(viewer: Viewer, search: PeopleSearch): Promise<FoundPerson[]>
  /** Null leaves a setting as it is. */
  updateSettings(viewer: Viewer, settings: SharingSettings & ContactSettings): Promise<void>
  /**
   * Removes a person's texts and profile. Messages become tombstones with their seq, groups continue without the person,
   * direct conversations are closed, and each conversation gets one event about it.
   */
  erase(viewer: Viewer, userId: string): Promise<undefined | ForbiddenError | NotFoundError>
  /** The same for an operator on the command line, and to finish an erasure whose process died. */
  eraseAs(actorId: string, userId: string): Promise<undefined | NotFoundError>
  finishErasures(): Promise<void>
}

export interface PeopleOptions {
  store: PeopleStore
  search: PeopleSearchStore
  append: Append
  watch: Pick<SessionWatch, 'announceEnded'>
  presence: Pick<Presence, 'updateSharing' | 'erased'>
}

/** Conversations that one step looks up. */
const batchSize = 100
/** Messages of a conversation that one statement scans. */
const stretch = 10_000
/** Keys, or reactions, that one statement removes. */
const keyBatchSize = 1_000

export function createPeople({ store, search, append, watch, presence }: PeopleOptions): People {
  const eraseAs: People['eraseAs'] = async (actorId, userId) => {
    // A person who cannot log in any more sends nothing new, so the loop over the conversations below comes to an end.
    const sessionIds = await store.beginErasure(actorId, userId)
    if (!sessionIds) return new NotFoundError('There is no such person here.')
    for (const sessionId of sessionIds) watch.announceEnded(sessionId)
    presence.erased(userId)
    for (;;) {
      const traces = await store.tracesOf(userId, batchSize)
      if (traces.length === 0) break
      for (const trace of traces) {
        let doneSeq = 0
        for (; doneSeq + stretch < trace.lastSentSeq; doneSeq += stretch) {
          await store.eraseMessages(actorId, trace, userId, doneSeq, doneSeq + stretch)
        }
        const { conversationId } = trace
        while ((await store.eraseReactions(conversationId, userId, keyBatchSize)) > 0);
        await append({ type: 'eraseInConversation', actorId, conversationId, userId, afterSeq: doneSeq })
      }
    }
    while ((await store.eraseKeys(userId, keyBatchSize)) > 0);
    await store.finishErasure(userId)
    return undefined
  }
  return {
    search: (viewer, asked) => search.find(asked, viewer.userId),
    async updateSettings(viewer, { presenceSharing, invisible, ...contact }) {
      if (Object.values(contact).some((value) => value !== null)) await store.setSettings(viewer.userId, contact)
      await presence.updateSharing(viewer, { presenceSharing, invisible })
    },
    async erase(viewer, userId) {
      if (viewer.role !== 'ADMIN') return new ForbiddenError('Only an ADMIN of this server may erase a person.')
      return eraseAs(viewer.userId, userId)
    },
    eraseAs,
    async finishErasures() {
      for (const userId of await store.pendingErasures()) await eraseAs(userId, userId)
    },
  }
}
