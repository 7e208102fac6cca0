import type { DeviceKind } from '../domain/viewer.ts'

/**
 * Who is online: state that expires when nobody renews it. Shared by all processes of a deployment.
 *
 * Guarantee: while Redis lives, exactly one process finds each change of a person's presence, and announces it in the step
 * that stores it. The time at which somebody was last seen stays until it is reported as saved. Nothing survives the loss
 * of Redis' memory: each process then reports its devices again. Nothing here waits for a Redis that is away, or queues
 * commands for it.
 */
export interface PresenceStates {
  /** Applies the changes in their order. Rejects at once when that cannot be done now. Takes a few hundred at a time. */
  apply(changes: readonly Change[]): Promise<void>
  /**
   * Finds people whose devices expired or became idle, up to `sweepSize` of them, and people whose last-seen time must be
   * saved. To be called about once a second, by every process.
   */
  sweep(): Promise<Sweep>
  /** These times are saved in the database now. */
  saved(moments: readonly LastSeen[]): Promise<void>
  /** The state of each, in order: one round trip. Null: nothing is known, which means OFFLINE. Rejects when unreachable. */
  read(userIds: readonly string[]): Promise<(PresenceState | null)[]>
  /**
   * Calls the listener whenever it becomes reachable. `isBack`: not for the first time, and its former state may be gone.
   */
  onConnected(listener: (isBack: boolean) => void): void
  /** Whether it accepts changes now. */
  readonly isReachable: boolean
  /** Idempotent. */
  close(): Promise<void>
}

export type Status = 'ONLINE' | 'AWAY' | 'OFFLINE'

export interface PresenceState {
  status: Status
  /** Null when OFFLINE. */
  device: DeviceKind | null
  /** OFFLINE: when the last sign came, in milliseconds since 1970. Null when not OFFLINE, or not known here. */
  lastSeenAtMs: number | null
}

export interface LastSeen {
  userId: string
  atMs: number
}

export interface Sweep {
  /** Whether the next sweep would find more at once. */
  isFull: boolean
  unsaved: LastSeen[]
}

export type Change =
  /** A device is there. */
  | {
      type: 'SIGN'
      userId: string
      sessionId: string
      deviceId: string
      /** A known device keeps its kind, unless it `says` ONLINE or AWAY. */
      kind: DeviceKind
      /** Milliseconds since the device was last used; null: this process does not know. */
      idleMs: number | null
      /**
       * AWAY: the device is AWAY until it says ONLINE, however much it is used. HERE: it connected, and so is no longer
       * gone, whatever it said before. Null: it says nothing, and what it said before still holds.
       */
      says: 'ONLINE' | 'AWAY' | 'HERE' | null
      /**
       * Milliseconds since its last sign of life, from which its lifetime counts: an open connection alone is no sign. Not
       * given: 0.
       */
      silentMs?: number | undefined
    }
  /**
   * A device says that it is gone. That holds until it says otherwise or connects again, even if its socket is still open.
   */
  | { type: 'LEFT'; userId: string; deviceId: string }
  /** The session was active just now, on any of its devices. */
  | { type: 'USED'; userId: string; sessionId: string }
  /** Its devices are removed with it. */
  | { type: 'SESSION_ENDED'; userId: string; sessionId: string }
  /** Everything kept about the person is removed. */
  | { type: 'FORGET'; userId: string }

/** Milliseconds for which a device counts as present after its last sign. */
export const lifeMs = 30_000
/** Milliseconds without activity after which a device is AWAY. */
export const idleAfterMs = 5 * 60_000
/** A device of another kind is shown instead only if it was used this many milliseconds later. */
export const steadyMs = 60_000
/** Most devices of one person. The one whose last sign is the oldest makes room. */
export const maxDevices = 32
/**
 * Milliseconds for which a saved last-seen time is still answered, for readers that read the database before it was saved
 * there.
 */
export const savedForMs = 60_000
/** Most people that one sweep looks at, and most last-seen times that it returns. */
export const sweepSize = 500

/** `status|kind|last-seen time`, as both implementations store it: the time is empty when there is none. */
export function parseState(text: string): PresenceState {
  const [status, kind, seen] = text.split('|')
  const isOffline = status === 'OFFLINE'
  return {
    status: status as Status,
    device: kind === '' ? null : (kind as DeviceKind),
    lastSeenAtMs: isOffline && seen ? Number(seen) : null,
  }
}
