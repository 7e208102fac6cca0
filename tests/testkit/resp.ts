/** Types whose value is on the line itself. */
const lineTypes = '+-:_#,('
/** Types with a length, and then that many bytes. */
const bulkTypes = '$!='
/** Types with a count, and then that many frames; a map has two frames for each entry. */
const listTypes = '*~>%'

/** Index after the line that begins at `from`; -1 when the rest of it has not come yet. */
function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf('\r\n', from)
  return end === -1 ? -1 : end + 2
}

/** Index after the frame that begins at `from`; -1 when the rest of it has not come yet. */
function frameEnd(bytes: Buffer, from: number): number {
  const afterLine = lineEnd(bytes, from)
  if (afterLine === -1) return -1
  const type = String.fromCharCode(bytes[from] ?? 0)
  if (lineTypes.includes(type)) return afterLine
  const count = Number(bytes.toString('latin1', from + 1, afterLine - 2))
  if (bulkTypes.includes(type)) {
    const end = count < 0 ? afterLine : afterLine + count + 2
    return end <= bytes.length ? end : -1
  }
  if (!listTypes.includes(type)) throw new Error(`no frame of Redis begins with ${JSON.stringify(type)}`)
  let end = afterLine
  for (let left = type === '%' ? count * 2 : count; left > 0 && end !== -1; left--) end = frameEnd(bytes, end)
  return end
}

const messageStart = Buffer.from('*3\r\n$7\r\nmessage\r\n')
const subscribedStart = Buffer.from('*3\r\n$9\r\nsubscribe\r\n')

const beginsWith = (frame: Buffer, start: Buffer) => frame.subarray(0, start.length).equals(start)

/** Whether a frame is a published message. */
export const isPublished = (frame: Buffer): boolean => beginsWith(frame, messageStart)

/** Whether a frame is the answer to a SUBSCRIBE of a topic whose name contains `topicPart`. */
export const isSubscribed =
  (topicPart = '') =>
  (frame: Buffer): boolean =>
    beginsWith(frame, subscribedStart) && frame.includes(topicPart)

/** Splits the bytes of a Redis server into whole frames, however the network cut them. */
export class RespSplitter {
  private rest: Buffer = Buffer.alloc(0)

  /** Returns the frames that these bytes complete. */
  push(chunk: Buffer): Buffer[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const frames: Buffer[] = []
    let start = 0
    for (let end = frameEnd(this.rest, start); end !== -1; end = frameEnd(this.rest, start)) {
      frames.push(this.rest.subarray(start, end))
      start = end
    }
    this.rest = this.rest.subarray(start)
    return frames
  }
}
