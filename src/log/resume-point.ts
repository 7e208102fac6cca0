import type { Watermark } from '../store/watermark.ts'

/** Where a reader stands in one stream, other than what the watermarks say. */
export interface Exception {
  streamId: string
  seq: number
  /** Null where nothing is to be proven. */
  mark: string | null
}

/**
 * Where a reader of many streams stands in all of them, in few words however many they are: after its exception in a stream that
 * has one; else where the stream was at `base`, or at the target of the sweep for the streams that it has passed. Never changed: readers
 * at the same point share it.
 */
export interface ResumePoint {
  /** Null: the log is not of the history any more that the reader knows. */
  base: Watermark | null
  sweep: Sweep | null
  /** In the order of their streams' ids. */
  exceptions: readonly Exception[]
}

/** Streams are told one after the other, in the order of their ids, each up to its place at the target. */
export interface Sweep {
  target: Watermark
  /** Those up to this id have been told. */
  upTo: string
}

/** Before all ids of streams. */
export const beforeAll = '00000000-0000-0000-0000-000000000000'

export const byStreamId = (a: { streamId: string }, b: { streamId: string }): number =>
  a.streamId < b.streamId ? -1 : a.streamId > b.streamId ? 1 : 0

/** The same with the reader after this event of a stream. */
export const withException = (exceptions: readonly Exception[], exception: Exception): Exception[] =>
  [...exceptions.filter(({ streamId }) => streamId !== exception.streamId), exception].sort(byStreamId)
