import { SyncResyncDocument } from '../generated/graphql.ts'
import type { ParleyEvent, State } from '../replica/state.ts'
import type { Requests } from '../requests/requests.ts'

/** The copy that is kept up. */
export interface Copy {
  readonly snapshot: Pick<State, 'resume'>
  commit(events: readonly ParleyEvent[], resume: string | null): Promise<void>
}

/**
 * The server counts a resync by a token as if it had this many events of a thousand streams, and 50,000 objects are what an
 * operation may come to. A conversation with more is read on by the subscription, or by asking again.
 */
const eventsPerStream = 4

/** One answer with what was missed, as far as it goes; true: that was all. Rejects with a RequestError. */
export async function catchUpOnce(
  copy: Pick<Copy, 'snapshot'>,
  requests: Requests,
  commit: Copy['commit'],
  isWanted: () => boolean,
): Promise<boolean> {
  const { resume } = copy.snapshot
  if (resume === null) return true
  const { resync } = await requests.request(SyncResyncDocument, { resume, limit: eventsPerStream })
  if (!isWanted()) return false
  await commit(
    resync.streams.flatMap((stream) => stream.events),
    resync.resume,
  )
  return !resync.streams.some(({ hasMore }) => hasMore)
}
