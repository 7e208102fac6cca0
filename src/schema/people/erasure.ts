import { ForbiddenError, NotFoundError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { refusing } from '../building/refusing.ts'
import { requireAdmin } from '../building/context.ts'
import { userId as globalUserId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { User } from './user.ts'

const EraseUserSuccess = builder.objectRef<{ userId: string }>('EraseUserSuccess').implement({
  description: "The person's texts and profile are gone.",
  fields: (t) => ({
    userId: t.id({ description: 'Who was erased.', resolve: ({ userId }) => globalUserId(userId) }),
  }),
})

const EraseUserInput = builder.inputType('EraseUserInput', {
  description: 'A person to erase.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'Whom to erase.' }) }),
})

const erasing = refusing(NotFoundError, ForbiddenError)

builder.mutationField('eraseUser', (t) =>
  t.field({
    type: EraseUserSuccess,
    errors: erasing.errors,
    description:
      'For an ADMIN: removes all texts and the profile of a person, and the ways to log in as them. Their messages become ' +
      'tombstones that keep their seq; each conversation gets a UserErased. Repeating it finishes what was interrupted.',
    args: { input: t.arg({ type: EraseUserInput, required: true, description: 'Whom to erase.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireAdmin(context, 'erase a person')
      const userId = erasing.requireId('User', input.userId)
      erasing.granted(await context.domain.people.erase(viewer, userId))
      return { userId }
    },
  }),
)

eventRef('USER_ERASED').implement({
  description:
    'All texts of a person were deleted for good. Delete every copy of what they sent in this conversation, and ' +
    'of their profile.',
  interfaces: interfacesOf('USER_ERASED'),
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person who was erased; only the id is left.',
      resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.data.userId), 'an erased user'),
    }),
  }),
})
