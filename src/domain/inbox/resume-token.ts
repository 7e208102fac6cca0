import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto'
import { byStreamId, type Exception, type ResumePoint } from '../../log/resume-point.ts'
import type { Watermark } from '../../store/watermark.ts'
import { ValidationError } from '../errors.ts'
import { readBytes, writeBytes, type ByteReader, type ByteWriter } from './token-bytes.ts'

/**
 * A token is a text: a letter and the version, the point with a tag of its bytes, and the tag of its viewer. All readers at
 * a point share the point's text. So to make tokens for a thousand readers the point is written once, and each appends a
 * text that is the same for all tokens of its subscription. A token gives no permission: it only names positions, and each
 * reader gets only what they may read.
 */
export interface ResumeTokens {
  encode(point: ResumePoint, viewerId: string): string
  /** The start of all tokens for this point. */
  pointText(point: ResumePoint): string
  /** The end of all tokens of this viewer: `pointText` followed by this is a token. */
  viewerText(viewerId: string): string
  /**
   * A token of another viewer, another deployment or another version, or one that was altered, says nothing of the reader's
   * position: `nowhere`. Throws ValidationError for a text that never was a token.
   */
  decode(text: string, viewerId: string): ResumePoint
}

export const nowhere: ResumePoint = { base: null, sweep: null, exceptions: [] }

const version = '1'
const shape = /^r[0-9a-z][\w-]+$/
/** A multiple of 3 bytes, so that its base64 text is a part of the token's. */
const viewerByteSize = 9
const viewerTextLength = 12
const tagByteSize = 9
/** Length of a token with 1,000 exceptions, which one from resync may have. */
const maxLength = 65_536
const minLength = 2 + 14 + viewerTextLength
const maxExceptions = 10_000

const hasBase = 1
const hasSweep = 2

export function createResumeTokens(secret: string): ResumeTokens {
  const key = createHmac('sha256', secret).update('resume token').digest()
  const tagOf = (bytes: Uint8Array): Buffer =>
    // The key comes first and has a fixed size, and the hash is cut off: nobody can append to the hashed bytes.
    hash('sha256', Buffer.concat([key, bytes]), 'buffer').subarray(0, tagByteSize)
  const texts = new WeakMap<ResumePoint, string>()

  const pointText = (point: ResumePoint): string => {
    const known = texts.get(point)
    if (known !== undefined) return known
    const bytes = writeBytes((writer) => {
      writePoint(writer, point)
    })
    const text = `r${version}${Buffer.concat([bytes, tagOf(bytes)]).toString('base64url')}`
    texts.set(point, text)
    return text
  }
  const viewerText = (viewerId: string): string =>
    createHash('sha256').update(key).update(viewerId).digest().subarray(0, viewerByteSize).toString('base64url')

  return {
    pointText,
    viewerText,
    encode: (point, viewerId) => pointText(point) + viewerText(viewerId),
    decode(text, viewerId) {
      if (text.length < minLength || text.length > maxLength || !shape.test(text)) throw notToken()
      if (text[1] !== version || text.slice(-viewerTextLength) !== viewerText(viewerId)) return nowhere
      const encoded = text.slice(2, -viewerTextLength)
      const all = Buffer.from(encoded, 'base64url')
      if (all.toString('base64url') !== encoded) return nowhere
      const bytes = all.subarray(0, -tagByteSize)
      if (!timingSafeEqual(tagOf(bytes), all.subarray(-tagByteSize))) return nowhere
      return readBytes(bytes, readPoint)
    },
  }
}

function notToken(): ValidationError {
  const reason = '`resume` is a text that an event, a page of the inbox or a resync gave, as it was given.'
  return new ValidationError(reason, [{ path: ['resume'], reason }])
}

function writePoint(writer: ByteWriter, { base, sweep, exceptions }: ResumePoint): void {
  writer.number((base ? hasBase : 0) + (sweep ? hasSweep : 0))
  if (base) writeWatermark(writer, base)
  if (sweep) {
    writeWatermark(writer, sweep.target)
    writer.uuid(sweep.upTo)
  }
  writer.number(exceptions.length)
  for (const { streamId, seq, mark } of exceptions) {
    writer.uuid(streamId)
    writer.number(seq)
    writer.mark(mark)
  }
}

function readPoint(reader: ByteReader): ResumePoint {
  const flags = reader.number()
  const base = flags & hasBase ? readWatermark(reader) : null
  const sweep = flags & hasSweep ? { target: readWatermark(reader), upTo: reader.uuid() } : null
  const exceptions: Exception[] = []
  const count = reader.number()
  if (count > maxExceptions) throw new Error('more exceptions than a token has')
  while (exceptions.length < count) {
    exceptions.push({ streamId: reader.uuid(), seq: reader.number(), mark: reader.mark() })
  }
  return { base, sweep, exceptions: exceptions.sort(byStreamId) }
}

/** Running transactions as differences, each to the one before: a byte or two, as they began at about the same time. */
function writeWatermark(writer: ByteWriter, { xid, mark, running }: Watermark): void {
  writer.bigint(xid)
  writer.mark(mark)
  writer.number(running.length)
  let next = xid
  for (const id of running.toReversed()) {
    writer.bigint(next - id)
    next = id
  }
}

function readWatermark(reader: ByteReader): Watermark {
  const xid = reader.bigint()
  const mark = reader.mark() ?? '0'
  const running: bigint[] = []
  let next = xid
  for (let count = reader.number(); count > 0; count--) {
    next -= reader.bigint()
    running.unshift(next)
  }
  return { xid, mark, running }
}
