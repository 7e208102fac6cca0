import type { CursorAdvanced } from '../../domain/inbox/inbox.ts'
import type { Ack } from '../../domain/outcome.ts'
import { builder } from './builder.ts'
import { StreamCursor } from '../events/cursor.ts'
import { streamId } from './ids.ts'

const WriteOutcome = builder.enumType('WriteOutcome', {
  description: 'Whether the write was done by this request or by an earlier one with the same key.',
  values: {
    ACCEPTED: { description: 'Written now, and durable.' },
    DUPLICATE: { description: 'Written before with the same key; this is the first answer again.' },
  },
})

export const WriteAck = builder.objectRef<Ack>('WriteAck').implement({
  description: 'Confirms that a write is durable, and names its event.',
  fields: (t) => ({
    outcome: t.field({
      type: WriteOutcome,
      description: 'Whether it was written now or before.',
      resolve: (ack) => ack.outcome,
    }),
    cursor: t.field({
      type: StreamCursor,
      description: 'The position of its event.',
      resolve: (ack, _, { viewer }) => ({
        streamId: streamId(ack.streamId, viewer?.userId ?? null),
        eventSeq: ack.eventSeq,
        mark: ack.mark,
      }),
    }),
    opKey: t.exposeString('opKey', { description: 'The key of the request.' }),
  }),
})

const CursorOutcome = builder.enumType('CursorOutcome', {
  description: 'Whether a read or delivered position moved.',
  values: {
    ADVANCED: { description: 'It moved forward.' },
    UNCHANGED: { description: 'It was there already, or further.' },
  },
})

export const CursorAck = builder.objectRef<CursorAdvanced>('CursorAck').implement({
  description: "The viewer's positions in a conversation after the request.",
  fields: (t) => ({
    outcome: t.field({ type: CursorOutcome, description: 'Whether a position moved.', resolve: (ack) => ack.outcome }),
    lastReadSeq: t.exposeInt('lastReadSeq', { description: 'The viewer has read the messages up to this seq.' }),
    lastDeliveredSeq: t.exposeInt('lastDeliveredSeq', {
      description: "The viewer's devices have received the messages up to this seq.",
    }),
    unreadCount: t.exposeInt('unreadCount', {
      description: 'The number of messages by others after lastReadSeq, without deleted ones.',
    }),
  }),
})
