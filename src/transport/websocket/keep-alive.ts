import type { WebSocket } from 'ws'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'

/** Milliseconds between two pings of a socket, and from one that is not answered until it is cut. */
const keepAliveMs = 12_000
/** The first of one that is a person's device: when they were last seen is when it answered last. */
const deviceKeepAliveMs = 4_000
/** Milliseconds between two looks at all sockets, each of which pings a share of them. */
const sweepMs = 1_000

/** Milliseconds in which a message has to be finished, of somebody who is known or not. */
const maxMessageMs = 30_000
const maxStrangersMessageMs = 10_000

/** Pings all sockets, and looks after all that has to be done in time, with one timer: a timer and two closures for each of 20,000 idle ones would cost more than they do. */
export function startKeepAlive(sockets: Set<BoundedSocket>, alsoSweep?: () => void): () => void {
  const pingedAtMs = new WeakMap<WebSocket, number>()
  const unanswered = new WeakSet<WebSocket>()
  // One function for all sockets, which node calls with the socket as `this`.
  function onPong(this: WebSocket) {
    unanswered.delete(this)
    const heard: Pick<BoundedSocket, 'heardAtMs'> = { heardAtMs: performance.now() }
    Object.assign(this, heard)
  }

  const sweep = setInterval(() => {
    const nowMs = performance.now()
    alsoSweep?.()
    for (const socket of sockets) {
      if (socket.readyState !== socket.OPEN) continue
      if (isMessageLate(socket)) {
        socket.close(closeCodes.CONNECTION_INIT_TIMEOUT, 'A message was not finished in time')
        continue
      }
      const lastMs = pingedAtMs.get(socket)
      if (lastMs === undefined) {
        socket.on('pong', onPong)
        pingedAtMs.set(socket, nowMs)
      } else if (unanswered.has(socket)) {
        // What it answered is not read while it is made to wait.
        if (nowMs - lastMs >= keepAliveMs && !socket.isPaused) socket.terminate()
      } else if (nowMs - lastMs >= (socket.isDevice ? deviceKeepAliveMs : keepAliveMs)) {
        unanswered.add(socket)
        pingedAtMs.set(socket, nowMs)
        // One that is under way serves as well; a peer may leave it unanswered once there is a newer one (RFC 6455, 5.5.3).
        if (!socket.awaitsPong) socket.ping()
      }
    }
  }, sweepMs).unref()
  return () => clearInterval(sweep)
}

function isMessageLate({ unfinishedSinceMs, share }: BoundedSocket): boolean {
  if (unfinishedSinceMs === 0) return false
  const limitMs = share?.personId == null ? maxStrangersMessageMs : maxMessageMs
  return performance.now() - unfinishedSinceMs >= limitMs
}
