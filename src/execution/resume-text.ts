import type { ExecutionResult } from 'graphql'
import { resumeMarker } from '../schema/events/resume-marker.ts'

/** The resume token of the reader that an item is for; undefined where none is kept. */
export const resumeOf = (item: unknown): string | undefined => (item as { resume?: string }).resume

/** The answer's text with this reader's token in it. */
export const withToken = (text: string, token: string | undefined): string =>
  token === undefined ? text : text.replaceAll(resumeMarker, token)

/** The same of an answer that is not text yet. */
export function resultWithToken(result: ExecutionResult, token: string | undefined): ExecutionResult {
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

/** An answer with its reader's token, not put together yet. */
export interface TokenPayload {
  pieces: readonly Buffer[]
  token: string
  byteSize: number
}

/** Tokens are ASCII. */
export const withPieces = (pieces: readonly Buffer[], token: string): TokenPayload => ({
  pieces,
  token,
  byteSize: pieces.reduce((sum, { length }) => sum + length, token.length * (pieces.length - 1)),
})

/** Writes it at `offset`; answers where it ends. */
export function writeWithToken(target: Buffer, offset: number, { pieces, token }: TokenPayload): number {
  let end = offset
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) end += target.write(token, end, 'latin1')
    end += piece.copy(target, end)
  }
  return end
}
