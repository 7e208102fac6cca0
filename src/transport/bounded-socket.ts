import { WebSocket } from 'ws'
import { closeCodes } from './close-codes.ts'

/** Bytes that may wait for the network, over all operations of a socket. */
const maxBufferedBytes = 8 * 1_048_576
/** How long the network may take no frame at all before the socket counts as stalled. */
const maxStallMs = 10_000
/** How long a peer gets to take in its close code and answer. */
const closeGraceMs = 2_000
/** The same for a slow one, which has to read what is under way first. Nothing more is queued for it meanwhile. */
const slowCloseGraceMs = 15_000

/**
 * graphql-ws waits for each send of a subscription, so that a stalled reader holds back its own cursor and costs what one
 * event and the kernel's buffers cost. With many operations on a socket their frames add up, hence the limit in bytes; the
 * limit in time frees what a reader holds that will not come back.
 */
export class BoundedSocket extends WebSocket {
  private flushedCount = 0
  private watching: NodeJS.Timeout | undefined

  override send(data: unknown, options?: unknown, callback?: unknown) {
    const done = (typeof options === 'function' ? options : callback) as ((error?: Error) => void) | undefined
    const settings = typeof options === 'object' && options !== null ? options : {}
    super.send(data as string, settings, (error) => {
      this.flushedCount++
      done?.(error)
    })
    if (this.readyState !== WebSocket.OPEN) return
    if (this.bufferedAmount > maxBufferedBytes) this.giveUp()
    else if (this.bufferedAmount > 0) this.watch()
  }

  /** ws would wait half a minute for a peer that does not answer, and hand on what it still sends. */
  override close(code?: number, reason?: string | Buffer) {
    super.close(code, reason)
    const graceMs = code === closeCodes.TOO_SLOW ? slowCloseGraceMs : closeGraceMs
    setTimeout(() => this.terminate(), graceMs).unref()
  }

  private watch() {
    if (this.watching) return
    const flushedBefore = this.flushedCount
    this.watching = setTimeout(() => {
      this.watching = undefined
      if (this.readyState !== WebSocket.OPEN || this.bufferedAmount === 0) return
      if (this.flushedCount === flushedBefore) this.giveUp()
      else this.watch()
    }, maxStallMs).unref()
  }

  private giveUp() {
    this.close(closeCodes.TOO_SLOW, 'Too slow: come back with your cursor')
  }
}
