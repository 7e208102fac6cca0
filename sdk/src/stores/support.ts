import { SyncSupportEventsDocument, type SupportStatus } from '../generated/graphql.ts'
import type { Replica } from '../replica/replica.ts'
import type { ConversationState, Id, State } from '../replica/state.ts'
import type { Sync } from '../replica/sync.ts'
import { derived, sameList } from './derived.ts'
import type { Subscriber } from './people.ts'
import { Value, type Store } from './store.ts'

export interface SupportQueueSnapshot {
  /** In the order in which they are to be answered. */
  conversations: readonly ConversationState[]
  hasMore: boolean
  isLoading: boolean
  error: unknown
}

export interface SupportQueue extends Store<SupportQueueSnapshot> {
  readonly loadMore: () => Promise<void>
}

/** Open ones first; then what nobody has answered, the longest waiting first. */
function inQueue(
  { fields: a, lastActivityAt: aAt, id: aId }: ConversationState,
  { fields: b, lastActivityAt: bAt, id: bId }: ConversationState,
) {
  if (a.supportStatus !== b.supportStatus) return a.supportStatus === 'OPEN' ? -1 : 1
  if ((a.unansweredSince === null) !== (b.unansweredSince === null)) return a.unansweredSince === null ? 1 : -1
  const [first, second] = [a.unansweredSince ?? aAt, b.unansweredSince ?? bAt]
  if (first !== second) return first < second ? -1 : 1
  return aId < bId ? -1 : 1
}

/** Between two attempts of a queue that was refused, or could not be read. */
const [leastWaitMs, mostWaitMs] = [2_000, 30_000]

/** The queue of the support desk, for staff. It follows the desk's events as long as somebody looks. */
export function supportQueueStore(
  { replica, sync, connection, shown }: { replica: Replica; sync: Sync; connection: Subscriber; shown: Store<State> },
  status: SupportStatus | null,
): SupportQueue {
  const reading = new Value<{ isLoading: boolean; error: unknown; after: string | null | undefined }>({
    isLoading: false,
    error: null,
    after: undefined,
  })
  const store = derived(
    [shown, reading],
    (previous: SupportQueueSnapshot | undefined, state, { isLoading, error, after }) => {
      const all = [...state.conversations.values()].filter(
        ({ fields }) => fields.kind === 'SUPPORT' && (status === null || fields.supportStatus === status),
      )
      const conversations = sameList(previous?.conversations, all.sort(inQueue))
      const hasMore = after !== null
      const isSame =
        previous?.conversations === conversations &&
        previous.hasMore === hasMore &&
        previous.isLoading === isLoading &&
        previous.error === error
      return isSame ? previous : { conversations, hasMore, isLoading, error }
    },
  )

  async function loadMore(): Promise<void> {
    const { after, isLoading } = reading.getSnapshot()
    if (after === null || isLoading) return
    reading.set({ isLoading: true, error: null, after })
    try {
      const { pageInfo } = await sync.moreSupport(after ?? null, status)
      reading.set({ isLoading: false, error: null, after: pageInfo.hasNextPage ? pageInfo.endCursor : null })
    } catch (error) {
      reading.set({ isLoading: false, error, after })
      throw error
    }
  }

  /** A message of the user or an answer changes more of the conversation than its event says. */
  const changing = new Set<Id>()
  const readAgain = (id: Id) => {
    if (changing.has(id)) return
    changing.add(id)
    void sync
      .refreshSupport(id)
      .catch(() => undefined)
      .finally(() => changing.delete(id))
  }

  let count = 0
  let stop: () => void = () => undefined

  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  /** Whoever was refused, and is made staff meanwhile, does not have to sign in again; and the network comes back. */
  const again = (error: unknown) => {
    reading.set({ ...reading.getSnapshot(), error })
    stop()
    retry = setTimeout(begin, Math.min(mostWaitMs, leastWaitMs * 2 ** failures++))
  }

  function begin(): void {
    const isFirst = reading.getSnapshot().after === undefined
    let isOver = false
    const failed = (error: unknown) => {
      if (!isOver) again(error)
    }
    const variables = () => ({ resume: replica.snapshot.supportResume })
    const stopEvents = connection.subscribe(SyncSupportEventsDocument, variables, {
      next({ supportEvents: event }) {
        if (event.__typename === 'MessageSent') readAgain(event.cursor.streamId)
        if (event.resume) void replica.commitSupport([event], event.resume)
      },
      error: failed,
    })
    stop = () => {
      isOver = true
      clearTimeout(retry)
      stopEvents()
    }
    if (!isFirst) return
    void loadMore()
      .then(() => {
        failures = 0
        // Also the rest of the client is to know it.
        if (replica.snapshot.viewer?.user.role === 'USER') return sync.readViewer()
      })
      .catch(failed)
  }

  return {
    getSnapshot: store.getSnapshot,
    loadMore,
    subscribe(changed) {
      if (count++ === 0) begin()
      const leave = store.subscribe(changed)
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        leave()
        if (--count === 0) stop()
      }
    },
  }
}
