import type { WebSocket } from 'ws'
import type { BoundedSocket } from './bounded-socket.ts'

/** Milliseconds between two pings of a socket; one that has not answered by the next is cut. */
const keepAliveMs = 12_000
/** Milliseconds between two looks at all sockets, each of which pings a share of them. */
const sweepMs = 1_000

/** Pings all sockets with one timer: a timer and two closures for each of 20,000 idle ones would cost more than they do. */
export function startKeepAlive(sockets: Set<BoundedSocket>): () => void {
  const dueAtMs = new WeakMap<WebSocket, number>()
  const unanswered = new WeakSet<WebSocket>()
  // One function for all sockets, which node calls with the socket as `this`.
  function onPong(this: WebSocket) {
    unanswered.delete(this)
  }

  const sweep = setInterval(() => {
    const nowMs = Date.now()
    for (const socket of sockets) {
      if (socket.readyState !== socket.OPEN) continue
      const dueMs = dueAtMs.get(socket)
      if (dueMs === undefined) {
        socket.on('pong', onPong)
        dueAtMs.set(socket, nowMs + keepAliveMs)
      } else if (nowMs >= dueMs) {
        if (unanswered.has(socket)) {
          socket.terminate()
          continue
        }
        unanswered.add(socket)
        dueAtMs.set(socket, nowMs + keepAliveMs)
        // One that is under way serves as well; a peer may leave it unanswered once there is a newer one (RFC 6455, 5.5.3).
        if (!socket.awaitsPong) socket.ping()
      }
    }
  }, sweepMs).unref()
  return () => clearInterval(sweep)
}
