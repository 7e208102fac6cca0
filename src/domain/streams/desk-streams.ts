import { DeskCursor, type DeskStart } from '../../log/desk/desk-cursor.ts'
import { deskStreamId } from '../../log/desk/desk-stream.ts'
import type { Desk } from '../../log/desk/desk.ts'
import type { Hub } from '../../log/hub.ts'
import type { ReadLog } from '../../log/read.ts'
import type { ResumePoint } from '../../log/resume-point.ts'
import type { SupportStore } from '../../store/support.ts'
import type { ResumeTokens } from '../inbox/resume-token.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import { requireStaff } from '../support/support.ts'
import type { Viewer } from '../viewer.ts'
import { DeskFeed } from './desk-feed.ts'
import { checkPositions, placesOf, startAt, type StreamPosition, type StreamStart } from './position.ts'
import { noStream } from './resuming.ts'

export interface DeskStreams {
  /**
   * Events of all support conversations, also of those opened later: after a resume token, or from the named positions and
   * live in all others. Rejects with FORBIDDEN for those who are not staff, NOT_FOUND for a named stream that is no support
   * conversation, VALIDATION_ERROR for an invalid position, and UNAVAILABLE when the log does not answer in time.
   */
  follow(viewer: Viewer, from: { positions: readonly StreamPosition[]; resume: string | null }): Promise<DeskFeed>
}

export interface DeskStreamsOptions {
  hub: Hub
  readLog: ReadLog
  desk: Desk
  store: Pick<SupportStore, 'extents'>
  tokens: ResumeTokens
  watch: SessionWatch
}

export function createDeskStreams({ hub, readLog, desk, store, tokens, watch }: DeskStreamsOptions): DeskStreams {
  return {
    async follow(viewer, { positions, resume }) {
      requireStaff(viewer)
      const named = checkPositions('after', positions)
      const token = resume === null ? null : tokens.decode(resume, viewer.userId)
      const known = new Map<string, StreamPosition>()
      for (const { streamId, seq, mark } of token?.exceptions ?? [])
        known.set(streamId, { streamId, eventSeq: seq, mark })
      for (const [streamId, position] of named) known.set(streamId, position)
      const extents = await store.extents(placesOf(new Map([...known, ...atStart(known)])), viewer.userId)
      for (const streamId of named.keys()) if (!extents.has(streamId)) throw noStream()
      const extent = extents.get(deskStreamId)
      if (!extent) throw new Error('the desk has no stream')
      const deskStart = startAt(deskStreamId, known.get(deskStreamId) ?? null, extent)
      // A token that is not of the desk, or of another history, says nothing of where the reader was.
      if (token && !known.has(deskStreamId)) deskStart.lost = lostAt(deskStart)
      const starts = [...known.values()].flatMap((position): DeskStart[] => {
        const { streamId } = position
        const there = streamId === deskStreamId ? undefined : extents.get(streamId)
        return there ? [{ ...startAt(streamId, position, there), upToSeq: there.headEventSeq }] : []
      })
      const own = tokens.viewerText(viewer.userId)
      const tokenOf = (point: ResumePoint) => ({ shared: tokens.pointText(point), own })
      const cursor = new DeskCursor(hub, readLog)
      const unfollow = desk.follow()
      const feed = new DeskFeed({ viewer, cursor, watch, tokenOf, onEnd: unfollow })
      try {
        await cursor.begin(deskStart, starts, extent.headEventSeq)
      } catch (error) {
        feed.end()
        throw error
      }
      feed.firstPlace = tokens.encode(cursor.point, viewer.userId)
      return feed
    },
  }
}

/** The desk's stream is always asked for. */
const atStart = (known: ReadonlyMap<string, StreamPosition>): [string, StreamPosition][] =>
  known.has(deskStreamId) ? [] : [[deskStreamId, { streamId: deskStreamId, eventSeq: 0, mark: null }]]

const lostAt = ({ streamId, afterSeq, mark }: StreamStart) => ({
  streamId,
  reason: 'UNKNOWN_CURSOR' as const,
  headEventSeq: afterSeq,
  headMark: mark ?? '0',
})
