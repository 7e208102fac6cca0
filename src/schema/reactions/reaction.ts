import { checkPage, decodeCursor, encodeCursor, toPage } from '../../domain/page.ts'
import type { MessageKey } from '../../store/messages.ts'
import type { ReactionKind, Reactor } from '../../store/reactions.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { isViewerAmong, requireViewer, type Context } from '../building/context.ts'
import { required } from '../building/required.ts'
import { validate } from '../building/validate.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { historyFrom } from '../conversations/conversation.ts'
import { Message } from '../messages/message.ts'
import { User, UserConnection } from '../people/user.ts'
import { reactionEmoji } from './emoji.ts'

/** People whom a reaction shows by itself. */
const fewPeople = 3
const nobody: ReadonlySet<string> = new Set()

type ReactionShape = ReactionKind & MessageKey

/**
 * For an event that many get, who of them reacts is read once for all; for a single viewer, and where very many react, only
 * what they do.
 */
async function viewerReacted({ kind, conversationId, seq }: ReactionShape, context: Context): Promise<boolean> {
  const { reactions } = context.loaders
  const reactors = context.isViewerAmong ? await reactions.reactors.load({ conversationId, seq }) : null
  if (reactors) return isViewerAmong(context, reactors.get(kind) ?? nobody)
  const viewerId = requireViewer(context).userId
  return (await reactions.own.load({ viewerId, conversationId, seq })).has(kind)
}

const peopleOf = (reactors: readonly Reactor[], { loaders }: Context) =>
  Promise.all(reactors.map(async ({ userId }) => required(loaders.user.load(userId), 'somebody who reacted')))

const Reaction = builder.objectRef<ReactionShape>('Reaction').implement({
  description: 'An emoji with which people react to a message.',
  fields: (t) => ({
    emoji: t.exposeString('emoji', { description: 'The emoji, in its fully-qualified form.' }),
    count: t.exposeInt('count', { description: 'How many people react with it now.' }),
    viewerReacted: t.boolean({
      description: 'Whether the viewer is one of them.',
      ...viewerDependent,
      resolve: (reaction, _, context) => viewerReacted(reaction, context),
    }),
    firstUsers: t.field({
      type: [User],
      description: `The first of these people, at most ${String(fewPeople)}. Message.reactedBy has all.`,
      resolve: async ({ conversationId, seq, emoji }, _, context) => {
        const request = { conversationId, seq, emoji, afterEventSeq: 0, limit: fewPeople }
        return peopleOf(await context.loaders.reactions.reactedBy.load(request), context)
      },
    }),
  }),
})

builder.objectField(Message, 'reactions', (t) =>
  t.field({
    type: [Reaction],
    description: 'The reactions as they are now, at most 20 emoji, oldest first. Empty once the message is deleted.',
    resolve: async ({ conversationId, seq, deletedAt }, _, { loaders }) => {
      // So looks one that is withheld, too.
      if (deletedAt !== null) return []
      const kinds = await loaders.reactions.kinds.load({ conversationId, seq })
      return kinds.map((kind) => ({ ...kind, conversationId, seq }))
    },
  }),
)

const eventSeqOf = ([eventSeq]: unknown[]) =>
  typeof eventSeq === 'number' && Number.isInteger(eventSeq) && eventSeq > 0 && eventSeq < 2 ** 31 ? eventSeq : null

builder.objectField(Message, 'reactedBy', (t) =>
  t.field({
    type: UserConnection,
    description: 'Who reacts with an emoji, earliest first. At most 100 per page; 50 by default.',
    ...viewerDependent,
    args: {
      emoji: t.arg.string({ required: true, description: 'The emoji, with or without its variation selector.' }),
      first: t.arg.int({ description: 'How many people, 0 to 100.' }),
      after: t.arg.string({ description: 'Only people after this cursor.' }),
    },
    resolve: async ({ conversationId, seq, deletedAt }, args, context) => {
      const emoji = validate(reactionEmoji, 'emoji', args.emoji)
      const page = checkPage(args, { defaultSize: 50, maxSize: 100 })
      const afterEventSeq = page.after === null ? 0 : decodeCursor('reactions', 'after', page.after, eventSeqOf)
      const request = { conversationId, seq, emoji, afterEventSeq, limit: page.size + 1 }
      const from = await historyFrom(context, { id: conversationId })
      const isTheirs = from !== null && seq > from && deletedAt === null
      const { reactedBy } = context.loaders.reactions
      const reactors = isTheirs ? await reactedBy.load(request) : []
      const isBehind = async () => {
        const [first] = isTheirs ? await reactedBy.load({ ...request, afterEventSeq: 0, limit: 1 }) : []
        return first !== undefined && first.eventSeq <= afterEventSeq
      }
      const people = await peopleOf(reactors, context)
      const rows = people.map((user, index) => ({ user, eventSeq: reactors[index]?.eventSeq ?? 0 }))
      const cursorOf = ({ eventSeq }: Pick<Reactor, 'eventSeq'>) => encodeCursor('reactions', [eventSeq])
      return toConnection(toPage(rows, page, cursorOf, isBehind), ({ user }) => user)
    },
  }),
)
