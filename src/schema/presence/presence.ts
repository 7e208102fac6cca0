import { z } from 'zod'
import type { DeviceKind as Kind } from '../../domain/viewer.ts'
import { maxFollowed } from '../../domain/presence/presence.ts'
import type { PresenceItem } from '../../domain/presence/feed.ts'
import type { Seen } from '../../domain/presence/view.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { requireId } from '../building/ids.ts'
import { User } from '../people/user.ts'
import { deviceId, idList, validate } from '../building/validate.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'

const PresenceStatus = builder.enumType('PresenceStatus', {
  description: 'Whether somebody is here: the best of their devices.',
  values: {
    ONLINE: { description: 'A device is connected, and in use.' },
    AWAY: { description: 'Connected, but not used for 5 minutes, or the device says so.' },
    OFFLINE: { description: 'No device for 30 seconds; also whoever is invisible, or does not show it to the viewer.' },
  },
})

const DeviceKind = builder.enumType('DeviceKind', {
  description: 'What somebody uses Parley on.',
  values: {
    DESKTOP: { description: 'A program on a computer.' },
    MOBILE: { description: 'A phone or a tablet.' },
    WEB: { description: 'A browser.' },
  } satisfies Record<Kind, object>,
})

export const Presence = builder.objectRef<Seen>('Presence').implement({
  description: 'Whether somebody is here, as far as they let the viewer see it.',
  fields: (t) => ({
    status: t.field({ type: PresenceStatus, description: 'Whether they are here.', resolve: (seen) => seen.status }),
    device: t.field({
      type: DeviceKind,
      nullable: true,
      description: 'Of the devices with the best status the one used last; null when OFFLINE.',
      resolve: (seen) => seen.device,
    }),
    lastSeenAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'OFFLINE: when they were last here. Null when they are here, never were, or do not show it.',
      resolve: (seen) => seen.lastSeenAt,
    }),
  }),
})

builder.prismaObjectField(User, 'presence', (t) =>
  t.field({
    type: Presence,
    description: 'Whether they are here, as the viewer may see it. Never replayed: for changes see presenceEvents.',
    ...viewerDependent,
    resolve: (user, _, context) => context.loaders.presence.load({ viewerId: requireViewer(context).userId, user }),
  }),
)

const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'A device says that it is there.',
  fields: (t) => ({
    deviceId: t.string({
      required: true,
      description: "1 to 64 characters of the client's choosing, the same as long as it is the same device.",
    }),
    kind: t.field({ type: DeviceKind, required: true, description: 'What it is.' }),
    status: t.field({
      type: PresenceStatus,
      required: true,
      description: 'ONLINE: it is in use. AWAY: it is not. OFFLINE: it goes, at once.',
    }),
  }),
})

const heartbeatShape = z.object({ deviceId })

builder.mutationField('heartbeat', (t) =>
  t.field({
    type: Presence,
    description:
      "Every 15 seconds from each device; gone after 30 without one. An open WebSocket with deviceId in its connection_init counts as one. The viewer's own presence, as it is.",
    args: { input: t.arg({ type: HeartbeatInput, required: true, description: 'The device.' }) },
    resolve: (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { deviceId: id } = validate(heartbeatShape, 'input', input)
      return context.domain.presence.heartbeat(viewer, { id, kind: input.kind }, input.status)
    },
  }),
)

const PresenceChanged = builder.objectRef<PresenceItem>('PresenceChanged').implement({
  description: 'Somebody came, went, or shows their presence in another way. No cursor: what was missed is not told.',
  fields: (t) => ({
    user: t.field({ type: User, description: 'Who.', resolve: (item) => item.user }),
    presence: t.field({ type: Presence, description: 'How it is now.', resolve: (item) => item.presence }),
  }),
})

builder.subscriptionField('presenceEvents', (t) =>
  t.field({
    type: PresenceChanged,
    description:
      'The presence of each of these people, and then its changes. Of each person the newest alone: who reads slowly misses what was in between.',
    args: {
      userIds: t.arg.idList({ required: true, description: `Whom to follow; 1 to ${String(maxFollowed)}.` }),
    },
    subscribe: (_, { userIds }, context) => {
      const viewer = requireViewer(context)
      const checked = validate(idList(maxFollowed), 'userIds', [...new Set(userIds)])
      return context.domain.presence.events(
        viewer,
        checked.map((id) => requireId('User', id)),
      )
    },
    resolve: (item: PresenceItem) => item,
  }),
)
