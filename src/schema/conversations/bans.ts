import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { Ban as BanRow, BanPlace } from '../../store/bans.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { requireId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { success } from './changed.ts'
import { maySee } from './conversation.ts'

const Ban = builder.objectRef<BanRow>('Ban').implement({
  description: 'Somebody who may not be added to a group.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who it is.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'somebody who is banned'),
    }),
    by: t.field({
      type: User,
      description: 'Who banned them.',
      resolve: ({ bannedById }, _, { loaders }) => required(loaders.user.load(bannedById), 'who banned somebody'),
    }),
    bannedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ bannedAt }) => bannedAt }),
  }),
})

const BanConnection = builder.connectionObject(
  { type: Ban, name: 'BanConnection', description: 'A page of bans.' },
  { name: 'BanEdge', description: 'A ban and its place in the list.' },
)

const placeOf = ([bannedAtMs, userId]: unknown[]): BanPlace | null =>
  isMomentMs(bannedAtMs) && typeof userId === 'string' && isUuid(userId) ? { bannedAtMs, userId } : null

builder.queryField('bans', (t) =>
  t.field({
    type: BanConnection,
    description:
      'For the owner and admins of a group: whom it bans, the newest ban first. At most 100 per page; 25 by default. FORBIDDEN for its ' +
      'other members, NOT_FOUND for everybody else.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'Which group.' }),
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only those after this cursor.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const { bans } = context.domain
      const id = requireId('Conversation', args.conversationId)
      const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
      const after = page.after === null ? null : decodeCursor('bans', 'after', page.after, placeOf)
      const rows = await bans.list(viewer, id, after, page.size + 1)
      if (rows === null) {
        if (await maySee(context, { id }))
          throw new ForbiddenError('Only the owner and admins of a group may see whom it bans.')
        throw new NotFoundError('There is no such conversation here.')
      }
      const isBehind = async () => after !== null && ((await bans.list(viewer, id, null, 1)) ?? []).length > 0
      const cursorOf = ({ bannedAt, userId }: BanRow) => encodeCursor('bans', [bannedAt.getTime(), userId])
      return toConnection(toPage(rows, page, cursorOf, isBehind), (row) => row)
    },
  }),
)

const BanMemberSuccess = success('BanMemberSuccess', 'The person is banned from the group, or no longer.')

const BanMemberInput = builder.inputType('BanMemberInput', {
  description: 'Whom to ban from which group.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'Which group.' }),
    userId: t.id({ required: true, description: 'The person, who need not be a member.' }),
    banned: t.boolean({ required: true, description: 'True bans them; false takes that back.' }),
  }),
})

const banning = refusing(NotFoundError, ForbiddenError, ValidationError)

builder.mutationField('banMember', (t) =>
  t.field({
    type: BanMemberSuccess,
    errors: banning.errors,
    description:
      'For the owner and admins of a group: bans a person from it, or no longer does. A member leaves it with that (MemberLeft with ' +
      '`banned`), and nobody can add them again. An admin is banned by the owner alone. Where nobody leaves, a ConversationUpdated ' +
      'follows. It has no key: repeated, it changes nothing.',
    args: { input: t.arg({ type: BanMemberInput, required: true, description: 'Whom, from which group.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = banning.requireId('Conversation', input.conversationId)
      const userId = banning.requireId('User', input.userId)
      return { conversationId: banning.granted(await context.domain.bans.set(viewer, id, userId, input.banned)) }
    },
  }),
)
