import { z } from 'zod'
import { NotFoundError, ValidationError } from '../../domain/errors.ts'
import type { CursorAdvanced } from '../../domain/inbox/inbox.ts'
import { CursorAck } from '../building/ack.ts'
import { builder } from '../building/builder.ts'
import { refusing } from '../building/refusing.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { InboxEntry } from './entry.ts'
import { positiveSeq, seq } from '../building/validate.ts'

interface Changed {
  viewerId: string
  conversationId: string
}

interface Advanced extends Changed {
  ack: CursorAdvanced
}

/** Somebody else may have removed the viewer since the write. */
async function entryNow({ viewerId, conversationId }: Changed, _: object, { loaders }: Context) {
  const entry = await loaders.entry.load({ viewerId, conversationId })
  if (!entry) throw new NotFoundError('There is no such conversation here.')
  return entry
}

const MarkReadSuccess = builder.objectRef<Advanced>('MarkReadSuccess').implement({
  description: 'The read position stands where it was asked to be, or further.',
  fields: (t) => ({
    ack: t.field({ type: CursorAck, description: "The viewer's positions now.", resolve: (advanced) => advanced.ack }),
    entry: t.field({
      type: InboxEntry,
      description: "The conversation's entry in the viewer's inbox now.",
      resolve: entryNow,
    }),
  }),
})

const MarkDeliveredSuccess = builder.objectRef<Advanced>('MarkDeliveredSuccess').implement({
  description: 'The delivered position stands where it was asked to be, or further.',
  fields: (t) => ({
    ack: t.field({ type: CursorAck, description: "The viewer's positions now.", resolve: (advanced) => advanced.ack }),
  }),
})

const UpdateInboxEntrySuccess = builder.objectRef<Changed>('UpdateInboxEntrySuccess').implement({
  description: 'The entry is changed on all devices of the viewer.',
  fields: (t) => ({
    entry: t.field({
      type: InboxEntry,
      description: 'The entry now.',
      resolve: entryNow,
    }),
  }),
})

const MarkReadInput = builder.inputType('MarkReadInput', {
  description: 'How far the viewer has got.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    seq: t.int({ required: true, description: 'Up to this message; past headSeq counts as headSeq.' }),
  }),
})

const MarkDeliveredInput = builder.inputType('MarkDeliveredInput', {
  description: "How far the viewer's devices have got the messages.",
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    seq: t.int({ required: true, description: 'Up to this message; past headSeq counts as headSeq.' }),
  }),
})

const UpdateInboxEntryInput = builder.inputType('UpdateInboxEntryInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    mutedUntil: t.field({ type: 'DateTime', description: 'No notifications until then; null ends it.' }),
    archived: t.boolean({
      description:
        'Whether it is out of the ACTIVE inbox: until a message of somebody else comes while it is not muted, or the viewer sends one.',
    }),
    pinned: t.boolean({ description: 'Whether it comes before the others.' }),
    unreadFromSeq: t.int({ description: 'Marks unread from this message on, for the viewer alone. 1 or more.' }),
  }),
})

const seqShape = z.object({ seq })
const unreadFromShape = z.object({ unreadFromSeq: positiveSeq.nullish() })

const reading = refusing(NotFoundError, ValidationError)
const delivering = refusing(NotFoundError, ValidationError)
const updating = refusing(NotFoundError, ValidationError)

builder.mutationFields((t) => ({
  markRead: t.field({
    type: MarkReadSuccess,
    errors: reading.errors,
    description: 'Marks everything up to a message as read. Never goes back, in whatever order devices report.',
    args: { input: t.arg({ type: MarkReadInput, required: true, description: 'Up to where.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = reading.validate(seqShape, 'input', input)
      const conversationId = reading.requireId('Conversation', input.conversationId)
      const ack = reading.granted(await context.domain.inbox.markRead(viewer, conversationId, checked.seq))
      return { viewerId: viewer.userId, conversationId, ack }
    },
  }),
  markDelivered: t.field({
    type: MarkDeliveredSuccess,
    errors: delivering.errors,
    description: "Tells that the viewer's devices have everything up to a message. Never goes back.",
    args: { input: t.arg({ type: MarkDeliveredInput, required: true, description: 'Up to where.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const checked = delivering.validate(seqShape, 'input', input)
      const conversationId = delivering.requireId('Conversation', input.conversationId)
      const ack = delivering.granted(await context.domain.inbox.markDelivered(viewer, conversationId, checked.seq))
      return { viewerId: viewer.userId, conversationId, ack }
    },
  }),
  updateInboxEntry: t.field({
    type: UpdateInboxEntrySuccess,
    errors: updating.errors,
    description: 'Mutes, archives, pins or marks unread, for the viewer alone and on all their devices.',
    args: { input: t.arg({ type: UpdateInboxEntryInput, required: true, description: 'The changes.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { unreadFromSeq } = updating.validate(unreadFromShape, 'input', input)
      const conversationId = updating.requireId('Conversation', input.conversationId)
      const change = {
        conversationId,
        mutedUntil: input.mutedUntil,
        archived: input.archived ?? null,
        pinned: input.pinned ?? null,
        unreadFromSeq: unreadFromSeq ?? null,
      }
      updating.granted(await context.domain.inbox.updateEntry(viewer, change))
      return { viewerId: viewer.userId, conversationId }
    },
  }),
}))
