import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { LiveConnection } from '../../domain/viewer.ts'
import { closed, connected, disconnected } from '../../telemetry/facts.ts'
import type { Share } from '../../fairness/shares.ts'
import { TokenBucket, type Rate } from '../../fairness/token-bucket.ts'
import { closeCodes, tooMuch } from './close-codes.ts'
import { receiverOf, unfinishedBytesOf } from './receiver.ts'

/** Bytes that may wait for the network, over all operations of a socket. */
const maxBufferedBytes = 8 * 1_048_576
/** How long the network may take nothing at all before the socket counts as stalled. */
const maxStallMs = 10_000
/** How long a peer gets to take in its close code and answer. */
const closeGraceMs = 2_000
/** The same for a slow one, which has to read what is under way first. Nothing more is queued for it meanwhile. */
const slowCloseGraceMs = 15_000
/** RFC 6455, 5.5: 125 bytes with the code. */
const maxReasonByteSize = 123
/** The largest message once it is known who sends it. Until then it is what ws was told. */
const maxMessageByteSize = 1_048_576
/** Messages that are taken from one socket until it is known whose it is. From then on its person's are counted together. */
const strangerFrameRate: Rate = { perSecond: 50, burst: 300 }
/** What an answer to a ping of the network's costs of those. */
const pongCost = 0.2

/**
 * What a socket may hold back is bounded: events wait in the log while the network takes nothing (delivery.ts), answers of
 * queries add up to the limit in bytes, and the limit in time frees what a reader holds that will not come back.
 */
export class BoundedSocket extends WebSocket implements LiveConnection {
  /** A ping with a payload of its own is under way (delivered.ts). */
  awaitsPong = false
  /** It named a device: whether somebody is here is told by whether it answers. */
  isDevice = false
  /** When the peer last answered; a connection that is open is no sign of life. */
  heardAtMs = performance.now()
  /** Of the person, once they are known; of all strangers until then. Null until it is open. */
  share: Share | null = null
  /** Messages that may be taken: from it, and once it is known whose it is from all of its person. */
  frames = new TokenBucket(strangerFrameRate)
  /** Bytes of a message that is not finished, as they are counted. */
  private unfinishedByteSize = 0
  /** When that message began; 0 when there is none. */
  unfinishedSinceMs = 0
  private network: Duplex | null = null
  /** Who waits for the network; null when nobody does. */
  private waiting: (() => void)[] | null = null
  private watching: NodeJS.Timeout | undefined
  private isCorked = false
  /** Who waits for the end; null while nobody does. */
  private disconnected: Set<() => void> | null = null

  /** The connection underneath, to which whole frames can be written. */
  connect(network: Duplex, share: Share) {
    this.network = network
    this.share = share
    Object.assign(network, { [owner]: this })
    // After ws's own listener, which has taken the piece by then.
    network.on('data', countPiece)
    this.on('ping', answer)
  }

  /** It is known whose it is. */
  trust(share: Share): void {
    receiverOf(this)._maxPayload = maxMessageByteSize
    this.frames = share.frames
    this.share?.release(this.unfinishedByteSize)
    this.unfinishedByteSize = 0
    this.share = share
    this.countUnfinished()
  }

  /** It has said who it is: from now on its end is told too. */
  connected(userId: string | undefined, kind: string | undefined): void {
    const who = userId !== undefined && { userId }
    if (connected.hasSubscribers) connected.publish({ ...who, ...(kind !== undefined && { kind }) })
    if (!disconnected.hasSubscribers) return
    const sinceMs = performance.now()
    this.once('close', (code) => disconnected.publish({ ...who, code, durationMs: performance.now() - sinceMs }))
  }

  /** Counts what has come of a message that is not finished, and closes the socket when there is no room for it. */
  countUnfinished(): void {
    const { share } = this
    const byteSize = this.readyState === WebSocket.CLOSED ? 0 : unfinishedBytesOf(this)
    const more = byteSize - this.unfinishedByteSize
    if (more === 0 || !share) return
    if (more < 0) share.release(-more)
    else if (!share.keep(more)) {
      this.close(closeCodes.TOO_MUCH_WORK, tooMuch)
      return
    }
    this.unfinishedByteSize = byteSize
    if (byteSize === 0) this.unfinishedSinceMs = 0
    else if (this.unfinishedSinceMs === 0) this.unfinishedSinceMs = performance.now()
  }

  /** Answers a ping of the protocol below, unless there are far too many. */
  answerPing(payload: Buffer): void {
    const { frames } = this
    this.unfinishedSinceMs = 0
    frames.spend(pongCost)
    if (frames.isFarOver) this.terminate()
    else if (!frames.isEmpty && this.readyState === WebSocket.OPEN) {
      this.pong(payload)
      this.checkBacklog()
    }
  }

  onDisconnected(listener: () => void): () => void {
    if (this.readyState === WebSocket.CLOSED) {
      const soon = setImmediate(listener)
      return () => clearImmediate(soon)
    }
    if (!this.disconnected) {
      const listeners = (this.disconnected = new Set())
      this.once('close', () => {
        for (const each of listeners) each()
      })
    }
    const { disconnected } = this
    disconnected.add(listener)
    return () => disconnected.delete(listener)
  }

  /** Whether the network is behind; `whenDrained` tells when it no longer is. */
  get isBehind(): boolean {
    return this.network?.writableNeedDrain ?? false
  }

  /** Also called when the connection is lost. */
  whenDrained(listener: () => void) {
    if (this.waiting) {
      this.waiting.push(listener)
      return
    }
    const { network } = this
    const waiting = (this.waiting = [listener])
    const settle = () => {
      network?.off('drain', settle).off('close', settle)
      this.waiting = null
      for (const wake of waiting) wake()
    }
    network?.on('drain', settle).on('close', settle)
  }

  /** Whole frames, made by the caller; ws compresses and fragments nothing here, so they may stand between its own. */
  writeFrames(...frames: Buffer[]) {
    if (this.readyState !== WebSocket.OPEN || !this.network) return
    if (frames.length > 1) this.network.cork()
    for (const frame of frames) this.network.write(frame)
    if (frames.length > 1) this.network.uncork()
    this.checkBacklog()
  }

  /** Resolves when the network has room again: at once, most often, so that what follows goes out in the same write. */
  sendText(text: string): Promise<void> | undefined {
    if (this.readyState !== WebSocket.OPEN) return undefined
    this.send(text)
    return this.isBehind ? new Promise((resolve) => this.whenDrained(resolve)) : undefined
  }

  override send(data: unknown, options?: unknown, callback?: unknown) {
    const done = (typeof options === 'function' ? options : callback) as ((error?: Error) => void) | undefined
    const settings = typeof options === 'object' && options !== null ? options : {}
    this.corkForThisTick()
    super.send(data as string, settings, done)
    this.checkBacklog()
  }

  /**
   * ws would wait half a minute for a peer that does not answer, hand on what it still sends, and throw when the reason does
   * not fit into a close frame.
   */
  override close(code?: number, reason?: string | Buffer) {
    if (closed.hasSubscribers && this.readyState === this.OPEN) closed.publish({ code })
    super.close(code, typeof reason === 'string' ? shortened(reason) : reason)
    const graceMs = code === closeCodes.TOO_SLOW ? slowCloseGraceMs : closeGraceMs
    setTimeout(() => this.terminate(), graceMs).unref()
  }

  /** What is sent in one turn goes out in one write: an answer and its `complete`, say. */
  private corkForThisTick() {
    if (this.isCorked || !this.network) return
    const { network } = this
    this.isCorked = true
    network.cork()
    process.nextTick(() => {
      this.isCorked = false
      network.uncork()
      this.checkBacklog()
    })
  }

  private checkBacklog() {
    if (this.readyState !== WebSocket.OPEN || this.isCorked) return
    if (this.bufferedAmount > maxBufferedBytes) this.giveUp()
    else if (this.bufferedAmount > 0) this.watch()
  }

  private watch() {
    if (this.watching) return
    const takenBefore = this.takenByteSize
    this.watching = setTimeout(() => {
      this.watching = undefined
      if (this.readyState !== WebSocket.OPEN || this.bufferedAmount === 0) return
      if (this.takenByteSize === takenBefore) this.giveUp()
      else this.watch()
    }, maxStallMs).unref()
  }

  /** Bytes that the network has taken so far. */
  private get takenByteSize(): number {
    return ((this.network as { bytesWritten?: number } | null)?.bytesWritten ?? 0) - this.bufferedAmount
  }

  private giveUp() {
    this.close(closeCodes.TOO_SLOW, 'Too slow: come back with your cursor')
  }
}

// One function for all sockets each, which node calls with the network, or the socket, as `this`.
const owner = Symbol('socket')
function countPiece(this: Duplex & { [owner]?: BoundedSocket }) {
  this[owner]?.countUnfinished()
}
function answer(this: WebSocket, payload: Buffer) {
  if (this instanceof BoundedSocket) this.answerPing(payload)
}

/** As many whole characters as a close frame has room for. */
function shortened(reason: string): Buffer {
  const bytes = new Uint8Array(maxReasonByteSize)
  return Buffer.from(bytes.subarray(0, new TextEncoder().encodeInto(reason, bytes).written))
}
