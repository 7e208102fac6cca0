import { patched } from './equal.ts'
import type { ConversationState, Id, MemberState, MessageState, State, UserState } from './state.ts'
import { covers, mapMessages, messageAt, withMessage, withoutUpTo, type TimelineState } from './timeline.ts'
import { timelineOf } from './state.ts'

/** One conversation with its messages. */
export interface Copy {
  readonly conversation: ConversationState
  readonly timeline: TimelineState
  /** The conversation was made for this event and is nobody else's yet: it is changed in place, as a copy for each change is slow. */
  readonly isOwn?: true
}

export function copyOf(state: State, id: Id): Copy | null {
  const conversation = state.conversations.get(id)
  return conversation ? { conversation, timeline: timelineOf(state, id) } : null
}

export function withCopy(state: State, { conversation, timeline }: Copy): State {
  const { id } = conversation
  return patched(state, {
    conversations: state.conversations.with(id, conversation),
    ...((timeline.chunks.length > 0 || state.timelines.get(id)) && { timelines: state.timelines.with(id, timeline) }),
  })
}

export function withoutCopy(state: State, id: Id): State {
  return patched(state, {
    conversations: state.conversations.with(id, undefined),
    timelines: state.timelines.with(id, undefined),
  })
}

export function changed(copy: Copy, changes: Partial<ConversationState>): Copy {
  if (!copy.isOwn) return patched(copy, { conversation: patched(copy.conversation, changes) })
  Object.assign(copy.conversation, changes)
  return copy
}

export const withTimeline = (copy: Copy, timeline: TimelineState): Copy => patched(copy, { timeline })

export const needing = (copy: Copy, what: Partial<ConversationState['needs']>): Copy =>
  changed(copy, { needs: patched(copy.conversation.needs, what) })

/** What the server gives as a message, as it is kept: always with the same fields, which the engine is fast with. */
export const kept = (message: MessageState): MessageState => ({
  id: message.id,
  seq: message.seq,
  sender: message.sender,
  text: message.text,
  revision: message.revision,
  clientMessageId: message.clientMessageId,
  replyTo: message.replyTo && { id: message.replyTo.id, seq: message.replyTo.seq },
  replyCount: message.replyCount,
  mentions: message.mentions,
  mentionsEveryone: message.mentionsEveryone,
  reactions: message.reactions,
  attachments: message.attachments,
  createdAt: message.createdAt,
  editedAt: message.editedAt,
  deletedAt: message.deletedAt,
})

/**
 * What is kept when a message comes again: the later text, by its revision, and a deletion for good. Reactions and the number of
 * answers have no revision: those that are here are right as of the events that were applied, so they stay.
 */
export function later(held: MessageState | null, incoming: MessageState): MessageState {
  if (!held) return incoming
  // An event shows its conversation as it is by now: so the deletion of a group may be known before the edits that came first.
  if (held.deletedAt !== null) {
    const { revision, editedAt } = incoming
    return revision > held.revision ? { ...held, revision, editedAt } : held
  }
  if (incoming.deletedAt !== null) return incoming
  if (incoming.revision <= held.revision) return held
  return { ...incoming, reactions: held.reactions, replyCount: held.replyCount }
}

/** A message of which nothing is left but its place. */
export const tombstone = (message: MessageState, deletedAt: string): MessageState => ({
  ...message,
  text: null,
  mentions: [],
  mentionsEveryone: false,
  reactions: [],
  attachments: [],
  deletedAt: message.deletedAt ?? deletedAt,
})

const shownFrom = ({ entry }: ConversationState) => entry?.historyFromSeq ?? 0
const readUpTo = ({ entry }: ConversationState) => Math.max(entry?.lastReadSeq ?? 0, entry?.historyFromSeq ?? 0)

interface Counts {
  unread: number
  mentions: number
}

function counted(message: MessageState | null, viewerId: Id): Counts {
  if (!message || message.deletedAt !== null || message.sender.id === viewerId) return { unread: 0, mentions: 0 }
  const isMentioned = message.mentionsEveryone || message.mentions.some(({ id }) => id === viewerId)
  return { unread: 1, mentions: isMentioned ? 1 : 0 }
}

/**
 * Puts a message, and counts it when the unread ones are counted here: those up to `headSeq`, and one that arrives by its
 * event. What is newer than that, as from an answer, is counted when it arrives.
 */
export function put(copy: Copy, message: MessageState, viewerId: Id, isArriving = false): Copy {
  const { conversation, timeline } = copy
  const { seq } = message
  if (seq <= shownFrom(conversation)) return copy
  const before = messageAt(timeline, seq)
  const next = withTimeline(copy, withMessage(timeline, seq, message))
  const { entry } = conversation
  const isNew = seq > conversation.headSeq
  if (!entry || seq <= readUpTo(conversation) || (isNew && !isArriving)) return next
  const [old, now] = [counted(isNew ? null : before, viewerId), counted(message, viewerId)]
  if (old.unread === now.unread && old.mentions === now.mentions) return next
  // Of a message that was not here it is not known whether the server's count has it, unless it is newer than all.
  if (!entry.isCounted && !isNew) return needing(next, { entry: true })
  const updated = changed(next, {
    entry: {
      ...entry,
      unreadCount: entry.unreadCount + now.unread - old.unread,
      unreadMentionCount: entry.unreadMentionCount + now.mentions - old.mentions,
    },
  })
  return entry.isCounted ? updated : needing(updated, { entry: true })
}

/** Counts the unread messages, if all of them are here. */
export function recounted(copy: Copy, state: State): Copy {
  const { conversation, timeline } = copy
  const { entry, headSeq, fields } = conversation
  // In a support conversation the staff count as one, so that the rule is another for them.
  const byTheRule = fields.kind !== 'SUPPORT' || state.viewer?.user.role === 'USER'
  if (!entry) return copy
  const from = readUpTo(conversation)
  if (!byTheRule || !covers(timeline, from + 1, headSeq)) {
    return changed(copy, { entry: patched(entry, { isCounted: false }) })
  }
  let [unreadCount, unreadMentionCount] = [0, 0]
  for (let seq = from + 1; seq <= headSeq; seq++) {
    const { unread, mentions } = counted(messageAt(timeline, seq), state.viewerId)
    unreadCount += unread
    unreadMentionCount += mentions
  }
  const needs = patched(conversation.needs, { entry: false })
  return changed(copy, { entry: patched(entry, { unreadCount, unreadMentionCount, isCounted: true }), needs })
}

/** Moves the viewer's own read position, also as a member. */
export function ownRead(copy: Copy, lastReadSeq: number, state: State): Copy {
  const { entry } = copy.conversation
  const moved = withMember(copy, state.viewerId, { lastReadSeq })
  if (!entry || entry.lastReadSeq === lastReadSeq) return moved
  const next = recounted(changed(moved, { entry: { ...entry, lastReadSeq } }), state)
  return next.conversation.entry?.isCounted ? next : needing(next, { entry: true })
}

/** Changes what is known of a member; somebody of whom nothing is known needs `user`. */
export function withMember(copy: Copy, userId: Id, changes: Partial<MemberState> & { user?: UserState }): Copy {
  const { members } = copy.conversation
  const held = members.get(userId)
  if (!held && !changes.user) {
    const user = { id: userId, handle: '', displayName: '', avatarUrl: null }
    return withMember(copy, userId, { ...changes, user })
  }
  const none = { role: null, joinedAt: null, lastReadSeq: null, lastDeliveredSeq: null, hasLeft: false }
  const member = held ? patched(held, changes) : { ...none, ...changes, user: changes.user as UserState }
  return changed(copy, { members: members.with(userId, member) })
}

/** Drops what the viewer may not see any more. */
export function withheld(copy: Copy): Copy {
  const upTo = shownFrom(copy.conversation)
  const { lastMessage } = copy.conversation
  const pins = copy.conversation.pins.filter(({ seq }) => seq > upTo)
  const unpinned = pins.length === copy.conversation.pins.length ? copy : changed(copy, { pins })
  const next = withTimeline(unpinned, withoutUpTo(copy.timeline, upTo))
  return lastMessage && lastMessage.seq <= upTo ? changed(next, { lastMessage: null }) : next
}

/** The conversation was deleted with all its texts. */
export function buried(copy: Copy): Copy {
  const { deletedAt } = copy.conversation.fields
  if (deletedAt === null) return copy
  const bury = (message: MessageState) => ({ ...tombstone(message, deletedAt), replyCount: 0 })
  return withTimeline(changed(copy, { pins: [], replyCounts: {} }), mapMessages(copy.timeline, bury))
}

/** After all changes: what of the messages is kept with the conversation. */
export function settled(copy: Copy): Copy {
  const { headSeq } = copy.conversation
  const lastMessage = messageAt(copy.timeline, headSeq)
  return lastMessage ? changed(copy, { lastMessage }) : copy
}
