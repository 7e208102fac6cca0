import { z } from 'zod'
import { accessOf } from '../../domain/conversations/access.ts'
import { entryOfStaff } from '../../domain/support/support.ts'
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

/** Another member may have removed the viewer since the write. */
async function entryNow({ viewerId, conversationId }: Changed, _: object, { loaders }: Context) {
  const entry = await loaders.entry.load({ viewerId, conversationId })
  if (!entry) throw new NotFoundError('There is no such conversation here.')
  return entry
}

/** Staff who are not a member have no entry: theirs shows how far the staff have read. */
async function entryAfterReading(read: Advanced, parent: object, context: Context) {
  const access = await accessOf(requireViewer(context), read.conversationId, context.loaders)
  if (access?.as !== 'STAFF') return entryNow(read, parent, context)
  const { conversation } = access
  const { ack } = read
  return { conversation, member: entryOfStaff(ack.lastReadSeq), unreadCount: ack.unreadCount, unreadMentionCount: 0 }
}

const MarkReadSuccess = builder.objectRef<Advanced>('MarkReadSuccess').implement({
  description: 'The read position is at the requested seq, or further.',
  fields: (t) => ({
    ack: t.field({ type: CursorAck, description: "The viewer's positions now.", resolve: (advanced) => advanced.ack }),
    entry: t.field({
      type: InboxEntry,
      description:
        "The conversation's entry in the viewer's inbox now. Staff who are not a member have none there: they get what the " +
        'staff have read.',
      resolve: entryAfterReading,
    }),
  }),
})

const MarkDeliveredSuccess = builder.objectRef<Advanced>('MarkDeliveredSuccess').implement({
  description: 'The delivered position is at the requested seq, or further.',
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
  description: 'Up to which message the viewer has read.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    seq: t.int({
      required: true,
      description: 'The seq of that message; a larger number than headSeq counts as headSeq.',
    }),
  }),
})

const MarkDeliveredInput = builder.inputType('MarkDeliveredInput', {
  description: "Up to which message the viewer's devices have received everything.",
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    seq: t.int({
      required: true,
      description: 'The seq of that message; a larger number than headSeq counts as headSeq.',
    }),
  }),
})

const UpdateInboxEntryInput = builder.inputType('UpdateInboxEntryInput', {
  description: 'Fields that are left out do not change anything.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which conversation.' }),
    mutedUntil: t.field({ type: 'DateTime', description: 'No notifications until then; null unmutes.' }),
    archived: t.boolean({
      description:
        "Whether it is outside the ACTIVE inbox, until somebody else's message comes while it is not muted, or the " +
        'viewer sends one.',
    }),
    pinned: t.boolean({ description: 'Whether it comes before the others.' }),
    unreadFromSeq: t.int({
      description: 'Marks the messages from this seq on as unread, for the viewer only. 1 or more.',
    }),
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
    description:
      'Marks all messages up to one as read. The position never moves back, in whatever order devices report. By staff in a ' +
      'support conversation that they are not a member of: all of the staff have read them.',
    args: {
      input: t.arg({
        type: MarkReadInput,
        required: true,
        description: 'In which conversation, and up to which message.',
      }),
    },
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
    description:
      "Reports that the viewer's devices have received all messages up to one. The position never moves back.",
    args: {
      input: t.arg({
        type: MarkDeliveredInput,
        required: true,
        description: 'In which conversation, and up to which message.',
      }),
    },
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
    description:
      'Mutes, archives or pins a conversation, or marks it unread, for the viewer only and on all their devices.',
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
