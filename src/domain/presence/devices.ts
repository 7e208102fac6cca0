import type { Change, PresenceStates } from '../../ephemeral/presence.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { ConnectedDevice, Device, DeviceKind, Viewer } from '../viewer.ts'
import { UsedSessions } from './used-sessions.ts'

/** Reports the devices connected to this process, and what else changes presence, to the presence store. */
export interface Devices {
  /** `silentMs`: milliseconds since the last sign of life on the connection, if known. */
  connect(viewer: Viewer, device: Device, silentMs?: () => number): ConnectedDevice
  /** Resolves when the changes are applied, or cannot be applied now; never rejects. */
  tell(changes: Change[]): Promise<void>
  /** The session was active, on any of its devices. Further calls within half a minute cost nothing. */
  used(viewer: Viewer): void
  /** Returns the session activity since the last call. */
  takeUsed(): Change[]
  /** Number of connected devices. */
  readonly count: number
  /** Reports what is still pending. */
  stop(): Promise<void>
}

export interface DevicesOptions {
  states: PresenceStates
  watch: Pick<SessionWatch, 'onEnded'>
  logger: Logger
}

/** Milliseconds between signs of a connected device. One sign may be lost, and the device still counts as present. */
const renewalMs = 10_000
/** Changes of one report: a script in Redis blocks all other commands. */
const batchSize = 200
/** Most changes that wait. Dropped ones are reported with the next renewal. */
const maxPending = 10_000
/** Milliseconds without activity after which new activity is reported at once: it may end AWAY. */
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
    // Redis may have lost its data.
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
      // Connected devices are reported again when Redis is back; all others have expired by then.
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

  /** False if it was removed before. */
  remove(device: Connected): boolean {
    return this.connected.delete(device)
  }

  tellSoon(change: Change): void {
    if (this.pending.length < maxPending) this.pending.push(change)
    // Not at once: the reports of thousands of sockets in one turn go together.
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
    // Signs are made one batch at a time, with the idle time at that moment.
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
  /** Null: not used since it connected. A device that was known before stays as idle as it was. */
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
    // The device stays present for a while from now, and most often has connected again by then.
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
