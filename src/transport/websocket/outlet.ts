import { delivered } from '../../telemetry/facts.ts'
import { writeWithToken, type TokenPayload } from '../../execution/resume-text.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import type { Delivery } from './delivery.ts'
import type { FanOut } from './fan-out.ts'
import { headerByteSize, writeHeader } from './frame.ts'

/** Bytes of frames written in one turn for one socket; the next ones wait for the next turn. */
const maxTurnByteSize = 65_536
/** Milliseconds of executing events for one socket in one turn. */
const maxWorkMs = 4
/** A payload from this size on is not copied for each socket. */
const sharedFromByteSize = 16_384

/** The same bytes for all readers, or with a token of each reader's own: then they are put together in the frame alone. */
export type Payload = Buffer | TokenPayload

/** Where the events of all subscriptions of one socket go out: the frames of one turn in one write. */
export class Outlet {
  /** Whether it stands in the fan-out's queue. */
  isQueued = false
  private ready: Delivery[] = []
  private heads: Buffer[] = []
  private payloads: Payload[] = []
  private byteSize = 0
  /** When the first event of this turn that came live was committed. */
  private committedAtMs: number | undefined
  private isDraining = false

  constructor(
    private readonly socket: BoundedSocket,
    private readonly fanOut: FanOut,
  ) {}

  /** The delivery has something to write, perhaps. */
  schedule(delivery: Delivery) {
    if (!delivery.isReady) {
      delivery.isReady = true
      this.ready.push(delivery)
    }
    if (!this.isDraining) this.fanOut.enqueue(this)
  }

  /** A frame of which `head` is this subscription's own beginning and `payload` the rest. */
  push(head: Buffer, payload: Payload, committedAtMs?: number) {
    this.committedAtMs ??= committedAtMs
    this.heads.push(head)
    this.payloads.push(payload)
    this.byteSize += head.length + payloadByteSize(payload)
  }

  /** Whether the network takes nothing at the moment. */
  get isHeldUp(): boolean {
    return this.isDraining || this.socket.isBehind
  }

  giveUp(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  get isFull(): boolean {
    return this.byteSize >= maxTurnByteSize
  }

  /** Writes what the subscriptions have for this turn. */
  serve() {
    const { socket } = this
    if (socket.readyState !== socket.OPEN) return
    if (socket.isBehind) {
      // The subscriptions stay where they are in the log until the network has taken what it was given.
      this.isDraining = true
      socket.whenDrained(() => {
        this.isDraining = false
        if (this.ready.length > 0) this.fanOut.enqueue(this)
      })
      return
    }
    const ready = this.ready
    this.ready = []
    let servedCount = 0
    const untilMs = (socket.share?.workedMs ?? 0) + maxWorkMs
    for (const delivery of ready) {
      if (this.isFull) break
      // The events of each may have to be executed: others have their turn in between.
      if (socket.share && socket.share.workedMs > untilMs) break
      servedCount++
      delivery.isReady = false
      // Whoever finds it full on the way is ready again.
      delivery.deliver()
    }
    this.flush()
    if (servedCount === ready.length) return
    // One that replays a long history stands behind those that were not served yet.
    this.ready = [...ready.slice(servedCount), ...this.ready]
    this.fanOut.enqueue(this)
  }

  private flush() {
    const { heads, payloads, socket } = this
    const [head] = heads
    const [payload] = payloads
    if (!head || !payload) return
    if (delivered.hasSubscribers) {
      const { byteSize, committedAtMs } = this
      delivered.publish({ eventCount: heads.length, byteSize, ...(committedAtMs !== undefined && { committedAtMs }) })
    }
    if (heads.length === 1 && Buffer.isBuffer(payload) && payload.length >= sharedFromByteSize) {
      const byteSize = head.length + payload.length
      const start = Buffer.allocUnsafe(headerByteSize(byteSize) + head.length)
      head.copy(start, writeHeader(start, 0, byteSize))
      socket.writeFrames(start, payload)
    } else {
      socket.writeFrames(joined(heads, payloads))
    }
    this.heads = []
    this.payloads = []
    this.byteSize = 0
    this.committedAtMs = undefined
  }
}

export const payloadByteSize = (payload: Payload): number =>
  Buffer.isBuffer(payload) ? payload.length : payload.answer.bytes.length

function joined(heads: readonly Buffer[], payloads: readonly Payload[]): Buffer {
  let byteSize = 0
  heads.forEach((head, index) => {
    const payload = payloads[index]
    const frameByteSize = head.length + (payload ? payloadByteSize(payload) : 0)
    byteSize += headerByteSize(frameByteSize) + frameByteSize
  })
  const target = Buffer.allocUnsafe(byteSize)
  let offset = 0
  heads.forEach((head, index) => {
    const payload = payloads[index]
    if (!payload) return
    offset = writeHeader(target, offset, head.length + payloadByteSize(payload))
    offset += head.copy(target, offset)
    offset = Buffer.isBuffer(payload) ? offset + payload.copy(target, offset) : writeWithToken(target, offset, payload)
  })
  return target
}
