import type { Duplex } from 'node:stream'
import { RateLimitedError } from '../../domain/errors.ts'

/** The connection is ours alone to end: a client that does not would keep it. */
export function refuseUpgrade(socket: Duplex, status: string, retryAfterSeconds?: number): void {
  const retryAfter = retryAfterSeconds === undefined ? '' : `Retry-After: ${String(retryAfterSeconds)}\r\n`
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${retryAfter}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Also when the count itself failed: limits fail closed. */
export function refuseUncounted(socket: Duplex, error: unknown): void {
  if (error instanceof RateLimitedError) {
    refuseUpgrade(socket, '429 Too Many Requests', Math.ceil(error.retryAfterMs / 1_000))
  } else refuseUpgrade(socket, '503 Service Unavailable', 1)
}
