import type { Append } from '../../log/append.ts'
import type { DeletionStore } from '../../store/deletions.ts'
import type { ForbiddenError, NotFoundError, OpKeyReusedError } from '../errors.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Viewer } from '../viewer.ts'

export interface Deletion {
  /**
   * Closes a group for all and removes its texts: docs/decisions/0055. Resolves when they are gone, or, for hundreds of
   * thousands of messages, before that: housekeeping does the rest.
   */
  remove(
    viewer: Viewer,
    conversationId: string,
    opKey: string,
  ): Promise<string | NotFoundError | ForbiddenError | OpKeyReusedError>
  /** Goes on with deletions that were interrupted. */
  finish(isStopping: () => boolean): Promise<void>
}

/** Messages whose texts one statement removes. */
const stretch = 5_000
/** Milliseconds that a request may take for texts beyond the first stretch. */
const patienceMs = 3_000

export function createDeletion(append: Append, store: DeletionStore): Deletion {
  const deleteTexts = async (conversationId: string, isOver: () => boolean) => {
    while (!isOver() && (await store.deleteTexts(conversationId, stretch)) > 0);
  }
  return {
    async remove({ userId: actorId }, conversationId, opKey) {
      const hash = requestHash('deleteConversation', [conversationId])
      const deleted = await append({ type: 'deleteConversation', actorId, conversationId, opKey, hash, stretch })
      if (isRefused(deleted)) {
        return refusalOf(deleted, {
          notFound: 'There is no such conversation here.',
          forbidden: 'Only its owner may delete a group, once. A direct conversation can be hidden.',
        })
      }
      const untilMs = performance.now() + patienceMs
      // The group is deleted, whatever becomes of this: housekeeping finds what is left.
      await deleteTexts(conversationId, () => performance.now() > untilMs).catch(() => undefined)
      return conversationId
    },
    async finish(isStopping) {
      for (const conversationId of await store.pendingDeletions()) await deleteTexts(conversationId, isStopping)
    },
  }
}
