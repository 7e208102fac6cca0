import { NotFoundError, ValidationError } from '../../domain/errors.ts'
import { requestEntry } from '../../domain/inbox/requests.ts'
import { builder } from '../building/builder.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { conversationId as globalId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { InboxEntry } from './entry.ts'

interface Answered {
  viewerId: string
  conversationId: string
}

async function entryNow(answered: Answered, _: object, { loaders }: Context) {
  const entry = (await loaders.entry.load(answered)) ?? (await requestEntry(answered, loaders))
  // Somebody else may have removed the viewer since.
  if (!entry) throw new NotFoundError('There is no such conversation here.')
  return entry
}

const AcceptRequestSuccess = builder.objectRef<Answered>('AcceptRequestSuccess').implement({
  description: 'The conversation is in the inbox, on all devices of the viewer, and no request any more.',
  fields: (t) => ({
    entry: t.field({ type: InboxEntry, description: 'Its entry there.', resolve: entryNow }),
  }),
})

const DeclineRequestSuccess = builder.objectRef<Answered>('DeclineRequestSuccess').implement({
  description: 'The request is in no inbox any more, on all devices of the viewer. Nobody else learns of it.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'Which conversation.',
      resolve: ({ conversationId }) => globalId(conversationId),
    }),
  }),
})

const conversationField = { required: true, description: 'Which conversation.' } as const

const AcceptRequestInput = builder.inputType('AcceptRequestInput', {
  description: 'A request to accept.',
  fields: (t) => ({ conversationId: t.id(conversationField) }),
})

const DeclineRequestInput = builder.inputType('DeclineRequestInput', {
  description: 'A request to decline.',
  fields: (t) => ({ conversationId: t.id(conversationField) }),
})

const accepting = refusing(NotFoundError, ValidationError)
const declining = refusing(NotFoundError, ValidationError)

builder.mutationFields((t) => ({
  acceptRequest: t.field({
    type: AcceptRequestSuccess,
    errors: accepting.errors,
    description:
      'Accepts what somebody began with the viewer: a direct conversation comes into the inbox, and of a group the viewer ' +
      'becomes a member. To send there, or to call startDirect with this person, does the same. It has no key: repeated, it ' +
      'changes nothing. An InboxEntryChanged follows.',
    args: { input: t.arg({ type: AcceptRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const conversationId = accepting.requireId('Conversation', input.conversationId)
      accepting.granted(await context.domain.requests.answer(viewer, conversationId, true))
      return { viewerId: viewer.userId, conversationId }
    },
  }),
  declineRequest: t.field({
    type: DeclineRequestSuccess,
    errors: declining.errors,
    description:
      'Declines it. Who asked is not told: for them the conversation is as before, and what they send is SENT. They cannot ask ' +
      'again there. It has no key: repeated, it changes nothing. An InboxEntryChanged follows.',
    args: { input: t.arg({ type: DeclineRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const conversationId = declining.requireId('Conversation', input.conversationId)
      declining.granted(await context.domain.requests.answer(viewer, conversationId, false))
      return { viewerId: viewer.userId, conversationId }
    },
  }),
}))
