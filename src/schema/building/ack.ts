import type { CursorAdvanced } from '../../domain/inbox/inbox.ts'
import type { Ack } from '../../domain/outcome.ts'
import { builder } from './builder.ts'
import { StreamCursor } from '../events/cursor.ts'
import { streamId } from './ids.ts'

const WriteOutcome = builder.enumType('WriteOutcome', {
  description: 'Whether this request wrote, or a former one with the same key did.',
  values: {
    ACCEPTED: { description: 'Written now, and durable.' },
    DUPLICATE: { description: 'Written before with the same key; this is the first answer again.' },
  },
})

export const WriteAck = builder.objectRef<Ack>('WriteAck').implement({
  description: 'That a write is durable, and as which event others see it.',
  fields: (t) => ({
    outcome: t.field({
      type: WriteOutcome,
      description: 'Whether it was written now or before.',
      resolve: (ack) => ack.outcome,
    }),
    cursor: t.field({
      type: StreamCursor,
      description: 'The place of its event.',
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
    outcome: t.field({ type: CursorOutcome, description: 'Whether anything moved.', resolve: (ack) => ack.outcome }),
    lastReadSeq: t.exposeInt('lastReadSeq', { description: 'Up to which seq the viewer has read.' }),
    lastDeliveredSeq: t.exposeInt('lastDeliveredSeq', {
      description: "Up to which seq the viewer's devices have got the messages.",
    }),
    unreadCount: t.exposeInt('unreadCount', {
      description: 'Messages of others after lastReadSeq, deleted ones left out.',
    }),
  }),
})
