import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { Member as MemberRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { isViewer } from '../building/context.ts'
import { Conversation, maySee } from './conversation.ts'
import { memberId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

export const MemberRole = builder.enumType('MemberRole', {
  description: 'What a person may do in a conversation.',
  values: {
    OWNER: { description: 'May do everything. Each group has exactly one.' },
    ADMIN: {
      description:
        'May rename the group, add and remove plain members, pin messages, delete messages, and mention everyone.',
    },
    MEMBER: { description: 'May read and write, and what Conversation.memberPermissions lets them do.' },
  },
})

/** Rows that look the same to every viewer, also to the member. */
const shownAlike = new WeakSet<object>()

/** A copy of the row with the values that others see, so that it is the same for all readers. */
export function asOthersSee(member: MemberRow): MemberRow {
  const copy = { ...member }
  shownAlike.add(copy)
  return copy
}

export const Member = builder.prismaObject('Member', {
  description: 'A person in a conversation.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: (member) => memberId(member) }),
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: (member, _, { loaders }) => required(loaders.user.get(member.userId), 'the user of a member'),
    }),
    role: t.field({
      type: MemberRole,
      description: 'What they may do in the conversation.',
      resolve: (member) => member.role,
    }),
    joinedAt: t.field({
      type: 'DateTime',
      description: 'When they joined; after leaving and coming back, the last time.',
      resolve: (member) => member.joinedAt,
    }),
    lastReadSeq: t.int({
      description:
        'They have read the messages up to this seq, as far as they let others see it: 0 with read receipts off.',
      ...viewerDependent,
      resolve: async (member, _, context) => {
        if (!shownAlike.has(member) && isViewer(context, member.userId)) return member.ownReadSeq
        const user = await required(context.loaders.user.load(member.userId), 'the user of a member')
        return user.readReceiptsEnabled ? member.lastReadSeq : 0
      },
    }),
    lastDeliveredSeq: t.exposeInt('lastDeliveredSeq', {
      description: 'Their devices have received the messages up to this seq.',
    }),
  }),
})

const MemberConnection = builder.connectionObject(
  { type: Member, name: 'MemberConnection', description: 'A page of members.' },
  { name: 'MemberEdge', description: 'A member and their place in the list.' },
)

const limits = { defaultSize: 50, maxSize: 100 }

const positionOf = ([joinedAtMs, userId]: unknown[]) =>
  isMomentMs(joinedAtMs) && typeof userId === 'string' && isUuid(userId) ? { joinedAtMs, userId } : null

builder.objectField(Conversation, 'members', (t) =>
  t.field({
    type: MemberConnection,
    description: 'The members, in the order they joined. At most 100 per page; 50 by default.',
    ...viewerDependent,
    args: {
      first: t.arg.int({ description: 'How many members, 0 to 100.' }),
      after: t.arg.string({ description: 'Only members after this cursor.' }),
    },
    resolve: async (conversation, args, context) => {
      const page = checkPage(args, limits)
      const after = page.after === null ? null : decodeCursor('members', 'after', page.after, positionOf)
      const request = { conversationId: conversation.id, after, limit: page.size + 1 }
      const isTheirs = await maySee(context, conversation)
      const members = isTheirs ? await context.loaders.members.load(request) : []
      const isBehind = async () => {
        const [first] = isTheirs ? await context.loaders.members.load({ ...request, after: null, limit: 1 }) : []
        if (!first || !after) return false
        const joinedAtMs = first.joinedAt.getTime()
        return joinedAtMs < after.joinedAtMs || (joinedAtMs === after.joinedAtMs && first.userId <= after.userId)
      }
      return toConnection(
        toPage(
          members,
          page,
          (member) => encodeCursor('members', [member.joinedAt.getTime(), member.userId]),
          isBehind,
        ),
        (member) => member,
      )
    },
  }),
)
