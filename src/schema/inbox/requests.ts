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

const answering = refusing(NotFoundError, ValidationError)

async function answer(input: { conversationId: string }, accepted: boolean, context: Context) {
  const viewer = requireViewer(context)
  const id = answering.requireId('Conversation', input.conversationId)
  answering.granted(await context.domain.requests.answer(viewer, id, accepted))
  return { viewerId: viewer.userId, conversationId: id }
}

builder.mutationFields((t) => ({
  acceptRequest: t.field({
    type: AcceptRequestSuccess,
    errors: answering.errors,
    description:
      'Accepts what somebody began with the viewer: a direct conversation comes into the inbox, and of a group the viewer ' +
      'becomes a member. To send there, or to call startDirect with this person, does the same. It has no key: repeated, it ' +
      'changes nothing. An InboxEntryChanged follows.',
    args: { input: t.arg({ type: AcceptRequestInput, required: true, description: 'Which request.' }) },
    resolve: (_, { input }, context) => answer(input, true, context),
  }),
  declineRequest: t.field({
    type: DeclineRequestSuccess,
    errors: answering.errors,
    description:
      'Declines it. Who asked is not told: for them the conversation is as before, and what they send is SENT. They cannot ask ' +
      'again there. It has no key: repeated, it changes nothing. An InboxEntryChanged follows.',
    args: { input: t.arg({ type: DeclineRequestInput, required: true, description: 'Which request.' }) },
    resolve: (_, { input }, context) => answer(input, false, context),
  }),
}))
