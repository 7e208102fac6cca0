import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto'
import { byStreamId, type Exception, type ResumePoint } from '../../log/resume-point.ts'
import type { Watermark } from '../../store/watermark.ts'
import { ValidationError } from '../errors.ts'
import { readBytes, writeBytes, type ByteReader, type ByteWriter } from './token-bytes.ts'

/**
 * Of a token, as text: a letter and the version, the point with the tag of its bytes, and whose it is. The point is the same for
 * all who stand at it, and so is its text: to give a thousand readers their tokens is to write it once, and after it what each
 * of them has for all tokens of a subscription. What a token says gives nobody anything: it names places, and who asks
 * for them is told what they may read.
 */
export interface ResumeTokens {
  encode(point: ResumePoint, viewerId: string): string
  /** What all tokens for this point begin with. */
  pointText(point: ResumePoint): string
  /** What all tokens of this viewer end with: `pointText` and this are a token. */
  viewerText(viewerId: string): string
  /**
   * A token of another viewer or another deployment, of another version, or one that was altered, says nothing of where the reader
   * stands: `nowhere`. Throws ValidationError for what never was a token.
   */
  decode(text: string, viewerId: string): ResumePoint
}

export const nowhere: ResumePoint = { base: null, sweep: null, exceptions: [] }

const version = '1'
const shape = /^r[0-9a-z][\w-]+$/
/** In bytes, and a multiple of 3, so that its text is a part of the token's. */
const viewerByteSize = 9
const viewerTextLength = 12
const tagByteSize = 9
/** Of a token with 1,000 exceptions, which one of resync may have. */
const maxLength = 65_536
const minLength = 2 + 14 + viewerTextLength
const maxExceptions = 10_000

const hasBase = 1
const hasSweep = 2

export function createResumeTokens(secret: string): ResumeTokens {
  const key = createHmac('sha256', secret).update('resume token').digest()
  const tagOf = (bytes: Uint8Array): Buffer =>
    // Keyed by a prefix of fixed size and cut off: nothing can be added to what it was made of.
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

/** Running transactions as what lies between each and the next: a byte or two, as they began at about the same time. */
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
