import { createContext, use, useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Store } from '@parley/client'
import type { Chat } from './chat.ts'
import type { InboxFilter, PresenceState } from './types.ts'

const Context = createContext<Chat | null>(null)
export const ChatProvider = Context

export function useChat(): Chat {
  const chat = use(Context)
  if (!chat) throw new Error('useChat needs a ChatProvider above it')
  return chat
}

export function useStore<T>(store: Store<T>): T {
  // The same functions for the same store: with others React leaves it and comes back at each rendering.
  const subscribe = useCallback((changed: () => void) => store.subscribe(changed), [store])
  const getSnapshot = useCallback(() => store.getSnapshot(), [store])
  return useSyncExternalStore(subscribe, getSnapshot)
}

export function useInboxView(filter: InboxFilter) {
  const chat = useChat()
  return useMemo(() => chat.inbox(filter), [chat, filter])
}
export function useSupportQueueView(status: 'OPEN' | 'RESOLVED' | null) {
  const chat = useChat()
  return useMemo(() => chat.supportQueue(status), [chat, status])
}
export function useTimelineView(id: string) {
  const chat = useChat()
  return useMemo(() => chat.timeline(id), [chat, id])
}
export function useConversation(id: string) {
  const { conversation, isLoading, error } = useStore(useTimelineView(id))
  return { conversation, isMissing: !conversation && !isLoading && error === null }
}
export function useMembersOf(id: string) {
  const chat = useChat()
  const store = useMemo(() => chat.members(id), [chat, id])
  return { ...useStore(store), loadMore: () => void store.loadMore().catch(() => undefined) }
}
export function useTypingOf(id: string) {
  const chat = useChat()
  return useMemo(() => chat.typing(id), [chat, id])
}
/** The ids of those whom the viewer has blocked. */
export function useBlockedIds(): ReadonlySet<string> {
  const { users } = useStore(useChat().blocked)
  return useMemo(() => new Set(users.map(({ id }) => id)), [users])
}
/** Of whoever is on the screen. */
export function usePresenceOf(userIds: readonly string[]) {
  const chat = useChat()
  const key = userIds.join()
  const presence = useStore(useMemo(() => chat.presence(key === '' ? [] : key.split(',')), [chat, key]))
  return (userId: string | undefined): PresenceState | null =>
    userId === undefined ? null : (presence[userId] ?? null)
}
