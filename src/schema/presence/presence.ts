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
  description: 'Whether a person is online: the best status of their devices.',
  values: {
    ONLINE: { description: 'A device is connected, and in use.' },
    AWAY: { description: 'A device is connected, but was not used for 5 minutes, or reported AWAY.' },
    OFFLINE: {
      description:
        'No device for 30 seconds; also people who are invisible, or do not show their presence to the viewer.',
    },
  },
})

const DeviceKind = builder.enumType('DeviceKind', {
  description: 'The kinds of device.',
  values: {
    DESKTOP: { description: 'A program on a computer.' },
    MOBILE: { description: 'A phone or a tablet.' },
    WEB: { description: 'A browser.' },
  } satisfies Record<Kind, object>,
})

export const Presence = builder.objectRef<Seen>('Presence').implement({
  description: 'Whether a person is online, as far as they let the viewer see it.',
  fields: (t) => ({
    status: t.field({
      type: PresenceStatus,
      description: 'The best status of their devices.',
      resolve: (seen) => seen.status,
    }),
    device: t.field({
      type: DeviceKind,
      nullable: true,
      description: 'The kind of the device that was used last, among those with the best status; null when OFFLINE.',
      resolve: (seen) => seen.device,
    }),
    lastSeenAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When OFFLINE: when they were last online. Null when they are ONLINE or AWAY, never were online, or do not ' +
        'show it.',
      resolve: (seen) => seen.lastSeenAt,
    }),
  }),
})

builder.prismaObjectField(User, 'presence', (t) =>
  t.field({
    type: Presence,
    description:
      'Whether they are online, as far as the viewer may see it. Changes come by presenceEvents, and are never ' +
      'replayed.',
    ...viewerDependent,
    resolve: (user, _, context) => context.loaders.presence.load({ viewerId: requireViewer(context).userId, user }),
  }),
)

const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'A sign of life from a device.',
  fields: (t) => ({
    deviceId: t.string({
      required: true,
      description: '1 to 64 characters that the client chooses, and keeps as long as it is the same device.',
    }),
    kind: t.field({ type: DeviceKind, required: true, description: 'The kind of the device.' }),
    status: t.field({
      type: PresenceStatus,
      required: true,
      description: 'ONLINE: the device is in use. AWAY: it is not. OFFLINE: it leaves, at once.',
    }),
  }),
})

const heartbeatShape = z.object({ deviceId })

builder.mutationField('heartbeat', (t) =>
  t.field({
    type: Presence,
    description:
      'Each device sends it every 15 seconds; without one for 30 seconds the device counts as gone. An open ' +
      "WebSocket with deviceId in its connection_init has the same effect. Returns the viewer's own presence.",
    args: { input: t.arg({ type: HeartbeatInput, required: true, description: 'The device.' }) },
    resolve: (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { deviceId: id } = validate(heartbeatShape, 'input', input)
      return context.domain.presence.heartbeat(viewer, { id, kind: input.kind }, input.status)
    },
  }),
)

const PresenceChanged = builder.objectRef<PresenceItem>('PresenceChanged').implement({
  description:
    'The presence of a person changed, or what they show of it. It has no cursor: missed changes are not sent ' +
    'again.',
  fields: (t) => ({
    user: t.field({ type: User, description: 'The person.', resolve: (item) => item.user }),
    presence: t.field({ type: Presence, description: 'The presence now.', resolve: (item) => item.presence }),
  }),
})

builder.subscriptionField('presenceEvents', (t) =>
  t.field({
    type: PresenceChanged,
    description:
      'The presence of each of these people, and then its changes. A slow reader gets only the newest presence of ' +
      'each person.',
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
