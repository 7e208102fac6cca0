import { equal } from './equal.ts'
import type { MessageState } from './state.ts'

/** Messages of a chunk: a change copies one chunk and the list of them, however long the history is. */
export const chunkSize = 64

export type Chunk = readonly (MessageState | null)[]
/** First and last seq of messages that are all known. */
export type Range = readonly [from: number, to: number]

/** The messages of one conversation by seq. Outside the ranges single ones may be known. */
export interface TimelineState {
  readonly chunks: readonly (Chunk | null)[]
  readonly ranges: readonly Range[]
}

export const emptyTimeline: TimelineState = { chunks: [], ranges: [] }

const emptyChunk: Chunk = new Array<null>(chunkSize).fill(null)
const chunkOf = (seq: number) => Math.floor((seq - 1) / chunkSize)
const placeOf = (seq: number) => (seq - 1) % chunkSize

export const messageAt = ({ chunks }: TimelineState, seq: number): MessageState | null =>
  chunks[chunkOf(seq)]?.[placeOf(seq)] ?? null

/** Puts a message at its seq, or takes it out; the same timeline when nothing changes. */
export function withMessage(timeline: TimelineState, seq: number, message: MessageState | null): TimelineState {
  const before = messageAt(timeline, seq)
  if (before === message || (before && message && equal(before, message))) return timeline
  const at = chunkOf(seq)
  const chunks = timeline.chunks.slice()
  while (chunks.length <= at) chunks.push(null)
  const chunk = (chunks[at] ?? emptyChunk).slice()
  chunk[placeOf(seq)] = message
  chunks[at] = chunk
  return { ...timeline, chunks }
}

/** Changes the messages that are here, from a seq up to another; null takes one out. */
export function mapMessages(
  timeline: TimelineState,
  change: (message: MessageState) => MessageState | null,
  upTo = Infinity,
): TimelineState {
  let changed = timeline
  for (const message of messagesOf(timeline)) {
    if (message.seq > upTo) break
    changed = withMessage(changed, message.seq, change(message))
  }
  return changed
}

export function* messagesOf({ chunks }: TimelineState): Generator<MessageState> {
  for (const chunk of chunks) if (chunk) for (const message of chunk) if (message) yield message
}

/** Says that all messages from one seq to another are known now. */
export function withRange(timeline: TimelineState, from: number, to: number): TimelineState {
  if (from > to || covers(timeline, from, to)) return timeline
  let [first, last] = [from, to]
  const apart = timeline.ranges.filter(([start, end]) => {
    if (end < from - 1 || start > to + 1) return true
    first = Math.min(first, start)
    last = Math.max(last, end)
    return false
  })
  return { ...timeline, ranges: [...apart, [first, last] as const].sort(([a], [b]) => a - b) }
}

/** Whether all messages from one seq to another are known. */
export const covers = ({ ranges }: TimelineState, from: number, to: number): boolean =>
  from > to || ranges.some(([start, end]) => start <= from && to <= end)

/** The newest messages alone: this many chunks. */
export function newestOf({ chunks, ranges }: TimelineState, chunkCount: number): TimelineState {
  const first = Math.max(0, chunks.length - chunkCount)
  const from = first * chunkSize + 1
  return {
    chunks: chunks.map((chunk, index) => (index < first ? null : chunk)),
    ranges: ranges.filter(([, end]) => end >= from).map(([start, end]) => [Math.max(start, from), end] as const),
  }
}

/** Without the messages up to a seq. */
export function withoutUpTo(timeline: TimelineState, seq: number): TimelineState {
  const first = timeline.ranges[0]
  if (seq <= 0) return timeline
  const kept = mapMessages(timeline, () => null, seq)
  if (!first || first[0] > seq) return kept
  const ranges = timeline.ranges
    .filter(([, end]) => end > seq)
    .map(([start, end]) => [Math.max(start, seq + 1), end] as const)
  return { ...kept, ranges }
}
