import type { Change, PresenceStates } from '../../ephemeral/presence.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { ConnectedDevice, Device, DeviceKind, Viewer } from '../viewer.ts'

/** The devices connected to this process, and what is told of others: tells what keeps presence that they are there. */
export interface Devices {
  /** `silentMs`: milliseconds since it last gave a sign of life, where that can be told. */
  connect(viewer: Viewer, device: Device, silentMs?: () => number): ConnectedDevice
  /** Resolves when it has had its effect, or cannot have one now. */
  tell(changes: Change[]): Promise<void>
  /** Something was done in the session, on whichever of its devices. Costs nothing more within half a minute. */
  used(viewer: Viewer): void
  /** What was done in sessions since the last time. */
  takeUsed(): Change[]
  /** Connected ones. */
  readonly count: number
  /** Tells what is still to be told. */
  stop(): Promise<void>
}

export interface DevicesOptions {
  states: PresenceStates
  watch: Pick<SessionWatch, 'onEnded'>
  logger: Logger
}

/** Milliseconds between signs of a connected device: one may be lost, and it still lives. */
const renewalMs = 10_000
/** Changes told at a time: a script in Redis holds up everybody else. */
const batchSize = 200
/** Changes that wait to be told. What is dropped is told with the next renewal. */
const maxPending = 10_000
/** Milliseconds without activity after which it is told at once: it may end an AWAY. */
const promptAfterMs = 60_000
/** Milliseconds for which activity in a session counts without being told again, and sessions remembered for it. */
const usedMs = 30_000
const maxUsedSessions = 10_000

export function createDevices({ states, watch, logger }: DevicesOptions): Devices {
  const connected = new Set<Connected>()
  const usedUntil = new Map<string, number>()
  const usedNow = new Map<string, Change>()
  let pending: Change[] = []
  let telling: Promise<void> | null = null
  let renewing = false
  let stopped = false

  const tell = async (changes: Change[]) => {
    try {
      for (let at = 0; at < changes.length; at += batchSize) await states.apply(changes.slice(at, at + batchSize))
    } catch (error) {
      // Whoever is connected is told again when Redis is back, and everybody else is gone by then.
      logger.debug({ err: error }, 'devices could not be told')
    }
  }

  const tellPending = async () => {
    while (pending.length > 0) {
      const changes = pending
      pending = []
      await tell(changes)
    }
    telling = null
  }

  const tellSoon = (change: Change) => {
    if (pending.length < maxPending) pending.push(change)
    // Not at once: what thousands of sockets say in a turn goes together.
    telling ??= new Promise<void>((resolve) => setImmediate(resolve)).then(tellPending)
  }

  const renewAll = async () => {
    if (renewing) return
    renewing = true
    // Made a batch at a time, with the idleness of that moment.
    const all = [...connected]
    for (let at = 0; at < all.length && !stopped; at += batchSize) {
      const there = all.slice(at, at + batchSize).filter((device) => connected.has(device))
      await tell(there.map((device) => device.sign(null)))
    }
    renewing = false
  }

  const renewal = setInterval(() => void renewAll(), renewalMs)
  // What was in Redis may be gone.
  states.onConnected(() => void renewAll())

  class Connected implements ConnectedDevice {
    readonly id: string
    readonly kind: DeviceKind
    /** Null: not since it connected. A device that was known before goes on being as idle as it was. */
    private usedAtMs: number | null = null
    private readonly forgetSession: () => void

    constructor(
      private readonly viewer: Viewer,
      { id, kind }: Device,
      private readonly silentMs?: () => number,
    ) {
      this.id = id
      this.kind = kind
      connected.add(this)
      tellSoon(this.sign('HERE'))
      const { userId, sessionId } = viewer
      this.forgetSession = watch.onEnded(sessionId, () => {
        if (connected.delete(this)) tellSoon({ type: 'SESSION_ENDED', userId, sessionId })
      })
    }

    used() {
      const idleMs = this.idleMs
      this.usedAtMs = performance.now()
      if ((idleMs === null || idleMs >= promptAfterMs) && connected.has(this)) tellSoon(this.sign(null))
    }

    disconnected() {
      this.forgetSession()
      // It lives on for a while from now, and most often is back by then.
      if (connected.delete(this)) tellSoon(this.sign(null))
    }

    sign(says: 'HERE' | null): Change {
      const { userId, sessionId } = this.viewer
      const { id: deviceId, kind, idleMs } = this
      return { type: 'SIGN', userId, sessionId, deviceId, kind, idleMs, says, silentMs: this.silentMs?.() }
    }

    private get idleMs(): number | null {
      return this.usedAtMs === null ? null : performance.now() - this.usedAtMs
    }
  }

  return {
    connect: (viewer, device, silentMs) => new Connected(viewer, device, silentMs),
    tell,
    used({ userId, sessionId }) {
      const nowMs = performance.now()
      if ((usedUntil.get(sessionId) ?? 0) > nowMs) return
      usedUntil.delete(sessionId)
      usedUntil.set(sessionId, nowMs + usedMs)
      const [oldest] = usedUntil.keys()
      if (usedUntil.size > maxUsedSessions && oldest !== undefined) usedUntil.delete(oldest)
      if (usedNow.size < maxUsedSessions) usedNow.set(sessionId, { type: 'USED', userId, sessionId })
    },
    takeUsed() {
      const changes = [...usedNow.values()]
      usedNow.clear()
      return changes
    },
    get count() {
      return connected.size
    },
    async stop() {
      stopped = true
      clearInterval(renewal)
      await telling
    },
  }
}
