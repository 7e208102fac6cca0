import type { ExecutionResult } from 'graphql'
import type { LiveToken } from '../domain/streams/event-loaders.ts'
import { resumeMarker } from '../schema/events/resume-marker.ts'

/** The resume token of the reader that an item is for; undefined where none is kept. */
export const resumeOf = (item: unknown): LiveToken | undefined => (item as { resume?: LiveToken }).resume

/** The answer's text with this reader's token in it. */
export const withToken = (text: string, token: LiveToken | undefined): string =>
  token === undefined ? text : text.replaceAll(resumeMarker, token.shared + token.own)

/** The same of an answer that is not text yet. */
export function resultWithToken(result: ExecutionResult, token: LiveToken | undefined): ExecutionResult {
  if (token === undefined || result.data == null) return result
  return { ...result, data: JSON.parse(withToken(JSON.stringify(result.data), token)) as Record<string, unknown> }
}

const marker = Buffer.from(resumeMarker)

/** An answer's bytes, cut where the token of each reader goes. */
export function splitAtMarker(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  for (let at = bytes.indexOf(marker); at !== -1; at = bytes.indexOf(marker, start)) {
    pieces.push(bytes.subarray(start, at))
    start = at + marker.length
  }
  pieces.push(bytes.subarray(start))
  return pieces
}

/** An answer as all readers at one place get it, with room for what is each reader's own. */
export interface SharedAnswer {
  /** The part of the token that they share. */
  shared: string
  bytes: Buffer
  /** Where each reader's own part goes. */
  holes: readonly number[]
}

/** Puts the answer together for all readers at the place of this token, of whom a thousand may get it in one turn. */
export function sharedAnswer(pieces: readonly Buffer[], { shared, own }: LiveToken): SharedAnswer {
  // Tokens are ASCII.
  const token = Buffer.from(shared + ' '.repeat(own.length), 'latin1')
  const parts: Buffer[] = []
  const holes: number[] = []
  let end = 0
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) {
      parts.push(token)
      end += token.length
      holes.push(end - own.length)
    }
    parts.push(piece)
    end += piece.length
  }
  return { shared, bytes: Buffer.concat(parts), holes }
}

/** An answer for one reader, not copied yet. */
export interface TokenPayload {
  answer: SharedAnswer
  own: string
}

/** Writes it at `offset`; answers where it ends. */
export function writeWithToken(target: Buffer, offset: number, { answer, own }: TokenPayload): number {
  const { bytes, holes } = answer
  bytes.copy(target, offset)
  for (const hole of holes) target.write(own, offset + hole, 'latin1')
  return offset + bytes.length
}
