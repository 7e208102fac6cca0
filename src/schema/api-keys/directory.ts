import { z } from 'zod'
import { avatarOf } from '../../domain/identity/claims.ts'
import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import { isReservedHandle } from '../../domain/people/handles.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { displayName, handle, within } from '../building/validate.ts'
import { User } from '../people/user.ts'

const UpsertUserSuccess = builder.objectRef<{ userId: string }>('UpsertUserSuccess').implement({
  description: 'The person is as was said.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The person.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'somebody who was just made'),
    }),
  }),
})

const UpsertUserInput = builder.inputType('UpsertUserInput', {
  description: 'A person of the embedding product.',
  fields: (t) => ({
    externalId: t.string({
      required: true,
      description: 'Their id there, which is the subject of their tokens: 1 to 255 characters, and never another.',
    }),
    displayName: t.string({ required: true, description: 'What they are called: one line of 1 to 64 characters.' }),
    handle: t.string({ description: 'For somebody new, if nobody has it; else they get another one.' }),
    avatarUrl: t.string({ description: 'Their picture, with https; empty: none; null leaves it as it is.' }),
  }),
})

const shape = z.object({
  externalId: within(1, 255).refine((text) => !/\p{Cc}/u.test(text), 'Must not contain control characters.'),
  displayName,
  handle: handle.nullish(),
  avatarUrl: z
    .string()
    .transform((value, context) => {
      const url = avatarOf(value)
      if (url !== null) return url
      context.addIssue({ code: 'custom', message: 'Must be an address with https, of 2,048 characters at the most.' })
      return z.NEVER
    })
    .nullish(),
})

const upserting = refusing(ForbiddenError, NotFoundError, ValidationError)

builder.mutationField('upsertUser', (t) =>
  t.field({
    type: UpsertUserSuccess,
    errors: upserting.errors,
    description:
      'For an API key with USERS_WRITE, and for an ADMIN: makes a person of the embedding product, or changes them. Whoever comes with a token of that ' +
      'subject is the same person. Repeating it changes nothing. NOT_FOUND: they were erased here.',
    args: { input: t.arg({ type: UpsertUserInput, required: true, description: 'The person.' }) },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      // Not on behalf of anybody: it is the back end that says who there is.
      const isAllowed = viewer.apiKey ? viewer.apiKey.userId === viewer.userId : viewer.role === 'ADMIN'
      if (!isAllowed) throw new ForbiddenError('Only an API key for itself, or an ADMIN, may make people.')
      const entry = upserting.validate(shape, 'input', args.input)
      const wanted = entry.handle != null && !isReservedHandle(entry.handle) ? entry.handle : null
      const { externalId, displayName: name, avatarUrl = null } = entry
      const made = await context.domain.directory.upsert({ externalId, displayName: name, avatarUrl, handle: wanted })
      return { userId: upserting.granted(made) }
    },
  }),
)
