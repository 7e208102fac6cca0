import type { DeviceKind } from '../domain/viewer.ts'

/**
 * Who is here: what is gone when nobody renews it. Shared by all processes of a deployment.
 *
 * Guarantee: while Redis lives, every change of a person's presence is found by exactly one process, and announced in the
 * step that stores it; the moment somebody was last seen stays until it is reported as saved. Nothing survives the loss of
 * Redis' memory: what holds devices tells them again. Nothing here waits for a Redis that is away, or queues for it.
 */
export interface PresenceStates {
  /** In their order. Rejects at once when it cannot be done now. A few hundred at a time. */
  apply(changes: readonly Change[]): Promise<void>
  /**
   * Finds whose devices expired or have become idle, up to a number of people, and whom to save: people seen last at
   * these moments. To be called about once a second, by every process.
   */
  sweep(): Promise<Sweep>
  /** These moments are kept elsewhere now. */
  saved(moments: readonly LastSeen[]): Promise<void>
  /** The state of each, in order: one round trip. Null: nothing is known, which is OFFLINE. Rejects when unreachable. */
  read(userIds: readonly string[]): Promise<(PresenceState | null)[]>
  /** Calls the listener whenever it becomes reachable. `isBack`: not for the first time; what was here before may be gone. */
  onConnected(listener: (isBack: boolean) => void): void
  /** Whether it takes what it is told now. */
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
  /** Whether there is more to do at once. */
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
      /** That of a device that is known stays, unless it `says` ONLINE or AWAY. */
      kind: DeviceKind
      /** Milliseconds since the device was last used; null: not known to this one. */
      idleMs: number | null
      /**
       * It is AWAY until it says ONLINE, whatever is done on it. HERE: it connected, and so is not gone, whatever it said.
       * Null: it says nothing, and stays with what it said.
       */
      says: 'ONLINE' | 'AWAY' | 'HERE' | null
      /** Milliseconds since its last sign of life, from which its time counts: an open connection alone is no sign. None: now. */
      silentMs?: number | undefined
    }
  /** A device says that it is gone: until it says otherwise or connects, also when its socket is still there. */
  | { type: 'LEFT'; userId: string; deviceId: string }
  /** Something was done in this session just now, on whichever of its devices. */
  | { type: 'USED'; userId: string; sessionId: string }
  /** With it go its devices. */
  | { type: 'SESSION_ENDED'; userId: string; sessionId: string }
  /** Nothing is to be known of the person any more. */
  | { type: 'FORGET'; userId: string }

/** Milliseconds that a device counts as present after its last sign. */
export const lifeMs = 30_000
/** Milliseconds without activity after which a device is AWAY. */
export const idleAfterMs = 5 * 60_000
/** Milliseconds by which another kind of device must have been used later to be the one that is shown. */
export const steadyMs = 60_000
/** Devices of one person. The one that gave its last sign first makes room. */
export const maxDevices = 32
/** Milliseconds for which a saved moment is still answered: who read the database before it was saved there needs it. */
export const savedForMs = 60_000
/** People that one sweep looks at, and moments it answers. */
export const sweepSize = 500

/** `status|kind|moment`, as both implementations keep it: the moment is empty when there is none. */
export function parseState(text: string): PresenceState {
  const [status, kind, seen] = text.split('|')
  const isOffline = status === 'OFFLINE'
  return {
    status: status as Status,
    device: kind === '' ? null : (kind as DeviceKind),
    lastSeenAtMs: isOffline && seen ? Number(seen) : null,
  }
}
