import type { Change, PresenceStates } from '../../ephemeral/presence.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { ConnectedDevice, Device, DeviceKind, Viewer } from '../viewer.ts'
import { UsedSessions } from './used-sessions.ts'

/** Reports the devices connected to this process, and what else changes presence, to the presence store. */
export interface Devices {
  /** `silentMs`: milliseconds since it last gave a sign of life, where that can be told. */
  connect(viewer: Viewer, device: Device, silentMs?: () => number): ConnectedDevice
  /** Resolves when it has had its effect, or cannot have one now: it never rejects. */
  tell(changes: Change[]): Promise<void>
  /** Something was done in the session, on whichever of its devices. Costs nothing more within half a minute. */
  used(viewer: Viewer): void
  /** What was done in sessions since the last time. */
  takeUsed(): Change[]
  /** Connected ones. */
  readonly count: number
  /** Reports what is still pending. */
  stop(): Promise<void>
}

export interface DevicesOptions {
  states: PresenceStates
  watch: Pick<SessionWatch, 'onEnded'>
  logger: Logger
}

/** Milliseconds between signs of a connected device: one may be lost, and it still lives. */
const renewalMs = 10_000
/** Changes reported at a time: a script in Redis holds up everybody else. */
const batchSize = 200
/** Changes that wait. What is dropped is reported with the next renewal. */
const maxPending = 10_000
/** Milliseconds without activity after which it is reported at once: it may end an AWAY. */
const promptAfterMs = 60_000

export const createDevices = (options: DevicesOptions): Devices => new DeviceReports(options)

class DeviceReports implements Devices {
  private readonly connected = new Set<Connected>()
  private readonly usedSessions = new UsedSessions()
  private readonly renewal: NodeJS.Timeout
  private pending: Change[] = []
  private telling: Promise<void> | null = null
  private renewing = false
  private stopped = false

  constructor(private readonly options: DevicesOptions) {
    this.renewal = setInterval(() => void this.renewAll(), renewalMs)
    // What was in Redis may be gone.
    options.states.onConnected(() => void this.renewAll())
  }

  connect(viewer: Viewer, device: Device, silentMs?: () => number): ConnectedDevice {
    const connected = new Connected(this, viewer, device, silentMs)
    this.connected.add(connected)
    this.tellSoon(connected.sign('HERE'))
    connected.endsWithSession(this.options.watch)
    return connected
  }

  async tell(changes: Change[]): Promise<void> {
    const { states, logger } = this.options
    try {
      for (let at = 0; at < changes.length; at += batchSize) await states.apply(changes.slice(at, at + batchSize))
    } catch (error) {
      // Whoever is connected is reported again when Redis is back, and everybody else is gone by then.
      logger.debug({ err: error }, 'could not report connected devices to the presence store')
    }
  }

  used(viewer: Viewer): void {
    this.usedSessions.note(viewer)
  }

  takeUsed(): Change[] {
    return this.usedSessions.take()
  }

  get count(): number {
    return this.connected.size
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.renewal)
    await this.telling
  }

  has(device: Connected): boolean {
    return this.connected.has(device)
  }

  /** False when it was removed before. */
  remove(device: Connected): boolean {
    return this.connected.delete(device)
  }

  tellSoon(change: Change): void {
    if (this.pending.length < maxPending) this.pending.push(change)
    // Not at once: what thousands of sockets say in a turn goes together.
    this.telling ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.tellPending())
  }

  private async tellPending(): Promise<void> {
    while (this.pending.length > 0) {
      const changes = this.pending
      this.pending = []
      await this.tell(changes)
    }
    this.telling = null
  }

  private async renewAll(): Promise<void> {
    if (this.renewing) return
    this.renewing = true
    // Made a batch at a time, with the idleness of that moment.
    const all = [...this.connected]
    for (let at = 0; at < all.length && !this.stopped; at += batchSize) {
      const there = all.slice(at, at + batchSize).filter((device) => this.connected.has(device))
      await this.tell(there.map((device) => device.sign(null)))
    }
    this.renewing = false
  }
}

class Connected implements ConnectedDevice {
  readonly id: string
  readonly kind: DeviceKind
  /** Null: not since it connected. A device that was known before stays as idle as it was. */
  private usedAtMs: number | null = null
  private forgetSession: () => void = () => undefined

  constructor(
    private readonly reports: DeviceReports,
    private readonly viewer: Viewer,
    { id, kind }: Device,
    private readonly silentMs?: () => number,
  ) {
    this.id = id
    this.kind = kind
  }

  endsWithSession(watch: DevicesOptions['watch']): void {
    const { userId, sessionId } = this.viewer
    this.forgetSession = watch.onEnded(sessionId, () => {
      if (this.reports.remove(this)) this.reports.tellSoon({ type: 'SESSION_ENDED', userId, sessionId })
    })
  }

  used(): void {
    const { idleMs } = this
    this.usedAtMs = performance.now()
    const isNews = idleMs === null || idleMs >= promptAfterMs
    if (isNews && this.reports.has(this)) this.reports.tellSoon(this.sign(null))
  }

  disconnected(): void {
    this.forgetSession()
    // It stays present for a while from now, and most often is back by then.
    if (this.reports.remove(this)) this.reports.tellSoon(this.sign(null))
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
