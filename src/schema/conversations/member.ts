import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { Member as MemberRow } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { isViewer } from '../building/context.ts'
import { Conversation, isMember } from './conversation.ts'
import { memberId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

export const MemberRole = builder.enumType('MemberRole', {
  description: 'What a person may do in a conversation.',
  values: {
    OWNER: { description: 'Everything.' },
    ADMIN: { description: 'Rename, add, remove members, delete messages.' },
    MEMBER: { description: 'Read and write.' },
  },
})

/** Rows of which everybody is shown the same, also the member. */
const shownAlike = new WeakSet<object>()

/** A copy of the row that shows what others see, whoever the viewer is: what has it is the same for all readers. */
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
    role: t.field({ type: MemberRole, description: 'What they may do.', resolve: (member) => member.role }),
    joinedAt: t.field({
      type: 'DateTime',
      description: 'When they joined, the last time.',
      resolve: (member) => member.joinedAt,
    }),
    lastReadSeq: t.int({
      description: 'Up to which seq they have read, as far as they let others see it: 0 with read receipts off.',
      ...viewerDependent,
      resolve: async (member, _, context) => {
        if (!shownAlike.has(member) && isViewer(context, member.userId)) return member.ownReadSeq
        const user = await required(context.loaders.user.load(member.userId), 'the user of a member')
        return user.readReceiptsEnabled ? member.lastReadSeq : 0
      },
    }),
    lastDeliveredSeq: t.exposeInt('lastDeliveredSeq', {
      description: 'Up to which seq their devices have got the messages.',
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
    description: 'Who is in it, in the order they joined. At most 100 a page; 50 when not given.',
    ...viewerDependent,
    args: {
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only members after this cursor.' }),
    },
    resolve: async (conversation, args, context) => {
      const page = checkPage(args, limits)
      const after = page.after === null ? null : decodeCursor('members', 'after', page.after, positionOf)
      const request = { conversationId: conversation.id, after, limit: page.size + 1 }
      const isTheirs = await isMember(context, conversation)
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
