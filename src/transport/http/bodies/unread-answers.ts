import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { limited } from '../../../telemetry/facts.ts'
import type { HttpLimits } from '../limits.ts'

/** Parts of the timeout after which is looked. */
const looksPerTimeout = 5
/** Timeouts after which an answer must have been taken whole: a reader of a byte now and then holds it no longer. */
const timeoutsInAll = 12

class Unread {
  private readonly sinceMs = performance.now()
  /** What the network had taken at the last look at which that had grown, and when that was. */
  private takenByteSize: number
  private takenAtMs = this.sinceMs
  /** Answers that stand in line behind another one of the same connection. */
  private queued: ServerResponse[] = []

  constructor(private readonly socket: Socket) {
    this.takenByteSize = takenOf(socket)
  }

  queue(response: ServerResponse): void {
    this.queued.push(response)
  }

  get byteSize(): number {
    this.queued = this.queued.filter(({ socket, destroyed }) => socket === null && !destroyed)
    return this.queued.reduce((sum, { writableLength }) => sum + writableLength, this.socket.writableLength)
  }

  isOverdue(nowMs: number, timeoutMs: number): boolean {
    const takenByteSize = takenOf(this.socket)
    if (takenByteSize > this.takenByteSize) Object.assign(this, { takenByteSize, takenAtMs: nowMs })
    return nowMs - this.takenAtMs >= timeoutMs || nowMs - this.sinceMs >= timeoutMs * timeoutsInAll
  }
}

const takenOf = (socket: Socket) => socket.bytesWritten - socket.writableLength

/**
 * Answers that are written and not taken by the network yet. Nearly none is: the system takes a whole answer at once where
 * its reader reads. One that nobody reads is cut off, in time, and before all together take too much memory.
 */
export class UnreadAnswers {
  /** The oldest first. */
  private readonly unread = new Map<Socket, Unread>()
  /** Bytes of all, as far as they are known: they become fewer without a word. */
  private byteSize = 0
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly limits: Pick<HttpLimits, 'unreadByteSize' | 'unreadTimeoutMs'>) {}

  get count(): number {
    return this.unread.size
  }

  /** To be called when an answer was written to a connection. */
  watch(socket: Socket, response: ServerResponse): void {
    const isQueued = response.socket === null && !response.destroyed
    const byteSize = isQueued ? response.writableLength : socket.writableLength
    if (socket.destroyed || byteSize === 0) return
    const unread = this.unread.get(socket) ?? this.add(socket)
    if (isQueued) unread.queue(response)
    this.byteSize += byteSize
    if (this.byteSize > this.limits.unreadByteSize) this.makeRoom()
    this.timer ??= setInterval(this.look, this.limits.unreadTimeoutMs / looksPerTimeout).unref()
  }

  private add(socket: Socket): Unread {
    const unread = new Unread(socket)
    this.unread.set(socket, unread)
    socket.once('close', () => this.unread.delete(socket))
    return unread
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  /** Those who have not read for longest go first. */
  private makeRoom(): void {
    this.recount()
    for (const [socket, { byteSize }] of this.unread) {
      if (this.byteSize <= this.limits.unreadByteSize) return
      this.byteSize -= byteSize
      this.cut(socket, 'unread-answers')
    }
  }

  private readonly look = (): void => {
    const nowMs = performance.now()
    for (const [socket, unread] of this.unread) {
      if (unread.isOverdue(nowMs, this.limits.unreadTimeoutMs)) this.cut(socket, 'unread-answer-time')
    }
    this.recount()
    if (this.unread.size === 0) this.stop()
  }

  /** Forgets those that were taken. */
  private recount(): void {
    this.byteSize = 0
    for (const [socket, { byteSize }] of this.unread) {
      if (byteSize === 0) this.unread.delete(socket)
      this.byteSize += byteSize
    }
  }

  private cut(socket: Socket, limit: string): void {
    if (limited.hasSubscribers) limited.publish({ code: 'UNAVAILABLE', limit })
    this.unread.delete(socket)
    socket.destroy()
  }
}
