import type { IncomingMessage } from 'node:http'

/** What may still come of a request that was answered before it was complete, and in which time. */
const maxByteSize = 8_388_608
const maxMs = 5_000
const lookMs = 50

/** Node reads and drops the rest of such a request, as the next one stands behind it; for ever, if that is what comes. */
export function boundRest(request: IncomingMessage): void {
  const { socket } = request
  if (request.complete || socket.destroyed) return
  const { bytesRead } = socket
  const startMs = performance.now()
  const timer = setInterval(() => {
    const isOver = request.complete || socket.destroyed
    if (!isOver && socket.bytesRead - bytesRead <= maxByteSize && performance.now() - startMs <= maxMs) return
    clearInterval(timer)
    if (!isOver) socket.destroy()
  }, lookMs).unref()
}
