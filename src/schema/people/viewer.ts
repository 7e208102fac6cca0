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
  description: 'Who sees whether a person is here, and when they were last. Those who share no conversation never do.',
  values: {
    EVERYONE: { description: 'Everybody they share a conversation with.' },
    CONTACTS: { description: 'People they share a DIRECT conversation with.' },
    NOBODY: { description: 'Nobody.' },
  },
})

type Settings = Pick<UserRow, 'readReceiptsEnabled' | 'presenceSharing' | 'invisible'>

const ViewerSettings = builder.objectRef<Settings>('ViewerSettings').implement({
  description: 'What the viewer decided about themselves.',
  fields: (t) => ({
    readReceiptsEnabled: t.exposeBoolean('readReceiptsEnabled', {
      description:
        "False: others see DELIVERED at most, also for the past. The viewer's own devices still sync. What was read " +
        'meanwhile is not told when it is true again, until markRead reports it once more.',
    }),
    presenceSharing: t.field({
      type: PresenceSharing,
      description: "Who sees the viewer's presence.",
      resolve: (settings) => settings.presenceSharing,
    }),
    invisible: t.exposeBoolean('invisible', {
      description: 'True: others see the viewer as somebody who left when this was switched on.',
    }),
  }),
})

export const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'Who asks, and what is theirs alone.',
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
      description: 'Of the personal stream, never newer than what is read with it: give it to inboxEvents.',
      resolve: async (viewer, _, { loaders }) => ({
        streamId: personalStreamId(viewer.userId),
        ...(await loaders.horizon.cursor(viewer.userId, viewer)),
      }),
    }),
    settings: t.field({
      type: ViewerSettings,
      description: 'What the viewer decided about themselves.',
      resolve: (viewer, _, { loaders }) => required(loaders.user.load(viewer.userId), 'the viewer'),
    }),
    unreadConversationCount: t.exposeInt('unreadConversationCount', {
      description: 'Inbox entries with unreadCount > 0, muted and archived ones left out.',
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
    description: 'Who asks.',
    resolve: (_, __, context) => loadViewer(context),
  }),
)

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    readReceiptsEnabled: t.boolean({ description: 'Whether others may see how far the viewer has read.' }),
    presenceSharing: t.field({ type: PresenceSharing, description: "Who may see the viewer's presence." }),
    invisible: t.boolean({ description: 'Whether others see the viewer as somebody who has left.' }),
  }),
})

builder.mutationField('updateSettings', (t) =>
  t.field({
    type: Viewer,
    description: 'Changes what the viewer decided about themselves.',
    args: { input: t.arg({ type: UpdateSettingsInput, required: true, description: 'The changes.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      await context.domain.people.updateSettings(viewer, {
        readReceiptsEnabled: input.readReceiptsEnabled ?? null,
        presenceSharing: input.presenceSharing ?? null,
        invisible: input.invisible ?? null,
      })
      return loadViewer(context)
    },
  }),
)
