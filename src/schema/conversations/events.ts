import type { LogEvent } from '../../store/log-event.ts'
import { builder } from '../building/builder.ts'
import { isViewer, type Context } from '../building/context.ts'
import { required } from '../building/required.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { User } from '../people/user.ts'
import { Conversation, maySee, shellOf } from './conversation.ts'
import { Member } from './member.ts'

const conversationOf = ({ streamId }: LogEvent, { loaders }: Context) =>
  required(loaders.conversation.load(streamId), 'the conversation of an event')

const memberEvent = (type: 'MEMBER_JOINED' | 'MEMBER_LEFT', description: string) => {
  const isLeaving = type === 'MEMBER_LEFT'
  return eventRef(type).implement({
    description,
    interfaces: interfacesOf(type),
    fields: (t) => ({
      conversation: t.field({
        type: Conversation,
        description: 'In which conversation. A person who has left gets its id, and nothing newer.',
        ...(isLeaving && viewerDependent),
        resolve: async ({ event }, _, context) => {
          const conversation = await conversationOf(event, context)
          const isOwnLeaving = isLeaving && isViewer(context, event.data.userId)
          return isOwnLeaving && !(await maySee(context, conversation)) ? shellOf(conversation) : conversation
        },
      }),
      user: t.field({
        type: User,
        description: 'The person who joined or left.',
        resolve: ({ event }, _, { loaders }) => required(loaders.user.load(event.data.userId), 'a member'),
      }),
      by: t.field({
        type: User,
        nullable: true,
        description: 'Who added or removed the person; null when they did it themselves.',
        resolve: ({ event: { actorId, data } }, _, { loaders }) =>
          actorId === null || actorId === data.userId ? null : loaders.user.load(actorId),
      }),
    }),
  })
}

memberEvent('MEMBER_JOINED', 'Somebody became a member.')
const MemberLeft = memberEvent(
  'MEMBER_LEFT',
  'Somebody left or was removed. For that person it is the last event of the conversation.',
)

builder.objectField(MemberLeft, 'banned', (t) =>
  t.boolean({
    description: 'Whether they were banned with that: nobody can add them again, until that is taken back.',
    resolve: ({ event: { data } }) => 'banned' in data && data.banned,
  }),
)

eventRef('CONVERSATION_UPDATED').implement({
  description:
    'Something of a conversation changed: its title, its settings, the roles of members, or which messages are pinned; or it ' +
    'was closed.',
  interfaces: interfacesOf('CONVERSATION_UPDATED'),
  fields: (t) => ({
    conversation: t.field({
      type: Conversation,
      description: 'The conversation as it is now.',
      resolve: ({ event }, _, context) => conversationOf(event, context),
    }),
    changedMembers: t.field({
      type: [Member],
      description: 'The members whose role changed, as they are now; without those who have left since.',
      resolve: async ({ event: { streamId: conversationId, data } }, _, { loaders }) => {
        const members = await Promise.all(data.userIds.map((userId) => loaders.member.load({ conversationId, userId })))
        return members.flatMap((member) => (member?.leftAt === null ? [member] : []))
      },
    }),
  }),
})
