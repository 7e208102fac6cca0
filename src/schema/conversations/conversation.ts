import { accessOf, type Access } from '../../domain/conversations/access.ts'
import { historyFromSeq } from '../../domain/conversations/history.ts'
import { streamStart } from '../../domain/horizon.ts'
import { upToAllOthers } from '../../domain/receipts/standing.ts'
import type { LeastStandings } from '../../store/members.ts'
import { builder } from '../building/builder.ts'
import type { Context } from '../building/context.ts'
import { StreamCursor } from '../events/cursor.ts'
import { isViewer, requireViewer } from '../building/context.ts'
import { conversationId, decodeGlobalId } from '../building/ids.ts'
import { User } from '../people/user.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

export const ConversationKind = builder.enumType('ConversationKind', {
  description: 'The kinds of conversation.',
  values: {
    DIRECT: { description: 'Two people. There is one for each pair, and nobody joins or leaves it.' },
    GROUP: { description: 'Any number of people, with an owner.' },
    SUPPORT: {
      description: 'A person and those of the staff who answered them. All of the staff can see it.',
    },
  },
})

export const EditPolicy = builder.enumType('EditPolicy', {
  description: 'Until when a sender may edit or delete a message.',
  values: {
    ANYTIME: { description: 'Always.' },
    UNTIL_READ: { description: 'Until somebody else has read it and lets others see that.' },
    WITHIN_15_MINUTES: { description: 'For 15 minutes.' },
    NEVER: { description: 'Never.' },
  },
})

/**
 * Everything below a conversation is for those alone who may see it: the event of the viewer's own leaving still names the
 * conversation.
 */
export function maySee(context: Context, conversation: { id: string }): Promise<boolean> | boolean {
  const access = accessOf(requireViewer(context), conversation.id, context.loaders)
  return access instanceof Promise ? access.then((late) => late !== null) : access !== null
}

/** The viewer's access to what was written in a conversation. Notes that somebody of the staff reads in one that they are not in. */
export function accessToRead(context: Context, conversationId: string): Promise<Access | null> | Access | null {
  const viewer = requireViewer(context)
  const access = accessOf(viewer, conversationId, context.loaders)
  const note = (found: Access | null) => {
    if (found?.as === 'STAFF') context.domain.audit.staffRead(viewer, conversationId)
    return found
  }
  return access instanceof Promise ? access.then(note) : note(access)
}

/** The seq up to which messages are withheld from the viewer; null for who may not see the conversation. */
export async function historyFrom(context: Context, conversation: { id: string }): Promise<number | null> {
  const access = await accessToRead(context, conversation.id)
  return access && historyFromSeq(access)
}

/** The note alone. */
export async function noteReading(context: Context, conversationId: string): Promise<void> {
  if (requireViewer(context).role !== 'USER') await historyFrom(context, { id: conversationId })
}

type ConversationRow = Awaited<ReturnType<Context['loaders']['conversation']['load']>>

/** What a viewer who has left still gets where the schema promises a conversation: its id, and nothing newer. */
export const shellOf = (conversation: NonNullable<ConversationRow>): NonNullable<ConversationRow> => ({
  ...conversation,
  title: null,
  memberCount: 0,
  headSeq: 0,
  ...streamStart,
  lastActivityAt: conversation.createdAt,
})

/** Makes the rest of this request show the conversation as one that the viewer has left. */
export async function showShell(context: Context, id: string): Promise<void> {
  const conversation = await context.loaders.conversation.load(id)
  if (conversation) context.loaders.conversation.clear(id).prime(id, shellOf(conversation))
}

async function upToAll(
  what: keyof LeastStandings,
  { id, headSeq }: { id: string; headSeq: number },
  context: Context,
): Promise<number> {
  if (headSeq === 0) return 0
  const least = await context.loaders.leastStandings.load(id)
  return upToAllOthers(least[what], (userId) => isViewer(context, userId))
}

export const Conversation = builder.prismaObject('Conversation', {
  description: 'A conversation that the viewer is in; for staff, also every support conversation.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Global id; opaque. Also the id of its stream.',
      resolve: (conversation) => conversationId(conversation.id),
    }),
    kind: t.field({
      type: ConversationKind,
      description: 'Whether it is a direct conversation, a group or one with support.',
      resolve: (conversation) => conversation.kind,
    }),
    title: t.exposeString('title', {
      nullable: true,
      description: 'Null for a DIRECT conversation: show the peer instead.',
    }),
    editPolicy: t.field({
      type: EditPolicy,
      description: 'Until when a sender may edit or delete a message.',
      resolve: (conversation) => conversation.editPolicy,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: (conversation) => conversation.createdAt,
    }),
    lastActivityAt: t.field({
      type: 'DateTime',
      description: 'When the newest message was sent; without messages, when the conversation was created.',
      resolve: (conversation) => conversation.lastActivityAt,
    }),
    headSeq: t.exposeInt('headSeq', { description: 'seq of the newest message; 0 when there is none.' }),
    deliveredToAllSeq: t.int({
      description:
        "All other members have received the messages up to this seq; 0 when there are no others. The viewer's " +
        'messages up to this seq are DELIVERED.',
      ...viewerDependent,
      resolve: (conversation, _, context) => upToAll('delivered', conversation, context),
    }),
    readByAllSeq: t.int({
      description:
        'All other members have read the messages up to this seq, as far as they let others see it; 0 when one of ' +
        "them has read receipts off, and when there are no others. The viewer's messages up to this seq are READ.",
      ...viewerDependent,
      resolve: (conversation, _, context) => upToAll('read', conversation, context),
    }),
    cursor: t.field({
      type: StreamCursor,
      description:
        'The position of this read, never newer than anything read with it. Subscribe to conversationEvents from it, ' +
        'and no event is missed.',
      resolve: async (conversation, _, { loaders }) => ({
        streamId: conversationId(conversation.id),
        ...(await loaders.horizon.cursor(conversation.id, conversation)),
      }),
    }),
    peer: t.field({
      type: User,
      nullable: true,
      description: 'DIRECT: the other person. Null for a group.',
      ...viewerDependent,
      resolve: ({ pairKey }, _, context) => {
        const peerId = pairKey?.split(':').find((id) => !isViewer(context, id))
        return peerId === undefined ? null : context.loaders.user.get(peerId)
      },
    }),
    closedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was closed: nothing more can be sent to it. Null while it is open.',
      resolve: (conversation) => conversation.closedAt,
    }),
    deletedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its owner deleted it with all its texts; closedAt is set then too. A client drops every copy.',
      resolve: (conversation) => conversation.deletedAt,
    }),
    memberCount: t.exposeInt('memberCount', { description: 'The number of members now.' }),
  }),
})

builder.queryField('conversation', (t) =>
  t.field({
    type: Conversation,
    nullable: true,
    description: 'One conversation; null when it does not exist or the viewer may not see it.',
    args: { id: t.arg.id({ required: true, description: "The conversation's id." }) },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const decoded = decodeGlobalId(args.id)
      if (decoded?.type !== 'Conversation') return null
      const access = await accessOf(viewer, decoded.id, context.loaders)
      return access?.conversation ?? null
    },
  }),
)
