import { isUuid } from '../../domain/ids.ts'
import { revisionsOf } from '../../domain/messages/revisions.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { Access } from '../../domain/conversations/access.ts'
import { isShown } from '../../domain/conversations/history.ts'
import type { ReadRow } from '../../store/message-readers.ts'
import type { RevisionRow } from '../../store/messages.ts'
import type { Message as MessageRow, User as UserRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { isViewer, requireViewer } from '../building/context.ts'
import { accessToRead, Conversation, historyFrom } from '../conversations/conversation.ts'
import { messageId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { shownOrNull } from './shown.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

const DeliveryStatus = builder.enumType('DeliveryStatus', {
  description: 'Whether the other members have received and read a message.',
  values: {
    SENT: { description: 'It is stored.' },
    DELIVERED: { description: 'All other members have received it.' },
    READ: { description: 'All other members have read it, and let others see that.' },
  },
})

const Read = builder.objectRef<ReadRow>('Read').implement({
  description: 'A person has read a message.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: (read, _, { loaders }) => required(loaders.user.load(read.userId), 'a reader'),
    }),
    readAt: t.field({ type: 'DateTime', description: 'When they read it.', resolve: (read) => read.readAt }),
  }),
})

const MessageRevision = builder.objectRef<RevisionRow>('MessageRevision').implement({
  description: 'A text that a message had before an edit.',
  fields: (t) => ({
    revision: t.exposeInt('revision', { description: 'The revision of the message with this text.' }),
    text: t.exposeString('text', { description: 'The text; empty if the message had only attachments.' }),
    editedAt: t.field({
      type: 'DateTime',
      description: 'When the message came to have this text: when it was sent, for revision 1.',
      resolve: (revision) => revision.editedAt,
    }),
  }),
})

export const Message = builder.prismaObject('Message', {
  description:
    'A message, identified by its conversation and its seq. Both stay when it is edited or deleted; a deleted ' +
    'message is a tombstone without text.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: (message) => messageId(message) }),
    conversation: t.field({
      type: Conversation,
      description: 'The conversation it is in.',
      resolve: (message, _, { loaders }) =>
        required(loaders.conversation.load(message.conversationId), 'the conversation of a message'),
    }),
    seq: t.exposeInt('seq', { description: 'Place in the conversation: 1, 2, 3 … without gaps, in commit order.' }),
    sender: t.field({
      type: User,
      description: 'Who sent it.',
      resolve: (message, _, { loaders }) => required(loaders.user.get(message.senderId), 'the sender of a message'),
    }),
    text: t.exposeString('text', {
      nullable: true,
      description: '1 to 4000 characters; null once deleted, and where there are attachments alone.',
    }),
    revision: t.exposeInt('revision', { description: '1, and one more with each edit.' }),
    clientMessageId: t.string({
      nullable: true,
      description: 'The key it was sent with; null for everyone but the sender.',
      ...viewerDependent,
      resolve: (message, _, context) => (isViewer(context, message.senderId) ? message.clientMessageId : null),
    }),
    mentions: t.field({
      type: [User],
      description:
        'The people whom it mentions, as the sender ordered them, also those who have left since. Empty once deleted. ' +
        'Not those whom only mentionsEveryone means.',
      resolve: async ({ mentionIds }, _, { loaders }) => {
        const people = await Promise.all(mentionIds.map((id) => loaders.user.load(id)))
        return people.filter((person): person is UserRow => person !== null && person.erasedAt === null)
      },
    }),
    mentionsEveryone: t.exposeBoolean('mentionsEveryone', {
      description: 'Whether it mentions all who were members of the group when it was sent.',
    }),
    revisions: t.field({
      type: [MessageRevision],
      description:
        'Its former texts, oldest first, without the present one: the newest 100. For its sender, for the owner and the ' +
        'admins of a group, and for staff in a support conversation; empty for others, and once it is deleted.',
      ...viewerDependent,
      resolve: (message, _, context) => revisionsOf(() => requireViewer(context), message, context.loaders),
    }),
    status: t.field({
      type: DeliveryStatus,
      description: 'Whether the other members have received and read it: READ when all have read it.',
      resolve: async ({ conversationId, senderId, seq }, _, { loaders }) => {
        const { delivered, read } = await loaders.othersProgress.load({ conversationId, senderId, seq })
        if (read) return 'READ'
        return delivered ? 'DELIVERED' : 'SENT'
      },
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was stored.',
      resolve: (message) => message.createdAt,
    }),
    editedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was edited last.',
      resolve: (message) => message.editedAt,
    }),
    deletedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted.',
      resolve: (message) => message.deletedAt,
    }),
    deletedBy: t.field({
      type: User,
      nullable: true,
      description: 'Who deleted it.',
      resolve: ({ deletedById }, _, { loaders }) => (deletedById === null ? null : loaders.user.get(deletedById)),
    }),
  }),
})

builder.objectField(Message, 'replyTo', (t) =>
  t.field({
    type: Message,
    nullable: true,
    description: 'The message of the same conversation that it answers; null when that is withheld from the viewer.',
    ...viewerDependent,
    resolve: ({ conversationId, replyToSeq }, _, context) => {
      if (replyToSeq === null) return null
      const original = context.loaders.message.get({ conversationId, seq: replyToSeq })
      const shown = (message: MessageRow | null) => message && shownOrNull(context, message)
      return original instanceof Promise ? original.then(shown) : shown(original)
    },
  }),
)

const ReadConnection = builder.connectionObject(
  { type: Read, name: 'ReadConnection', description: 'A page of people who have read a message.' },
  { name: 'ReadEdge', description: 'A person who has read it, and their place in the list.' },
)

const readPositionOf = ([readAtMs, userId]: unknown[]) =>
  isMomentMs(readAtMs) && typeof userId === 'string' && isUuid(userId) ? { readAtMs, userId } : null

builder.objectField(Message, 'readBy', (t) =>
  t.field({
    type: ReadConnection,
    description:
      'Other members who have read it and let others see that, earliest first. At most 100 per page; 50 by default.',
    ...viewerDependent,
    args: {
      first: t.arg.int({ description: 'How many reads, 0 to 100.' }),
      after: t.arg.string({ description: 'Only reads after this cursor.' }),
    },
    resolve: async ({ conversationId, seq, senderId }, args, context) => {
      const page = checkPage(args, { defaultSize: 50, maxSize: 100 })
      const after = page.after === null ? null : decodeCursor('reads', 'after', page.after, readPositionOf)
      const request = { conversationId, seq, senderId, after, limit: page.size + 1 }
      const from = await historyFrom(context, { id: conversationId })
      const isTheirs = from !== null && seq > from
      const reads = isTheirs ? await context.loaders.readBy.load(request) : []
      const isBehind = async () => {
        const [first] = isTheirs ? await context.loaders.readBy.load({ ...request, after: null, limit: 1 }) : []
        if (!first || !after) return false
        const readAtMs = first.readAt.getTime()
        return readAtMs < after.readAtMs || (readAtMs === after.readAtMs && first.userId <= after.userId)
      }
      return toConnection(
        toPage(reads, page, (read) => encodeCursor('reads', [read.readAt.getTime(), read.userId]), isBehind),
        (read) => read,
      )
    },
  }),
)

builder.objectField(Conversation, 'lastMessage', (t) =>
  t.field({
    type: Message,
    nullable: true,
    description: 'The newest message, also when it was deleted; null when there is none that the viewer may see.',
    ...viewerDependent,
    resolve: ({ id, headSeq }, _, context) => {
      if (headSeq === 0) return null
      const lastFor = (access: Access | null) =>
        isShown(access, headSeq) ? context.loaders.message.get({ conversationId: id, seq: headSeq }) : null
      const access = accessToRead(context, id)
      return access instanceof Promise ? access.then(lastFor) : lastFor(access)
    },
  }),
)
