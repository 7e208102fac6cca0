import { z } from 'zod'
import { ForbiddenError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { within } from '../building/validate.ts'
import { loadViewer, Viewer } from '../people/viewer.ts'

const RenewTokenSuccess = builder.objectRef<{ endsAt: Date | null }>('RenewTokenSuccess').implement({
  description: 'The connection goes on with the new token.',
  fields: (t) => ({
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the connection is closed unless it gets a newer token: 30 s after this one has expired. Null: it stays as long as its session.',
      resolve: ({ endsAt }) => endsAt,
    }),
    viewer: t.field({ type: Viewer, description: 'The viewer.', resolve: (_, __, context) => loadViewer(context) }),
  }),
})

const RenewTokenInput = builder.inputType('RenewTokenInput', {
  description: 'A newer token.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'The access token, without "Bearer". Of the same person.' }),
  }),
})

const shape = z.object({ token: within(1, 16_384) })
const renewing = refusing(ForbiddenError, ValidationError)

builder.mutationField('renewToken', (t) =>
  t.field({
    type: RenewTokenSuccess,
    errors: renewing.errors,
    description:
      'Goes on with a newer access token on an open WebSocket, without losing subscriptions: for tokens of the embedding product, with ' +
      'which a connection ends 30 s after they expire. A token that is not valid is UNAUTHENTICATED, and changes nothing. Repeating it ' +
      'changes nothing.',
    args: { input: t.arg({ type: RenewTokenInput, required: true, description: 'The newer token.' }) },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const { token } = renewing.validate(shape, 'input', args.input)
      return renewing.granted(await context.domain.renewToken(viewer, token, context.client))
    },
  }),
)
