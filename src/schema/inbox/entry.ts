import type { EntryRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { entryId, personalStreamId } from '../building/ids.ts'
import { Conversation } from '../conversations/conversation.ts'
import { StreamCursor } from '../events/cursor.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

/** Null for all entries but requests: those cost no statement. */
function requestOf({ conversation, member }: EntryRow, context: Context) {
  const { userId: viewerId } = requireViewer(context)
  return member.requested ? context.loaders.request.load({ viewerId, conversationId: conversation.id }) : null
}

export const InboxEntry = builder.objectRef<EntryRow>('InboxEntry').implement({
  description:
    'One conversation as one viewer has it in their inbox: what they have read, and whether they muted, archived ' +
    'or pinned it.',
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
      description: 'The number of messages by others after lastReadSeq, without deleted ones.',
    }),
    unreadMentionCount: t.exposeInt('unreadMentionCount', {
      description:
        'How many of these messages mention the viewer, or everyone. A message counts once. People newly mentioned by an ' +
        'edit count, unless they have read the message.',
    }),
    lastReadSeq: t.int({
      description: 'The viewer has read, or marked as read, the messages up to this seq.',
      resolve: (entry) => entry.member.ownReadSeq,
    }),
    historyFromSeq: t.int({
      description:
        'Messages up to this seq are withheld from the viewer, who joined or cleared the history after them; 0 when ' +
        'none are. A client drops its copies of them.',
      resolve: (entry) => entry.member.historyFromSeq,
    }),
    mutedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'No notifications until then; null when it is not muted.',
      resolve: (entry) => entry.member.mutedUntil,
    }),
    archived: t.boolean({
      description:
        'Whether it is outside the ACTIVE inbox. A new message by somebody else makes it false, unless the entry is ' +
        'muted at that moment; a message by the viewer always makes it false. An InboxEntryChanged follows. Edits, ' +
        'deletions, reads and changes of members do not change it.',
      resolve: ({ member }) => member.archived && !member.hidden,
    }),
    hidden: t.boolean({
      description:
        'Whether it is in no inbox at all and in no count, until the next message comes. See hideConversation.',
      resolve: (entry) => entry.member.hidden,
    }),
    requestedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When somebody whom the settings of the viewer do not let in began it; null unless it is a request that waits for an ' +
        'answer. Nobody is told of what the viewer reads or does there before acceptRequest.',
      ...viewerDependent,
      resolve: async (entry, _, context) => (await requestOf(entry, context))?.createdAt ?? null,
    }),
    requestedBy: t.field({
      type: User,
      nullable: true,
      description: 'Who that was; null unless it is a request.',
      ...viewerDependent,
      resolve: async (entry, _, context) => {
        const request = await requestOf(entry, context)
        return request && context.loaders.user.load(request.fromId)
      },
    }),
    pinned: t.boolean({
      description: 'Whether it comes before the others in the inbox.',
      resolve: (entry) => entry.member.pinned,
    }),
  }),
})

builder.objectField(Conversation, 'viewerEntry', (t) =>
  t.field({
    type: InboxEntry,
    nullable: true,
    description: "The viewer's inbox entry for it; null for a viewer who is not a member.",
    ...viewerDependent,
    resolve: ({ id }, _, context) =>
      context.loaders.entry.get({ viewerId: requireViewer(context).userId, conversationId: id }),
  }),
)

const InboxFilter = builder.enumType('InboxFilter', {
  description: 'Which entries of the inbox.',
  values: {
    ACTIVE: { description: 'Entries that are not archived, also those that a message brought back.' },
    ARCHIVED: { description: 'Archived entries: no new message has come since, or the entry was muted when it came.' },
    UNREAD: { description: 'Entries with unreadCount > 0, also archived ones.' },
    MENTIONED: { description: 'Entries with unreadMentionCount > 0, also archived ones.' },
    REQUESTS: {
      description:
        'Conversations that people began whom the settings of the viewer do not let in, and groups to which these invited the ' +
        'viewer: until acceptRequest or declineRequest. They are in none of the other filters, and count nowhere.',
    },
    ALL: { description: 'All entries, but for requests.' },
  },
})

builder.queryField('inbox', (t) =>
  t.connection(
    {
      type: InboxEntry,
      description:
        "The viewer's conversations: pinned ones first, then by lastActivityAt, newest first. At most 100 per page; " +
        '25 by default.',
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
          description:
            "The position of the viewer's personal stream when this page was read, never newer than the page.",
          resolve: async ({ viewerHead }, _, context) => {
            const viewer = requireViewer(context)
            const position = await context.loaders.horizon.cursor(viewer.userId, viewerHead)
            return { streamId: personalStreamId(viewer.userId), ...position }
          },
        }),
        resume: t.string({
          description:
            'Resume token: inboxEvents(resume) continues after this page and misses no event of any conversation, whether ' +
            'it is on the page or not. Opaque; see StreamEvent.resume.',
          resolve: ({ resume }) => resume(),
        }),
      }),
    },
    { name: 'InboxEdge', description: 'An entry and its place in the inbox.' },
  ),
)
