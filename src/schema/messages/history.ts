import type { Wanted } from '../../domain/basis.ts'
import type { Head } from '../../domain/horizon.ts'
import { checkPage, decodeCursor, encodeCursor, toPage } from '../../domain/page.ts'
import type { Message as MessageRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { conversationId } from '../building/ids.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { Conversation, historyFrom } from '../conversations/conversation.ts'
import { StreamCursor } from '../events/cursor.ts'
import { Message } from './message.ts'

export const MessageEdge = builder.edgeObject({
  type: Message,
  name: 'MessageEdge',
  description: 'A message and its place in the history.',
})

export const messageCursor = ({ seq }: Pick<MessageRow, 'seq'>): string => encodeCursor('messages', [seq])

export const messageEdge = (message: MessageRow) => ({ cursor: messageCursor(message), node: message })

/** What a page of messages has besides its rows: the conversation, as it was read before the page. */
interface MessagePage {
  asOf: Head & { id: string }
}

export const MessageConnection = builder.connectionObject(
  {
    type: Message,
    name: 'MessageConnection',
    description: 'A page of messages.',
    fields: (t) => ({
      cursor: t.field({
        type: StreamCursor,
        description:
          'The position when this page was read, never newer than the page. Keep it with the page and continue from it: ' +
          'in a cache, Conversation.cursor may come from a later read.',
        resolve: async (page, _, { loaders }) => {
          const { asOf } = page as unknown as MessagePage
          return { streamId: conversationId(asOf.id), ...(await loaders.horizon.cursor(asOf.id, asOf)) }
        },
      }),
    }),
  },
  MessageEdge,
)

const maxSeq = 2_147_483_647
export const seqOf = ([seq]: unknown[]) =>
  typeof seq === 'number' && Number.isInteger(seq) && seq > 0 && seq < maxSeq ? seq : null

/** Of the page of the known messages and the newer ones that were read. */
function infoWithKnown(known: Wanted & { of: 'messages' }, readCount: number, size: number) {
  const count = known.knownCount + readCount
  const last = known.afterSeq + readCount
  const cursorOf = (seq: number) => (count === 0 || size === 0 ? null : messageCursor({ seq }))
  return {
    hasNextPage: false,
    hasPreviousPage: known.hasMore || count > size,
    startCursor: cursorOf(last - Math.min(count, size) + 1),
    endCursor: cursorOf(last),
  }
}

builder.objectField(Conversation, 'messages', (t) =>
  t.connection(
    {
      type: Message,
      description:
        'Messages, oldest first within a page. Use `last` with `before` to go back in history. At most 100 per page; ' +
        'the newest 50 when neither `first` nor `last` is given.',
      ...viewerDependent,
      resolve: async (conversation, args, context) => {
        const page = checkPage(args, { defaultSize: 50, maxSize: 100 }, args.after != null ? 'first' : 'last')
        const request = {
          conversationId: conversation.id,
          afterSeq: page.after === null ? 0 : decodeCursor('messages', 'after', page.after, seqOf),
          beforeSeq: page.before === null ? maxSeq : decodeCursor('messages', 'before', page.before, seqOf),
          backward: page.backward,
          limit: page.size + 1,
        }
        const from = await historyFrom(context, conversation)
        const isTheirs = from !== null
        if (isTheirs) request.afterSeq = Math.max(request.afterSeq, from)
        const { basis } = context.loaders
        const isNewest = page.backward && page.before === null && page.after === null
        // Those before it are known.
        const known = isTheirs && isNewest && basis?.wanted?.of === 'messages' ? basis.wanted : null
        if (known) request.afterSeq = Math.max(request.afterSeq, known.afterSeq)
        const messages: MessageRow[] = isTheirs ? await context.loaders.messagePage.load(request) : []
        // Messages are numbered up to the newest one, and a deleted message keeps its seq.
        const first = (from ?? 0) + 1
        const isBehind = () =>
          isTheirs &&
          (page.backward
            ? conversation.headSeq >= Math.max(request.beforeSeq, first)
            : conversation.headSeq >= first && request.afterSeq >= first)
        const read = toPage(messages, page, messageCursor, isBehind)
        const hasMore = messages.length > page.size
        if (basis && isTheirs && isNewest) {
          const seqs = read.rows.map(({ seq }) => seq)
          basis.list = { of: 'messages', conversationId: conversation.id, seqs, size: page.size, hasMore }
        }
        const rows = toConnection(read, (message) => message)
        if (known && !hasMore) rows.pageInfo = infoWithKnown(known, messages.length, page.size)
        return { ...rows, asOf: conversation } satisfies MessagePage & typeof rows
      },
    },
    MessageConnection,
    MessageEdge,
  ),
)
