import type { LostPlace } from '../../log/items.ts'
import { streamStart } from '../../log/mark.ts'
import type { StreamExtent } from '../../store/conversations.ts'
import { ValidationError } from '../errors.ts'

/** The position from which a reader wants to continue in a stream. */
export interface StreamPosition {
  streamId: string
  eventSeq: number
  /** Null from clients that do not keep it: then only the number is checked. */
  mark: string | null
}

/** Where a reader begins: at its cursor, or live if the cursor is not valid any more. */
export interface StreamStart {
  streamId: string
  afterSeq: number
  /** Mark of that position, as the database has it; null when it was not requested. */
  mark: string | null
  lost?: LostPlace
}

/** A position in one stream as a text. */
export const placeOf = (eventSeq: number, mark: string): string => `${String(eventSeq)}.${mark}`

/** Null for any other text. */
export function readPlace(place: string): Omit<StreamPosition, 'streamId'> | null {
  const [, eventSeq, mark] = /^(\d{1,10})\.([\w-]{1,16})$/.exec(place) ?? []
  if (eventSeq === undefined || mark === undefined || Number(eventSeq) > maxEventSeq) return null
  return { eventSeq: Number(eventSeq), mark }
}

/** The greatest value of GraphQL's Int. */
const maxEventSeq = 2_147_483_647
/** Most streams that one request may name. */
const maxNamedStreams = 1_000

/** Whether the stream has this position in its present history. */
function fits({ eventSeq, mark }: Omit<StreamPosition, 'streamId'>, extent: StreamExtent): boolean {
  if (mark === null || mark === extent.markThere) return true
  if (eventSeq === extent.headEventSeq) return mark === extent.headMark
  if (eventSeq === 0) return mark === streamStart.headMark
  // Events that left the log before there were marks have none.
  return eventSeq === extent.floorEventSeq && [mark, streamStart.headMark].includes(extent.floorMark)
}

/** With `position` null the stream continues from its head. `extent` has the mark at the position. */
export function startAt(streamId: string, position: StreamPosition | null, extent: StreamExtent): StreamStart {
  const { headEventSeq, headMark, floorEventSeq, floorMark } = extent
  const head: StreamStart = { streamId, afterSeq: headEventSeq, mark: headMark }
  if (!position) return head
  const { eventSeq } = position
  const lost = (reason: LostPlace['reason']) => ({ ...head, lost: { streamId, reason, headEventSeq, headMark } })
  if (eventSeq > headEventSeq) return lost('UNKNOWN_CURSOR')
  if (eventSeq < floorEventSeq) return lost('EXPIRED')
  if (!fits(position, extent)) return lost('UNKNOWN_CURSOR')
  if (eventSeq === headEventSeq) return head
  if (eventSeq === 0) return { streamId, afterSeq: 0, mark: streamStart.headMark }
  // Events that left the log before there were marks have none.
  const isFloor = eventSeq === floorEventSeq && floorMark !== streamStart.headMark
  return { streamId, afterSeq: eventSeq, mark: extent.markThere ?? (isFloor ? floorMark : null) }
}

export function checkPositions(
  argument: string,
  positions: readonly StreamPosition[],
): ReadonlyMap<string, StreamPosition> {
  const problem = (reason: string) => new ValidationError(reason, [{ path: [argument], reason }])
  if (positions.length > maxNamedStreams) throw problem(`At most ${String(maxNamedStreams)} streams can be named.`)
  for (const { eventSeq } of positions) if (eventSeq < 0) throw problem('An eventSeq cannot be negative.')
  return new Map(positions.map((position) => [position.streamId, position]))
}

/** The positions without marks, as the store looks them up. */
export const placesOf = (positions: ReadonlyMap<string, StreamPosition>): ReadonlyMap<string, number> =>
  new Map([...positions].map(([streamId, { eventSeq }]) => [streamId, eventSeq]))
