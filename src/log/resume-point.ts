import type { Watermark } from '../store/watermark.ts'

/** A reader's position in one stream, if it differs from the one at the watermark. */
export interface Exception {
  streamId: string
  seq: number
  /** Null where nothing is to be proven. */
  mark: string | null
}

/**
 * A reader's positions in many streams, in few words however many they are. In a stream that has an exception it stands
 * after that. In the others it stands where the stream was at `base`, or at the target of the sweep if the sweep has passed
 * the stream. Never changed: readers at the same point share it.
 */
export interface ResumePoint {
  /** Null: the log no longer has the history that the reader knows. */
  base: Watermark | null
  sweep: Sweep | null
  /** In the order of their streams' ids. */
  exceptions: readonly Exception[]
}

/** Streams are sent one after the other, in the order of their ids, each up to its position at the target. */
export interface Sweep {
  target: Watermark
  /** Streams up to this id are done. */
  upTo: string
}

/** Less than the id of any stream. */
export const beforeAll = '00000000-0000-0000-0000-000000000000'

export const byStreamId = (a: { streamId: string }, b: { streamId: string }): number =>
  a.streamId < b.streamId ? -1 : a.streamId > b.streamId ? 1 : 0

/** The same with the reader after this event of a stream. */
export const withException = (exceptions: readonly Exception[], exception: Exception): Exception[] =>
  [...exceptions.filter(({ streamId }) => streamId !== exception.streamId), exception].sort(byStreamId)
