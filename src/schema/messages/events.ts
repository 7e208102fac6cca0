import { notToNotify } from '../../domain/messages/notify.ts'
import { isViewerAmong } from '../building/context.ts'
import { builder } from '../building/builder.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { MessageEdge, messageEdge } from './history.ts'
import { Message } from './message.ts'
import { messageOfEvent } from './shown.ts'

const messageEvent = (type: 'MESSAGE_SENT' | 'MESSAGE_EDITED' | 'MESSAGE_DELETED', description: string) =>
  eventRef(type).implement({
    description,
    interfaces: interfacesOf(type),
    fields: (t) => ({
      message: t.field({
        type: Message,
        description:
          'The message as it is now: in a replay it may have been edited or deleted since. One that is withheld from the ' +
          'viewer (InboxEntry.historyFromSeq) has no text here, and looks deleted.',
        ...viewerDependent,
        resolve: (item, _, context) => messageOfEvent(item, context),
      }),
    }),
  })

const MessageSent = messageEvent('MESSAGE_SENT', 'Somebody sent a message. Their own read position moves to it.')
messageEvent('MESSAGE_EDITED', 'A message has a new text.')
messageEvent('MESSAGE_DELETED', 'A message was deleted and is a tombstone now. Delete every copy of its text.')

builder.objectFields(MessageSent, (t) => ({
  edge: t.field({
    type: MessageEdge,
    description: 'The message with its place in the history, for a page of messages in a cache.',
    ...viewerDependent,
    resolve: async (item, _, context) => messageEdge(await messageOfEvent(item, context)),
  }),
  notify: t.boolean({
    description:
      'Whether to notify the viewer, by their settings now: false for their own messages, and in a conversation ' +
      'that they have muted, unless it is DIRECT or the message mentions them or everyone; and for messages of whom ' +
      'they have blocked, that are deleted, or that are withheld from them.',
    ...viewerDependent,
    resolve: async (item, _, context) => {
      const { message } = item.event
      // In a replay: deleted by now, or from before the viewer's history.
      if (message.deletedAt !== null || (await messageOfEvent(item, context)) !== message) return false
      return !isViewerAmong(context, await notToNotify(message, context.loaders))
    },
  }),
}))
