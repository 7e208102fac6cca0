import type { InboxFilter } from '../generated/graphql.ts'
import type { ConversationState, EntryState, Id, State } from '../replica/state.ts'
import { derived, sameList } from './derived.ts'
import type { Store } from './store.ts'

/** One conversation in a list. The same object until something of it has changed. */
export interface InboxItem {
  id: Id
  conversation: ConversationState
  entry: EntryState
}

export interface InboxSnapshot {
  /** Pinned ones first, then those with the newest activity. */
  items: readonly InboxItem[]
  /** The whole inbox is here; until then it is being read. */
  isComplete: boolean
}

const isMuted = ({ mutedUntil }: EntryState, nowMs: number) => mutedUntil !== null && Date.parse(mutedUntil) > nowMs

const fits: Record<InboxFilter, (entry: EntryState) => boolean> = {
  ALL: () => true,
  ACTIVE: ({ archived }) => !archived,
  ARCHIVED: ({ archived }) => archived,
  UNREAD: ({ unreadCount }) => unreadCount > 0,
  MENTIONED: ({ unreadMentionCount }) => unreadMentionCount > 0,
  // Not in the copy: RequestsDocument asks for them.
  REQUESTS: () => false,
}

const inOrder = (a: InboxItem, b: InboxItem): number => {
  if (a.entry.pinned !== b.entry.pinned) return a.entry.pinned ? -1 : 1
  const [first, second] = [a.conversation.lastActivityAt, b.conversation.lastActivityAt]
  if (first !== second) return first > second ? -1 : 1
  return a.id < b.id ? 1 : -1
}

export function inboxStore(state: Store<State>, filter: InboxFilter): Store<InboxSnapshot> {
  const known = new WeakMap<ConversationState, InboxItem>()
  return derived([state], (previous, { conversations, inboxAfter }) => {
    const items: InboxItem[] = []
    for (const conversation of conversations.values()) {
      const { entry, id } = conversation
      if (!entry || entry.hidden || !fits[filter](entry)) continue
      const item = known.get(conversation) ?? { id, conversation, entry }
      known.set(conversation, item)
      items.push(item)
    }
    const isComplete = inboxAfter === null
    const list = sameList(previous?.items, items.sort(inOrder))
    return previous && list === previous.items && isComplete === previous.isComplete
      ? previous
      : { items: list, isComplete }
  })
}

export interface Unread {
  /** Conversations with unread messages, without muted and archived ones. */
  conversationCount: number
  messageCount: number
  mentionCount: number
}

/** For a badge. Until the whole inbox is here the number of conversations is the server's. */
export function unreadStore(state: Store<State>): Store<Unread> {
  return derived([state], (previous, { conversations, inboxAfter, viewer }) => {
    const nowMs = Date.now()
    const next = { conversationCount: 0, messageCount: 0, mentionCount: 0 }
    for (const { entry } of conversations.values()) {
      if (!entry || entry.hidden || entry.archived || entry.unreadCount === 0) continue
      next.mentionCount += entry.unreadMentionCount
      if (isMuted(entry, nowMs)) continue
      next.conversationCount++
      next.messageCount += entry.unreadCount
    }
    if (inboxAfter !== null) next.conversationCount = viewer?.unreadConversationCount ?? next.conversationCount
    const isSame =
      previous?.conversationCount === next.conversationCount &&
      previous.messageCount === next.messageCount &&
      previous.mentionCount === next.mentionCount
    return isSame ? previous : next
  })
}
