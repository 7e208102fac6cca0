import { checkPage, decodeCursor, toPage } from '../../domain/page.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { required } from '../building/required.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { historyFrom } from '../conversations/conversation.ts'
import { MessageConnection, messageCursor, seqOf } from './history.ts'
import { Message } from './message.ts'
import { shownOrNull } from './shown.ts'

builder.objectFields(Message, (t) => ({
  replyCount: t.int({
    description: 'How many messages answer it now, deleted ones left out. A deleted message keeps its replies.',
    ...viewerDependent,
    resolve: async (message, _, context) => {
      const { conversationId, seq } = message
      const isShown = (await shownOrNull(context, message)) !== null
      return isShown ? context.loaders.threads.replyCount.load({ conversationId, seq }) : 0
    },
  }),
  replies: t.field({
    type: MessageConnection,
    description:
      'The messages that answer it, oldest first, deleted ones as tombstones. At most 100 per page; 50 by default. There is ' +
      "no subscription of its own: the conversation's events say what comes and changes.",
    ...viewerDependent,
    args: {
      first: t.arg.int({ description: 'How many messages, 0 to 100.' }),
      after: t.arg.string({ description: 'Only messages after this cursor.' }),
    },
    resolve: async ({ conversationId, seq }, args, context) => {
      const page = checkPage(args, { defaultSize: 50, maxSize: 100 })
      const afterSeq = page.after === null ? 0 : decodeCursor('messages', 'after', page.after, seqOf)
      // Before the page, so that its cursor is not newer than the page.
      const asOf = await required(context.loaders.conversation.load(conversationId), 'the conversation of a message')
      const from = await historyFrom(context, { id: conversationId })
      const isTheirs = from !== null && seq > from
      const { replies } = context.loaders.threads
      const messages = isTheirs ? await replies.load({ conversationId, seq, afterSeq, limit: page.size + 1 }) : []
      const isBehind = async () => {
        const [first] = isTheirs ? await replies.load({ conversationId, seq, afterSeq: 0, limit: 1 }) : []
        return first !== undefined && first.seq <= afterSeq
      }
      const rows = toConnection(toPage(messages, page, messageCursor, isBehind), (message) => message)
      return { ...rows, asOf }
    },
  }),
}))
