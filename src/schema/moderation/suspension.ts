import { z } from 'zod'
import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { SuspendedPerson, SuspensionPlace } from '../../store/suspensions.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireAdmin, requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { note } from '../building/validate.ts'
import { User } from '../people/user.ts'

const Suspension = builder.objectRef<SuspendedPerson>('Suspension').implement({
  description: 'Somebody who may not use this server for a while.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Who it is.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'somebody who is suspended'),
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, as they are told when they log in.' }),
    since: t.field({ type: 'DateTime', description: 'Since when.', resolve: ({ since }) => since }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends; null: when somebody takes it back.',
      resolve: ({ until }) => until,
    }),
    by: t.field({
      type: User,
      nullable: true,
      description: 'Who suspended them; null: an operator on the command line.',
      resolve: ({ byId }, _, { loaders }) => (byId === null ? null : loaders.user.load(byId)),
    }),
  }),
})

const SuspensionConnection = builder.connectionObject(
  { type: Suspension, name: 'SuspensionConnection', description: 'A page of suspensions.' },
  { name: 'SuspensionEdge', description: 'A suspension and its place in the list.' },
)

const placeOf = ([sinceMs, userId]: unknown[]): SuspensionPlace | null =>
  isMomentMs(sinceMs) && typeof userId === 'string' && isUuid(userId) ? { sinceMs, userId } : null

builder.queryField('suspensions', (t) =>
  t.field({
    type: SuspensionConnection,
    description:
      'For staff: who is suspended now, the newest suspension first. At most 100 per page; 25 by default. FORBIDDEN for everybody else.',
    args: {
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only those after this cursor.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const { suspensions } = context.domain
      const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
      const after = page.after === null ? null : decodeCursor('suspensions', 'after', page.after, placeOf)
      const rows = await suspensions.list(viewer, after, page.size + 1)
      const isBehind = async () => after !== null && (await suspensions.list(viewer, null, 1)).length > 0
      const cursorOf = ({ since, userId }: SuspendedPerson) => encodeCursor('suspensions', [since.getTime(), userId])
      return toConnection(toPage(rows, page, cursorOf, isBehind), (row) => row)
    },
  }),
)

const success = (name: string, description: string) =>
  builder.objectRef<{ userId: string }>(name).implement({
    description,
    fields: (t) => ({
      user: t.field({
        type: User,
        description: 'Who it is.',
        resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'somebody who was suspended'),
      }),
      suspension: t.field({
        type: Suspension,
        nullable: true,
        description: 'How they are suspended now; null when they are not.',
        resolve: ({ userId }, _, { domain }) => domain.suspensions.of(userId),
      }),
    }),
  })

const SuspendUserSuccess = success('SuspendUserSuccess', 'Nobody is logged in as them any more, or can log in.')
const UnsuspendUserSuccess = success('UnsuspendUserSuccess', 'They can log in again.')

const SuspendUserInput = builder.inputType('SuspendUserInput', {
  description: 'Whom to suspend, why, and for how long.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The person.' }),
    reason: t.string({ description: 'Told to them when they log in: 1 to 1,000 characters. Null: none is told.' }),
    until: t.field({ type: 'DateTime', description: 'When it ends by itself; null: never.' }),
  }),
})

const UnsuspendUserInput = builder.inputType('UnsuspendUserInput', {
  description: 'Who may log in again.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The person.' }) }),
})

const termsShape = z.object({ reason: note.nullish(), until: z.date().nullish() })
const suspending = refusing(NotFoundError, ForbiddenError, ValidationError)
const unsuspending = refusing(NotFoundError, ForbiddenError)

builder.mutationFields((t) => ({
  suspendUser: t.field({
    type: SuspendUserSuccess,
    errors: suspending.errors,
    description:
      'For an ADMIN: nobody is logged in as this person from now on, in any process: access and refresh tokens are worth nothing, ' +
      'sockets are closed with 4401, streams end, presence ends, and login answers ACCOUNT_SUSPENDED. What they wrote stays, and so do ' +
      'their memberships; support conversations for which they are responsible are nobody\u2019s. Has no key: repeated, it changes ' +
      'nothing; with another reason or time it changes these.',
    args: { input: t.arg({ type: SuspendUserInput, required: true, description: 'Whom, why, and for how long.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireAdmin(context, 'suspend somebody')
      const userId = suspending.requireId('User', input.userId)
      const { reason = null, until = null } = suspending.validate(termsShape, 'input', {
        reason: input.reason,
        until: input.until,
      })
      suspending.granted(await context.domain.suspensions.suspend(viewer, userId, { reason, until }))
      return { userId }
    },
  }),
  unsuspendUser: t.field({
    type: UnsuspendUserSuccess,
    errors: unsuspending.errors,
    description: 'For an ADMIN: ends a suspension. The person logs in anew. Has no key: repeated, it changes nothing.',
    args: { input: t.arg({ type: UnsuspendUserInput, required: true, description: 'Who.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireAdmin(context, 'suspend somebody')
      const userId = unsuspending.requireId('User', input.userId)
      unsuspending.granted(await context.domain.suspensions.unsuspend(viewer, userId))
      return { userId }
    },
  }),
}))
