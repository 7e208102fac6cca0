import type { WebSocket } from 'ws'

/**
 * What of ws's receiver is looked at and set here: ws has an option for the largest message, which is one for all sockets
 * and for as long as they live, and says nothing of a message that has only begun.
 */
interface Receiver {
  _maxPayload: number
  /** Pieces of a frame that has only begun, as they came. */
  _buffers: readonly Buffer[]
  /** Frames of a message that has only begun. */
  _fragments: readonly Buffer[]
}

/** What a piece is kept with, by estimate. */
const pieceByteSize = 100

export const receiverOf = (socket: WebSocket): Receiver => (socket as unknown as { _receiver: Receiver })._receiver

/**
 * Bytes that are kept for a message that is not finished. A frame of one byte keeps all that came with it in one reading
 * of the network, commonly 64 KB.
 */
export function unfinishedBytesOf(socket: WebSocket): number {
  const { _buffers, _fragments } = receiverOf(socket)
  return _buffers.length === 0 && _fragments.length === 0 ? 0 : keptBy(_buffers) + keptBy(_fragments)
}

function keptBy(pieces: readonly Buffer[]): number {
  let byteSize = pieces.length * pieceByteSize
  let last: ArrayBufferLike | null = null
  for (const { buffer } of pieces) {
    if (buffer !== last) byteSize += buffer.byteLength
    last = buffer
  }
  return byteSize
}
