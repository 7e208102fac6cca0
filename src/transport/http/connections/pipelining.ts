import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { limited } from '../../../telemetry/facts.ts'

/** Requests of one connection that are not answered. No client in use sends a second one before its answer. */
const maxUnanswered = 8

const unansweredBySocket = new WeakMap<Socket, number>()

/** Counts a request until it is answered. False: its connection has far too many, and is closed. */
export function countUnanswered(socket: Socket, response: ServerResponse): boolean {
  if (socket.destroyed) return false
  const count = (unansweredBySocket.get(socket) ?? 0) + 1
  if (count > maxUnanswered) {
    if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'requests-per-connection' })
    socket.destroy()
    return false
  }
  unansweredBySocket.set(socket, count)
  response.once('close', () => unansweredBySocket.set(socket, (unansweredBySocket.get(socket) ?? 1) - 1))
  return true
}
