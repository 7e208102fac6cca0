import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const isWebSocket = ({ method, httpVersionMinor, headers }: IncomingMessage): boolean =>
  method === 'GET' && httpVersionMinor > 0 && protocolsIn(headers.upgrade).includes('websocket')

const protocolsIn = (upgrade = ''): string[] => upgrade.split(',').map((protocol) => protocol.trim().toLowerCase())

/**
 * A request of which node is told that it offers an upgrade only when we speak the protocol. Else node would hand us a bare
 * socket for each offer, as of h2c, and nobody would answer the request. (Newer versions have shouldUpgradeCallback for it.)
 */
export class Request extends IncomingMessage {
  declare private isOffering: boolean | undefined

  get upgrade(): boolean {
    return this.isOffering === true && isWebSocket(this)
  }

  set upgrade(isOffering: boolean) {
    this.isOffering = isOffering
  }

  /** Whether it offers an upgrade that is not taken. */
  get isDeclining(): boolean {
    return this.isOffering === true && !this.upgrade
  }
}

/** Bytes of a connection that belong to requests which are known to be over. */
const accountedByteSizes = new WeakMap<Socket, number>()

/**
 * Node's parser drops what stands behind a declined offer in the same piece of the connection, a request that was sent
 * without waiting, say, which nobody would answer. So the connection is kept only where nothing can have been dropped.
 */
export function keepWhereNothingIsLost(request: Request, response: ServerResponse): void {
  const { socket, headers } = request
  const bodyByteSize = Number(headers['content-length'] ?? 0)
  const endsAt = (accountedByteSizes.get(socket) ?? 0) + headByteSize(request) + bodyByteSize
  const keepIfAlone = () => {
    if (response.headersSent || socket.bytesRead !== endsAt) return
    accountedByteSizes.set(socket, endsAt)
    response.removeHeader('connection')
  }
  response.setHeader('connection', 'close')
  if (headers['transfer-encoding'] !== undefined) return
  if (bodyByteSize === 0) keepIfAlone()
  else request.once('end', keepIfAlone)
}

/** As clients write it: a head that is written otherwise does not add up, and its connection is closed. */
function headByteSize({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): number {
  const fields = rawHeaders.reduce((byteSize, part) => byteSize + part.length + 2, 0)
  return `${method} ${url} HTTP/${httpVersion}\r\n\r\n`.length + fields
}
