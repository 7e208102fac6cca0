import type { Socket } from 'node:net'
import { limited } from '../../../telemetry/facts.ts'

export interface StallLimits {
  /** Milliseconds in which something has to move. */
  idleMs: number
  /** Milliseconds for the whole transfer. */
  wholeMs: number
}

const lookMs = 1_000

/** Cuts a connection over which a transfer goes on and nothing moves, or which takes too long in all. Returns the way out. */
export function cutStalled(socket: Socket, movedByteSize: () => number, { idleMs, wholeMs }: StallLimits): () => void {
  const startMs = performance.now()
  let [moved, movedAtMs] = [movedByteSize(), startMs]
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const now = movedByteSize()
    if (now !== moved) [moved, movedAtMs] = [now, nowMs]
    if (nowMs - movedAtMs < idleMs && nowMs - startMs < wholeMs) return
    clearInterval(timer)
    if (limited.hasSubscribers) limited.publish({ code: 'UNAVAILABLE', limit: 'transfer-time' })
    socket.destroy()
  }, lookMs)
  return () => clearInterval(timer)
}
