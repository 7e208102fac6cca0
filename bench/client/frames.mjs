import { Buffer } from 'node:buffer'

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/**
 * A whole frame as a client sends it. Its mask is zero, so the payload is in it unchanged.
 * @param {number} opcode
 * @param {string | Buffer} payload
 */
export function clientFrame(opcode, payload) {
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload
  const size = data.length
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10
  const frame = Buffer.alloc(head + 4 + size)
  frame[0] = 0x80 | opcode
  if (head === 2) frame[1] = 0x80 | size
  else if (head === 4) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(size, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeBigUInt64BE(BigInt(size), 2)
  }
  data.copy(frame, head + 4)
  return frame
}

/**
 * Finds the frames of a server (which are not masked) in what has come, and calls `onFrame` for each whole one. Nothing is
 * copied. Fragmented messages are refused: no contender sends any.
 * @param {Buffer} bytes
 * @param {number} end how many of the bytes count
 * @param {(opcode: number, bytes: Buffer, start: number, end: number) => void} onFrame
 * @returns {number} where the first frame begins that is not whole
 */
export function readFrames(bytes, end, onFrame) {
  let at = 0
  while (end - at >= 2) {
    const first = bytes[at]
    const short = bytes[at + 1]
    if ((first & 0x80) === 0 || (short & 0x80) !== 0) throw new Error('a fragmented or masked frame')
    let start = at + 2
    let size = short
    if (short === 126) {
      if (end - at < 4) break
      size = (bytes[at + 2] << 8) | bytes[at + 3]
      start = at + 4
    } else if (short === 127) {
      if (end - at < 10) break
      size = Number(bytes.readBigUInt64BE(at + 2))
      start = at + 10
    }
    if (start + size > end) break
    onFrame(first & 0x0f, bytes, start, start + size)
    at = start + size
  }
  return at
}

const digit0 = 48
const label = Buffer.from('"seq":')

/**
 * Reads the number after `"seq":` without parsing the JSON around it. Tries the last position first, and searches only if
 * it is not there.
 */
export function createSeqFinder() {
  let place = 0
  const isAt = (/** @type {Buffer} */ bytes, /** @type {number} */ at) => {
    for (let i = 0; i < 6; i++) if (bytes[at + i] !== label[i]) return false
    return true
  }
  /**
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   * @returns {number} 0 when there is none
   */
  return (bytes, start, end) => {
    let at = start + place
    if (at + 6 >= end || !isAt(bytes, at)) {
      at = bytes.subarray(start, end).indexOf(label)
      if (at < 0) return 0
      place = at
      at += start
    }
    let seq = 0
    for (at += 6; at < end; at++) {
      const value = bytes[at] - digit0
      if (value < 0 || value > 9) break
      seq = seq * 10 + value
    }
    return seq
  }
}
