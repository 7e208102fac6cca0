import type { MessagePageRequest } from '../../store/messages.ts'
import type { Message } from '../../store/rows.ts'
import { QueryTooComplexError } from '../errors.ts'

/** Most messages that one statement reads. */
const maxRows = 500
/** Most characters of texts that one request reads: some two times what an answer of 4 MB has room for. */
const maxTextLength = 8_388_608

/** Pages that are read together. */
export function portionsOf(requests: readonly MessagePageRequest[]): MessagePageRequest[][] {
  const portions: MessagePageRequest[][] = []
  let rowCount = Infinity
  for (const request of requests) {
    rowCount += request.limit
    if (rowCount > maxRows) {
      portions.push([])
      rowCount = request.limit
    }
    portions.at(-1)?.push(request)
  }
  return portions
}

/**
 * Counts the texts that one request has read. What is put into its answer is bounded there; a page may be asked for, whole and
 * long, and nothing of it be selected but its numbers.
 */
export class TextsRead {
  private length = 0

  /** Throws QueryTooComplexError. */
  note(pages: readonly (readonly Message[])[]): void {
    for (const page of pages) for (const { text } of page) this.length += text?.length ?? 0
    if (this.length <= maxTextLength) return
    throw new QueryTooComplexError(
      `The messages of this operation have over ${String(maxTextLength)} characters. Ask for fewer, or split it.`,
    )
  }
}
