import type { Viewer } from '../../domain/viewer.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { BoundedSocket } from './bounded-socket.ts'

/** Milliseconds after the first frame that counts until the device is asked whether it has it: a burst is one question. */
const gatherMs = 300
/** The same after the answer could not be stored. */
const retryMs = 5_000
/**
 * Conversations of which a socket remembers how far it has acknowledged them. Not an lru-cache: it takes 3.4 kB when it is
 * made, and there is one for each socket.
 */
const maxRemembered = 100

export interface Position {
  conversationId: string
  seq: number
}

/** By conversation, the largest seq. */
export type Positions = ReadonlyMap<string, number>

export interface Deliveries {
  /** What an item counts for that the viewer was sent; null when it is no message of somebody else. */
  positionIn: (viewer: Viewer, item: unknown) => Position | null
  /** Rejects when it has to be tried again. */
  markDelivered: (viewer: Viewer, positions: Positions) => Promise<void>
}

/**
 * What one device has been sent and has acknowledged. The server pings it after the frames; network and protocol keep the
 * order, so that the pong tells that the device's end of the WebSocket has taken everything before it. One question is
 * under way at a time. Keeps a number for each conversation with something not yet acknowledged, however slow the device.
 */
export class Delivered {
  /** Sent since the last ping. */
  private sent = new Map<string, number>()
  /** Sent before the ping that is under way, or stored just now; null when nothing is. */
  private asked: Map<string, number> | null = null
  private readonly remembered = new Map<string, number>()
  private pingCount = 0
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly socket: BoundedSocket,
    private readonly viewer: Viewer,
    private readonly deliveries: Deliveries,
    private readonly logger: Logger,
  ) {
    socket.on('pong', (payload) => this.onPong(payload.toString()))
    socket.once('close', () => clearTimeout(this.timer))
  }

  /** An item whose frame is written by the end of this turn. */
  note(item: unknown): void {
    const position = this.deliveries.positionIn(this.viewer, item)
    if (!position) return
    const { conversationId, seq } = position
    for (const known of [this.remembered, this.asked, this.sent]) if (seq <= (known?.get(conversationId) ?? 0)) return
    this.sent.set(conversationId, seq)
    this.pingLater(gatherMs)
  }

  private pingLater(delayMs: number): void {
    if (this.asked || this.timer) return
    this.timer = setTimeout(this.ping, delayMs).unref()
  }

  private readonly ping = (): void => {
    const { socket } = this
    this.timer = undefined
    if (socket.readyState !== socket.OPEN) return
    this.asked = this.sent
    this.sent = new Map()
    socket.awaitsPong = true
    socket.ping(this.payloadOf(++this.pingCount))
  }

  private onPong(payload: string): void {
    const { socket, asked } = this
    if (!asked || !socket.awaitsPong || payload !== this.payloadOf(this.pingCount)) return
    socket.awaitsPong = false
    // Closing: its session has ended, perhaps.
    if (socket.readyState === socket.OPEN) void this.store(asked)
  }

  private async store(positions: Map<string, number>): Promise<void> {
    let delayMs = gatherMs
    try {
      await this.deliveries.markDelivered(this.viewer, positions)
      this.remember(positions)
    } catch (error) {
      this.logger.debug({ err: error }, 'could not store what a device acknowledged; will try again')
      delayMs = retryMs
      for (const [conversationId, seq] of this.sent) positions.set(conversationId, seq)
      this.sent = positions
    }
    this.asked = null
    if (this.sent.size > 0 && this.socket.readyState === this.socket.OPEN) this.pingLater(delayMs)
  }

  private remember(positions: Positions): void {
    for (const [conversationId, seq] of positions) {
      this.remembered.delete(conversationId)
      this.remembered.set(conversationId, seq)
    }
    for (const conversationId of this.remembered.keys()) {
      if (this.remembered.size <= maxRemembered) return
      this.remembered.delete(conversationId)
    }
  }

  private readonly payloadOf = (count: number) => `delivered ${count}`
}
