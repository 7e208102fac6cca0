import { requireViewer } from '../building/context.ts'
import { conversationId } from '../building/ids.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { eventRef, interfacesOf } from '../events/event.ts'
import { requestEntry } from '../../domain/inbox/requests.ts'
import { InboxEntry } from './entry.ts'

eventRef('INBOX_ENTRY_CHANGED').implement({
  description:
    "On the viewer's personal stream: a conversation was added to the inbox or removed from it, or its entry " +
    'changed on another device.',
  interfaces: interfacesOf('INBOX_ENTRY_CHANGED'),
  fields: (t) => ({
    conversationId: t.id({
      description: 'Which conversation.',
      resolve: ({ event }) => conversationId(event.data.conversationId),
    }),
    entry: t.field({
      type: InboxEntry,
      nullable: true,
      description: 'The entry as it is now; null when the viewer is no longer in the conversation.',
      ...viewerDependent,
      resolve: ({ event }, _, context) =>
        context.loaders.entry.load({
          viewerId: requireViewer(context).userId,
          conversationId: event.data.conversationId,
        }),
    }),
    request: t.field({
      type: InboxEntry,
      nullable: true,
      description:
        'The entry as InboxFilter.REQUESTS has it, also of a group that the viewer is invited to and is not in; null when it ' +
        'is no request, or no more.',
      ...viewerDependent,
      resolve: ({ event }, _, context) =>
        requestEntry(
          { viewerId: requireViewer(context).userId, conversationId: event.data.conversationId },
          context.loaders,
        ),
    }),
  }),
})
