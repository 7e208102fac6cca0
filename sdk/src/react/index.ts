import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useMemo,
  useSyncExternalStore,
  type ReactNode,
} from 'react'
import type { SyncState } from '../feed/feed.ts'
import type { InboxFilter, SupportStatus } from '../generated/graphql.ts'
import type { Operation } from '../outbox/operations.ts'
import type { Id, UserState, ViewerState } from '../replica/state.ts'
import type { BlockedSnapshot, SessionsSnapshot } from '../stores/account.ts'
import type { Chat, OutgoingMessage } from '../stores/chat.ts'
import type { InboxSnapshot, Unread } from '../stores/inbox.ts'
import type { MembersSnapshot, PresenceState, ReceiptsSnapshot } from '../stores/people.ts'
import type { Store } from '../stores/store.ts'
import type { SupportQueueSnapshot } from '../stores/support.ts'
import type { TimelineSnapshot } from '../stores/timeline.ts'

/** What the hooks need of a client: createParley gives it. */
export type ParleyForReact = Pick<
  Chat,
  | 'inbox'
  | 'timeline'
  | 'members'
  | 'receipts'
  | 'typing'
  | 'presence'
  | 'supportQueue'
  | 'viewer'
  | 'unread'
  | 'blocked'
  | 'sessions'
  | 'block'
  | 'unblock'
  | 'send'
  | 'edit'
  | 'delete'
  | 'react'
  | 'markRead'
  | 'setTyping'
  | 'retry'
  | 'drop'
> & { outbox: { operations: Store<readonly Operation[]> }; syncState: Store<SyncState> }

const Context = createContext<ParleyForReact | null>(null)

export function ParleyProvider({ client, children }: { client: ParleyForReact; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client }, children)
}

/** The client itself. Throws outside of a ParleyProvider. */
export function useParley(): ParleyForReact {
  const client = useContext(Context)
  if (!client) throw new Error('useParley and the other hooks of Parley need a <ParleyProvider client={…}> above them')
  return client
}

/** Any store. `empty` is what a server renders, and a browser first: both have to be the same. */
export function useStore<T>(store: Store<T>, empty: T): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, () => empty)
}

const emptyInbox: InboxSnapshot = { items: [], isComplete: false }
const emptyTimeline: TimelineSnapshot = {
  conversation: null,
  items: [],
  hasOlder: false,
  hasNewer: false,
  isLoading: false,
  error: null,
}
const noOne: readonly UserState[] = []
const noPresence: Readonly<Record<Id, PresenceState>> = {}
const noUnread: Unread = { conversationCount: 0, messageCount: 0, mentionCount: 0 }
const emptyQueue: SupportQueueSnapshot = { conversations: [], hasMore: false, isLoading: false, error: null }
const noMembers: MembersSnapshot = { members: [], isComplete: false }
const noReceipts: ReceiptsSnapshot = { readByAllSeq: 0, deliveredToAllSeq: 0, members: [] }
const noBlocked: BlockedSnapshot = { users: [], isComplete: false }
const noSessions: SessionsSnapshot = { sessions: [], isLoading: false, error: null }
const noOperations: readonly Operation[] = []

export function useInbox({ filter = 'ACTIVE' }: { filter?: InboxFilter } = {}) {
  const inbox = useParley().inbox({ filter })
  const snapshot = useStore(inbox, emptyInbox)
  return useMemo(() => ({ ...snapshot, loadMore: inbox.loadMore }), [snapshot, inbox])
}

/** The messages of a conversation, with what is not sent yet at their end. */
export function useTimeline(conversationId: Id) {
  const timeline = useParley().timeline(conversationId)
  const snapshot = useStore(timeline, emptyTimeline)
  return useMemo(() => {
    const { loadOlder, loadNewer, loadGap, jumpTo } = timeline
    return { ...snapshot, loadOlder, loadNewer, loadGap, jumpTo }
  }, [snapshot, timeline])
}

/** Sends to a conversation; in the timeline at once. */
export function useSend(conversationId: Id) {
  const client = useParley()
  return useCallback(
    (message: string | Omit<OutgoingMessage, 'conversationId'>) =>
      client.send({ conversationId, ...(typeof message === 'string' ? { text: message } : message) }),
    [client, conversationId],
  )
}

/** Presence of these people by id, as long as they are on the screen. */
export function usePresence(userIds: readonly Id[]) {
  return useStore(useParley().presence(userIds), noPresence)
}

/** Who else types, and a function to call at each key. */
export function useTyping(conversationId: Id) {
  const client = useParley()
  const users = useStore(client.typing(conversationId), noOne)
  const setTyping = useCallback(
    (typing: boolean) => void client.setTyping(conversationId, typing),
    [client, conversationId],
  )
  return useMemo(() => ({ users, setTyping }), [users, setTyping])
}

export function useMembers(conversationId: Id) {
  const members = useParley().members(conversationId)
  const snapshot = useStore(members, noMembers)
  return useMemo(() => ({ ...snapshot, loadMore: members.loadMore }), [snapshot, members])
}

export function useReceipts(conversationId: Id) {
  return useStore(useParley().receipts(conversationId), noReceipts)
}

export function useUnread(): Unread {
  return useStore(useParley().unread, noUnread)
}

export function useSupportQueue({ status = null }: { status?: SupportStatus | null } = {}) {
  const queue = useParley().supportQueue({ status })
  const snapshot = useStore(queue, emptyQueue)
  return useMemo(() => ({ ...snapshot, loadMore: queue.loadMore }), [snapshot, queue])
}

export function useViewer(): ViewerState | null {
  return useStore<ViewerState | null>(useParley().viewer, null)
}

/** Whom the viewer has blocked; to block somebody is a call of the client. */
export function useBlocked() {
  const client = useParley()
  const snapshot = useStore(client.blocked, noBlocked)
  return useMemo(
    () => ({ ...snapshot, block: (id: Id) => client.block(id), unblock: (id: Id) => client.unblock(id) }),
    [snapshot, client],
  )
}

/** Where the viewer is signed in. */
export function useSessions() {
  const { sessions } = useParley()
  const snapshot = useStore(sessions, noSessions)
  return useMemo(() => ({ ...snapshot, load: sessions.load, revoke: sessions.revoke }), [snapshot, sessions])
}

/** LIVE, CATCHING_UP or OFFLINE. */
export function useSyncState(): SyncState {
  return useStore<SyncState>(useParley().syncState, 'OFFLINE')
}

/** What is not sent, or was refused. */
export function useOutbox(): readonly Operation[] {
  return useStore(useParley().outbox.operations, noOperations)
}
