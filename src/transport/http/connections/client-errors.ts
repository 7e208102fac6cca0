import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Connections over which an upload goes on: it has deadlines of its own. */
const uploading = new WeakSet<Duplex>()

/** Node's deadline for a request that is not complete does not hold for this one, until the returned function is called. */
export function takesLonger(socket: Duplex): () => void {
  uploading.add(socket)
  return () => uploading.delete(socket)
}

/** As Node has it: the answer that is being written. */
type ClientSocket = Duplex & { _httpMessage?: { headersSent: boolean } | null }

const statuses: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
}

/**
 * What Node itself does about connections that it cannot go on with, but for uploads that only take their time: it has one
 * deadline for all requests of a server.
 */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: ClientSocket) => {
    const { code = '' } = error
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && uploading.has(socket)) return
    // Nothing may be written into an answer that has begun.
    if (socket.writable && socket._httpMessage?.headersSent !== true) {
      socket.write(`HTTP/1.1 ${statuses[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
    }
    socket.destroy(error)
  })
}
