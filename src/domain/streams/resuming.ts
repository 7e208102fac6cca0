import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { ResumePoint } from '../../log/resume-point.ts'
import type { Resumption, ResumptionRequest, ResumptionStore } from '../../store/resumption.ts'
import { NotFoundError } from '../errors.ts'
import type { Viewer } from '../viewer.ts'
import { placesOf, type StreamPosition } from './position.ts'
import { changesAfter, planResumption, proven, type ResumptionPlan } from './resumption.ts'

export interface Resumed extends ResumptionPlan {
  found: Resumption
}

export interface Resuming {
  /** How this viewer continues after a token with this point, except in the named streams. */
  after(viewer: Viewer, point: ResumePoint, named: ReadonlyMap<string, StreamPosition>): Promise<Resumed>
  /** The viewer's streams, and how far the log has got. Rejects if a named stream never was the viewer's. */
  now(viewer: Viewer, named: ReadonlyMap<string, StreamPosition>): Promise<Resumption>
}

/** Each viewer may be in thousands of conversations. */
const maxInboxesPerStatement = 20

/** The same error for a stream that never was the viewer's and for one that does not exist. */
export const noStream = () => new NotFoundError('There is no such stream here.')

export function createResuming(store: ResumptionStore): Resuming {
  // Thousands may come back at once: all requests of one turn share a statement.
  const resumptions = new DataLoader<ResumptionRequest, Resumption | null>((requests) => store.resumptions(requests), {
    cache: false,
    batchScheduleFn: oncePerTurn,
    maxBatchSize: maxInboxesPerStatement,
  })
  const load = async (
    viewerId: string,
    { base, sweep }: Pick<ResumePoint, 'base' | 'sweep'>,
    exceptions: ReadonlyMap<string, number>,
    named: ReadonlyMap<string, StreamPosition>,
  ) => {
    const places = new Map([...exceptions, ...placesOf(named)])
    const found = await resumptions.load({ viewerId, named: places, base, target: sweep?.target ?? null })
    if (!found) throw noStream()
    const known = new Set(found.conversations.map(({ conversationId }) => conversationId))
    for (const streamId of named.keys()) if (streamId !== viewerId && !known.has(streamId)) throw noStream()
    return found
  }
  return {
    async after({ userId: viewerId }, token, named) {
      const exceptions = new Map(token.exceptions.map(({ streamId, seq }) => [streamId, seq]))
      const found = await load(viewerId, token, exceptions, named)
      const point = proven(token, found)
      const afterSeq = changesAfter(point, found)
      const { headEventSeq } = found.own
      const changes = afterSeq < headEventSeq ? await store.membershipChanges(viewerId, afterSeq, headEventSeq) : []
      return { found, ...planResumption({ viewerId, point, named, found, changes }) }
    },
    now: ({ userId }, named) => load(userId, { base: null, sweep: null }, new Map(), named),
  }
}
