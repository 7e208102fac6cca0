import { SyncResyncDocument } from '../generated/graphql.ts'
import type { ParleyEvent, State } from '../replica/state.ts'
import type { Requests } from '../requests/requests.ts'

/** The copy that is kept up. */
export interface Copy {
  readonly snapshot: Pick<State, 'resume'>
  commit(events: readonly ParleyEvent[], resume: string | null): Promise<void>
}

const eventsPerStream = 500

/** All that was missed, in as few answers as there can be. Rejects with a RequestError. */
export async function catchUp(
  copy: Pick<Copy, 'snapshot'>,
  requests: Requests,
  commit: Copy['commit'],
  isWanted: () => boolean,
): Promise<void> {
  for (;;) {
    const before = copy.snapshot.resume
    if (before === null) return
    const { resync } = await requests.request(SyncResyncDocument, { resume: before, limit: eventsPerStream })
    if (!isWanted()) return
    await commit(
      resync.streams.flatMap((stream) => stream.events),
      resync.resume,
    )
    if (!resync.streams.some(({ hasMore }) => hasMore)) return
  }
}
