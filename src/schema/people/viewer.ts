import type { Head } from '../../domain/horizon.ts'
import { builder } from '../building/builder.ts'
import { requireViewer, type Context } from '../building/context.ts'
import type { User as UserRow } from '../../store/rows.ts'
import { StreamCursor } from '../events/cursor.ts'
import { personalStreamId, viewerId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { User } from './user.ts'

interface ViewerShape extends Head {
  userId: string
  unreadConversationCount: number
}

const PresenceSharing = builder.enumType('PresenceSharing', {
  description:
    'Who sees whether a person is online, and when they last were. People who share no conversation with them ' +
    'never do.',
  values: {
    EVERYONE: { description: 'Everybody with whom they share a conversation.' },
    CONTACTS: { description: 'People with whom they share a DIRECT conversation.' },
    NOBODY: { description: 'Nobody.' },
  },
})

const ContactPolicy = builder.enumType('ContactPolicy', {
  description: 'From whom somebody takes something.',
  values: {
    EVERYONE: { description: 'From everybody, but for whom they have blocked.' },
    CONTACTS: { description: 'From people whom they know; the setting says what that means.' },
    NOBODY: { description: 'From nobody.' },
  },
})

const directMessagesFrom =
  'Who may begin a direct conversation with the viewer. CONTACTS: people with whom they are in a group. The viewer can always begin ' +
  'one, and those that there are go on.'
const groupAdditionsFrom =
  'Who may add the viewer to a group. CONTACTS: people to whom they have written in a direct conversation.'
const requestsEnabled =
  'Whether people whom these two settings do not let in may ask: what they begin is a request then (InboxFilter.REQUESTS), and is ' +
  'refused otherwise.'

type Settings = Pick<
  UserRow,
  | 'readReceiptsEnabled'
  | 'presenceSharing'
  | 'invisible'
  | 'directMessagesFrom'
  | 'groupAdditionsFrom'
  | 'requestsEnabled'
>

const ViewerSettings = builder.objectRef<Settings>('ViewerSettings').implement({
  description: "The viewer's settings.",
  fields: (t) => ({
    readReceiptsEnabled: t.exposeBoolean('readReceiptsEnabled', {
      description:
        "False: others see DELIVERED at most, also for earlier messages. The viewer's own devices still sync. When it " +
        'is true again, others do not see what was read meanwhile until markRead reports it once more.',
    }),
    presenceSharing: t.field({
      type: PresenceSharing,
      description: "Who sees the viewer's presence.",
      resolve: (settings) => settings.presenceSharing,
    }),
    directMessagesFrom: t.field({
      type: ContactPolicy,
      description: directMessagesFrom,
      resolve: (settings) => settings.directMessagesFrom,
    }),
    groupAdditionsFrom: t.field({
      type: ContactPolicy,
      description: groupAdditionsFrom,
      resolve: (settings) => settings.groupAdditionsFrom,
    }),
    requestsEnabled: t.exposeBoolean('requestsEnabled', { description: requestsEnabled }),
    invisible: t.exposeBoolean('invisible', {
      description: 'True: others see the viewer as OFFLINE since this was switched on, as if they had left then.',
    }),
  }),
})

export const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'The person who sends the request, with what only they may see.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: (viewer) => viewerId(viewer.userId) }),
    user: t.field({
      type: User,
      description: 'The viewer as others see them.',
      resolve: (viewer, _, { loaders }) => required(loaders.user.load(viewer.userId), 'the viewer'),
    }),
    cursor: t.field({
      type: StreamCursor,
      description:
        'The position of the personal stream, never newer than anything read with it. Subscribe to inboxEvents from ' +
        'it.',
      resolve: async (viewer, _, { loaders }) => ({
        streamId: personalStreamId(viewer.userId),
        ...(await loaders.horizon.cursor(viewer.userId, viewer)),
      }),
    }),
    settings: t.field({
      type: ViewerSettings,
      description: "The viewer's settings.",
      resolve: (viewer, _, { loaders }) => required(loaders.user.load(viewer.userId), 'the viewer'),
    }),
    unreadConversationCount: t.exposeInt('unreadConversationCount', {
      description: 'The number of inbox entries with unreadCount > 0, without muted and archived ones.',
    }),
  }),
})

export async function loadViewer(context: Context): Promise<ViewerShape> {
  const { userId } = requireViewer(context)
  return { userId, ...(await context.loaders.inboxCounts.load(userId)) }
}

builder.queryField('viewer', (t) =>
  t.field({
    type: Viewer,
    description: 'The person who sends the request.',
    resolve: (_, __, context) => loadViewer(context),
  }),
)

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'Fields that are left out do not change anything.',
  fields: (t) => ({
    readReceiptsEnabled: t.boolean({ description: 'Whether others may see how far the viewer has read.' }),
    presenceSharing: t.field({ type: PresenceSharing, description: "Who may see the viewer's presence." }),
    directMessagesFrom: t.field({ type: ContactPolicy, description: directMessagesFrom }),
    groupAdditionsFrom: t.field({ type: ContactPolicy, description: groupAdditionsFrom }),
    requestsEnabled: t.boolean({ description: requestsEnabled }),
    invisible: t.boolean({ description: 'Whether others see the viewer as OFFLINE from now on, as if they had left.' }),
  }),
})

builder.mutationField('updateSettings', (t) =>
  t.field({
    type: Viewer,
    description: "Changes the viewer's settings.",
    args: { input: t.arg({ type: UpdateSettingsInput, required: true, description: 'The changes.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      await context.domain.people.updateSettings(viewer, {
        readReceiptsEnabled: input.readReceiptsEnabled ?? null,
        presenceSharing: input.presenceSharing ?? null,
        invisible: input.invisible ?? null,
        directMessagesFrom: input.directMessagesFrom ?? null,
        groupAdditionsFrom: input.groupAdditionsFrom ?? null,
        requestsEnabled: input.requestsEnabled ?? null,
      })
      return loadViewer(context)
    },
  }),
)
