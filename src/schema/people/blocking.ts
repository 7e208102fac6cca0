import { isUuid } from '../../domain/ids.ts'
import { NotFoundError, ValidationError } from '../../domain/errors.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { BlockPlace, BlockedPerson } from '../../store/blocks.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { isViewerAmong, requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { Message } from '../messages/message.ts'
import { User, UserConnection } from './user.ts'
import { loadViewer, Viewer } from './viewer.ts'

builder.prismaObjectField(User, 'blocked', (t) =>
  t.boolean({
    description: 'Whether the viewer has blocked them. Nobody sees who has blocked themselves.',
    ...viewerDependent,
    resolve: ({ id }, _, context) =>
      context.loaders.blocks.hasBlocked.load({ viewerId: requireViewer(context).userId, userId: id }),
  }),
)

builder.prismaObjectField(Message, 'senderBlocked', (t) =>
  t.boolean({
    description: 'Whether the viewer has blocked its sender: a client then does not show the message by itself.',
    ...viewerDependent,
    resolve: async ({ conversationId, senderId }, _, context) => {
      // In a result for many, who of the members has is one question for all of them.
      if (context.isViewerAmong) {
        return isViewerAmong(
          context,
          new Set(await context.loaders.blocks.blockersIn.load({ conversationId, userId: senderId })),
        )
      }
      return context.loaders.blocks.hasBlocked.load({ viewerId: requireViewer(context).userId, userId: senderId })
    },
  }),
)

const placeOf = ([blockedAtMs, userId]: unknown[]): BlockPlace | null =>
  isMomentMs(blockedAtMs) && typeof userId === 'string' && isUuid(userId) ? { blockedAtMs, userId } : null
const isBefore = (one: BlockPlace, other: BlockPlace) =>
  one.blockedAtMs === other.blockedAtMs ? one.userId >= other.userId : one.blockedAtMs > other.blockedAtMs

builder.objectField(Viewer, 'blockedUsers', (t) =>
  t.field({
    type: UserConnection,
    description: 'Whom the viewer has blocked, the newest block first. At most 100 per page; 25 by default.',
    args: {
      first: t.arg.int({ description: 'How many people, 0 to 100.' }),
      after: t.arg.string({ description: 'Only people after this cursor.' }),
    },
    resolve: async ({ userId: viewerId }, args, { domain: { blocks } }) => {
      const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
      const after = page.after === null ? null : decodeCursor('blocks', 'after', page.after, placeOf)
      const rows = await blocks.list(viewerId, after, page.size + 1)
      const where = ({ id, blockedAt }: BlockedPerson) => ({ blockedAtMs: blockedAt.getTime(), userId: id })
      const isBehind = async () => {
        const [first] = await blocks.list(viewerId, null, 1)
        return first !== undefined && after !== null && isBefore(where(first), after)
      }
      const cursorOf = (row: BlockedPerson) => encodeCursor('blocks', Object.values(where(row)))
      return toConnection(toPage(rows, page, cursorOf, isBehind), (user) => user)
    },
  }),
)

eventRef('BLOCK_CHANGED').implement({
  description: "On the viewer's personal stream: they have blocked a person, or no longer do, on one of their devices.",
  interfaces: interfacesOf('BLOCK_CHANGED'),
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.data.userId), 'somebody who is blocked'),
    }),
    blocked: t.boolean({
      description: 'Whether the viewer has blocked them since.',
      resolve: ({ event }) => event.data.blocked,
    }),
  }),
})

interface Blocked {
  userId: string
}

const BlockUserSuccess = builder.objectRef<Blocked>('BlockUserSuccess').implement({
  description: 'The person is blocked, or no longer, on all devices of the viewer.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person; `blocked` is as requested.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'somebody who is blocked'),
    }),
    viewer: t.field({
      type: Viewer,
      description: 'The viewer, with whom they have blocked now.',
      resolve: (_, __, context) => loadViewer(context),
    }),
  }),
})

const BlockUserInput = builder.inputType('BlockUserInput', {
  description: 'Whom to block.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The person.' }),
    blocked: t.boolean({ required: true, description: 'True blocks them; false takes that back.' }),
  }),
})

const blocking = refusing(NotFoundError, ValidationError)

builder.mutationField('blockUser', (t) =>
  t.field({
    type: BlockUserSuccess,
    errors: blocking.errors,
    description:
      'Blocks a person, or no longer does. Between the two nothing can be sent in a direct conversation any more, neither sees ' +
      'the presence or the typing of the other, and the blocked one can neither begin a direct conversation nor add the ' +
      'viewer to a group. Their messages in common groups have senderBlocked, and do not notify. They are not told. It has no ' +
      "key: repeated, it changes nothing. A BlockChanged tells the viewer's other devices.",
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const userId = blocking.requireId('User', input.userId)
      blocking.granted(await context.domain.blocks.set(viewer, userId, input.blocked))
      return { userId }
    },
  }),
)
