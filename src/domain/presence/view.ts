import type { PresenceState, Status } from '../../ephemeral/presence.ts'
import type { Relation } from '../../store/presence.ts'
import type { User } from '../../store/rows.ts'
import type { DeviceKind } from '../viewer.ts'

/** What one person may see of another, or sees of themselves. */
export interface Seen {
  status: Status
  /** Null when OFFLINE. */
  device: DeviceKind | null
  /** Null unless OFFLINE, and when it is unknown or hidden. */
  lastSeenAt: Date | null
}

export interface Sight {
  viewerId: string
  user: User
}

/** Nothing to see: what strangers see of everybody, and everybody sees of a person who is offline and never was online. */
export const nothing: Seen = Object.freeze({ status: 'OFFLINE', device: null, lastSeenAt: null })

/** The true presence. `state` is the current state, null when nothing is known. */
function truth(user: User, state: PresenceState | null): Seen {
  if (state && state.status !== 'OFFLINE') return { status: state.status, device: state.device, lastSeenAt: null }
  const lastSeenMs = Math.max(state?.lastSeenAtMs ?? 0, user.lastSeenAt?.getTime() ?? 0)
  return lastSeenMs === 0 ? nothing : { ...nothing, lastSeenAt: new Date(lastSeenMs) }
}

/** True if the current state is hidden from this viewer. */
export const isHidden = ({ viewerId, user }: Sight): boolean =>
  viewerId !== user.id && (user.presenceSharing === 'NOBODY' || user.invisible || user.erasedAt !== null)

/** What viewers see whom the person shows their presence to. No role sees more. */
export function shown({ viewerId, user }: Sight, state: PresenceState | null): Seen {
  if (viewerId === user.id) return truth(user, state)
  if (user.presenceSharing === 'NOBODY' || user.erasedAt) return nothing
  // An invisible person looks as if they had left then: what they do meanwhile changes nothing.
  return truth(user, user.invisible ? null : state)
}

/** Whether it depends on what the two people share. */
export const isForSome = ({ viewerId, user }: Sight, seen: Seen): boolean => viewerId !== user.id && seen !== nothing

export function isShownTo({ presenceSharing }: User, relation: Relation): boolean {
  return presenceSharing === 'CONTACTS' ? relation === 'DIRECT' : relation !== 'NONE'
}

export const isSame = (one: Seen | undefined, other: Seen): boolean =>
  one !== undefined &&
  one.status === other.status &&
  one.device === other.device &&
  one.lastSeenAt?.getTime() === other.lastSeenAt?.getTime()
