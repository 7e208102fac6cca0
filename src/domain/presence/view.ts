import type { PresenceState, Status } from '../../ephemeral/presence.ts'
import type { Relation } from '../../store/presence.ts'
import type { User } from '../../store/rows.ts'
import type { DeviceKind } from '../viewer.ts'

/** What one person gets to see of another, or of themselves. */
export interface Seen {
  status: Status
  /** Null when OFFLINE. */
  device: DeviceKind | null
  /** Null unless OFFLINE, or when it is not known or not shown. */
  lastSeenAt: Date | null
}

export interface Sight {
  viewerId: string
  user: User
}

/** Nothing to be seen: what strangers get of everybody, and everybody of who is not here and never was. */
export const nothing: Seen = Object.freeze({ status: 'OFFLINE', device: null, lastSeenAt: null })

/** The whole truth. `state` is what is known of now, null when that is nothing. */
function truth(user: User, state: PresenceState | null): Seen {
  if (state && state.status !== 'OFFLINE') return { status: state.status, device: state.device, lastSeenAt: null }
  const lastSeenMs = Math.max(state?.lastSeenAtMs ?? 0, user.lastSeenAt?.getTime() ?? 0)
  return lastSeenMs === 0 ? nothing : { ...nothing, lastSeenAt: new Date(lastSeenMs) }
}

/** Whether they look the same whatever is known of now: nobody is shown it. */
export const isHidden = ({ viewerId, user }: Sight): boolean =>
  viewerId !== user.id && (user.presenceSharing === 'NOBODY' || user.invisible || user.erasedAt !== null)

/** What everybody gets to see whom the person shows it to. Nobody's role opens more. */
export function shown({ viewerId, user }: Sight, state: PresenceState | null): Seen {
  if (viewerId === user.id) return truth(user, state)
  if (user.presenceSharing === 'NOBODY' || user.erasedAt) return nothing
  // Who is invisible looks like one who left then: what they do meanwhile moves nothing.
  return truth(user, user.invisible ? null : state)
}

/** Whether it depends on what the two share. */
export const isForSome = ({ viewerId, user }: Sight, seen: Seen): boolean => viewerId !== user.id && seen !== nothing

export function isShownTo({ presenceSharing }: User, relation: Relation): boolean {
  return presenceSharing === 'CONTACTS' ? relation === 'DIRECT' : relation !== 'NONE'
}

export const isSame = (one: Seen | undefined, other: Seen): boolean =>
  one !== undefined &&
  one.status === other.status &&
  one.device === other.device &&
  one.lastSeenAt?.getTime() === other.lastSeenAt?.getTime()
