import type { Append } from '../../log/append.ts'
import type {
  ConversationClosedError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../errors.ts'
import { written, type MessageRef, type MessageWritten } from '../messages/messages.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Viewer } from '../viewer.ts'

/**
 * Returns refusals that a client must expect. Rejects with UNAVAILABLE when the database does not answer in time: whether the
 * write was done is unknown then, and a retry with the same key finds out.
 */
export interface Reactions {
  /** `emoji` in its fully-qualified form. */
  toggle(
    viewer: Viewer,
    input: { message: MessageRef; emoji: string; on: boolean; opKey: string },
  ): Promise<
    MessageWritten | NotFoundError | ValidationError | MessageDeletedError | OpKeyReusedError | ConversationClosedError
  >
}

export function createReactions(append: Append): Reactions {
  return {
    async toggle({ userId: actorId }, { message: { conversationId, seq }, emoji, on, opKey }) {
      const hash = requestHash('toggleReaction', [conversationId, seq, emoji, on])
      const toggled = await append({ type: 'toggleReaction', actorId, conversationId, seq, opKey, hash, emoji, on })
      if (isRefused(toggled)) return refusalOf(toggled, { notFound: 'There is no such message here.' })
      return written(toggled, opKey)
    },
  }
}
