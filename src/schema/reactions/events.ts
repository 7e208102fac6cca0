import { required } from '../building/required.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { Message } from '../messages/message.ts'
import { messageOfEvent } from '../messages/shown.ts'
import { User } from '../people/user.ts'

eventRef('REACTION_TOGGLED').implement({
  description: 'Somebody reacted to a message, or took a reaction back.',
  interfaces: interfacesOf('REACTION_TOGGLED'),
  fields: (t) => ({
    message: t.field({
      type: Message,
      description:
        'The message and all its reactions as they are now, also in a replay: take these over. One that is withheld from ' +
        'the viewer (InboxEntry.historyFromSeq) has neither text nor reactions here.',
      ...viewerDependent,
      resolve: (item, _, context) => messageOfEvent(item, context),
    }),
    user: t.field({
      type: User,
      description: 'Who did it.',
      resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.actorId ?? ''), 'somebody who reacted'),
    }),
    emoji: t.string({
      description:
        'The emoji. Empty when the message was deleted or the person erased since, or the message is withheld from the viewer.',
      ...viewerDependent,
      resolve: async (item, _, context) => {
        const { data, message } = item.event
        if (data.kind === undefined || message.deletedAt !== null || (await messageOfEvent(item, context)) !== message)
          return ''
        const { conversationId, seq } = message
        return (await context.loaders.reactions.emoji.load({ conversationId, seq, kind: data.kind })) ?? ''
      },
    }),
    on: t.boolean({
      description: 'Whether they react with it from this event on.',
      resolve: ({ event }) => event.data.on,
    }),
  }),
})
