import type { EntryRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { entryId, personalStreamId } from '../building/ids.ts'
import { Conversation } from '../conversations/conversation.ts'
import { StreamCursor } from '../events/cursor.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

export const InboxEntry = builder.objectRef<EntryRow>('InboxEntry').implement({
  description: 'What one viewer has to do with one conversation.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Global id; opaque. For the viewer alone: nobody else can load it.',
      ...viewerDependent,
      resolve: ({ conversation }, _, context) =>
        entryId({ conversationId: conversation.id, userId: requireViewer(context).userId }),
    }),
    conversation: t.field({
      type: Conversation,
      description: 'The conversation.',
      resolve: (entry) => entry.conversation,
    }),
    unreadCount: t.exposeInt('unreadCount', {
      description: 'Messages of others after lastReadSeq, deleted ones left out.',
    }),
    lastReadSeq: t.int({
      description: 'Up to which seq the viewer has read, or marked as read.',
      resolve: (entry) => entry.member.ownReadSeq,
    }),
    mutedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'No notifications until then; null when it is not muted.',
      resolve: (entry) => entry.member.mutedUntil,
    }),
    archived: t.boolean({
      description:
        'Out of the ACTIVE inbox. A new message of somebody else ends it, unless the entry is muted at that moment; one of the viewer always ends it. An InboxEntryChanged follows. Edits, deletions, reads and members who come or go leave it as it is.',
      resolve: (entry) => entry.member.archived,
    }),
    pinned: t.boolean({ description: 'Before the others in the inbox.', resolve: (entry) => entry.member.pinned }),
  }),
})

builder.objectField(Conversation, 'viewerEntry', (t) =>
  t.field({
    type: InboxEntry,
    nullable: true,
    description: 'What the viewer has to do with it; null for somebody who is not a member.',
    ...viewerDependent,
    resolve: ({ id }, _, context) =>
      context.loaders.entry.get({ viewerId: requireViewer(context).userId, conversationId: id }),
  }),
)

const InboxFilter = builder.enumType('InboxFilter', {
  description: 'Which entries of the inbox.',
  values: {
    ACTIVE: { description: 'Those that are not archived, and those that a message brought back.' },
    ARCHIVED: { description: 'The archived ones: without a new message since, or muted when it came.' },
    UNREAD: { description: 'Those with unreadCount > 0, archived ones too.' },
    ALL: { description: 'All.' },
  },
})

builder.queryField('inbox', (t) =>
  t.connection(
    {
      type: InboxEntry,
      description: 'Pinned first, then by lastActivityAt, newest first. At most 100; 25 when not given.',
      args: { filter: t.arg({ type: InboxFilter, defaultValue: 'ACTIVE', description: 'Which entries.' }) },
      resolve: async (_, { filter, ...args }, context) => {
        const viewer = requireViewer(context)
        const page = await context.domain.inbox.page(viewer, filter ?? 'ACTIVE', args, context.loaders)
        return { ...toConnection(page, (entry) => entry), viewerHead: page.viewerHead, resume: page.resume }
      },
    },
    {
      name: 'InboxConnection',
      description: 'A page of the inbox.',
      fields: (t) => ({
        cursor: t.field({
          type: StreamCursor,
          description: "Of the viewer's personal stream as of this page, never newer than what is in it.",
          resolve: async ({ viewerHead }, _, context) => {
            const viewer = requireViewer(context)
            const position = await context.loaders.horizon.cursor(viewer.userId, viewerHead)
            return { streamId: personalStreamId(viewer.userId), ...position }
          },
        }),
        resume: t.string({
          description:
            'The position from which inboxEvents continues, without missing anything in any conversation, whether it is on this page or ' +
            'not. Opaque; see StreamEvent.resume.',
          resolve: ({ resume }) => resume(),
        }),
      }),
    },
    { name: 'InboxEdge', description: 'An entry and its place in the inbox.' },
  ),
)
