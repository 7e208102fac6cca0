const textFrame = 0x81

/** Bytes of the header before a payload of this size, from server to client (RFC 6455, 5.2). */
export const headerByteSize = (payloadByteSize: number): number =>
  payloadByteSize < 126 ? 2 : payloadByteSize < 65_536 ? 4 : 10

/** Writes the header of a whole, unmasked text message. Returns the offset after it. */
export function writeHeader(target: Buffer, offset: number, payloadByteSize: number): number {
  target[offset] = textFrame
  if (payloadByteSize < 126) {
    target[offset + 1] = payloadByteSize
    return offset + 2
  }
  if (payloadByteSize < 65_536) {
    target[offset + 1] = 126
    target.writeUInt16BE(payloadByteSize, offset + 2)
    return offset + 4
  }
  target[offset + 1] = 127
  target.writeUInt32BE(0, offset + 2)
  target.writeUInt32BE(payloadByteSize, offset + 6)
  return offset + 10
}
