import { withheldMessage } from '../../domain/conversations/history.ts'
import type { MessageWritten } from '../../domain/messages/messages.ts'
import { WriteAck } from '../building/ack.ts'
import { builder } from '../building/builder.ts'
import type { Context } from '../building/context.ts'
import { historyFrom, showShell } from '../conversations/conversation.ts'
import { Message } from './message.ts'

/** The success of a write of a message. */
export const success = (name: string, description: string) =>
  builder.objectRef<MessageWritten>(name).implement({
    description,
    fields: (t) => ({
      ack: t.field({
        type: WriteAck,
        description: 'Confirms that the write is durable.',
        resolve: (written) => written.ack,
      }),
      message: t.field({
        type: Message,
        description: 'The message as it is now.',
        resolve: (written) => written.message,
      }),
    }),
  })

/**
 * The cursors of the answer must not be newer than the message in it. A repeated write is also answered to a sender who has
 * left since, but without anything that others did, and without its text to one who cleared the history since.
 */
export const noted = async (context: Context, written: MessageWritten): Promise<MessageWritten> => {
  const { ack, message } = written
  const { loaders } = context
  loaders.horizon.note(ack.streamId, { headEventSeq: ack.eventSeq, headMark: ack.mark })
  const { conversationId, senderId, seq } = message
  if (ack.outcome === 'ACCEPTED') return written
  const from = await historyFrom(context, { id: conversationId })
  if (from !== null) return seq > from ? written : { ack, message: withheldMessage(message) }
  await showShell(context, conversationId)
  loaders.othersProgress.prime({ conversationId, senderId, seq }, { delivered: false, read: false })
  loaders.reactions.kinds.prime({ conversationId, seq }, [])
  loaders.threads.replyCount.prime({ conversationId, seq }, 0)
  loaders.threads.pins.prime(conversationId, [])
  return { ack, message: { ...message, replyToSeq: null } }
}
