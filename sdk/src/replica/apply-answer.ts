import type {
  EntryFieldsFragment,
  SyncBlockedFragment,
  SyncConversationFragment,
  SyncEntriesQuery,
  SyncInboxQuery,
  SyncMembersQuery,
  SyncPageFragment,
  SyncSupportQueueQuery,
  SyncViewerQuery,
} from '../generated/graphql.ts'
import { withBlockedPage } from './blocks.ts'
import {
  buried,
  changed,
  copyOf,
  kept,
  later,
  needing,
  put,
  recounted,
  settled,
  withCopy,
  withMember,
  withoutCopy,
  withTimeline,
  type Copy,
} from './copy.ts'
import { equal, omit, patched } from './equal.ts'
import { fieldsOf, pinsOf } from './fields.ts'
import { emptyTimeline, messageAt, withRange } from './timeline.ts'
import type { EntryState, Id, MessageState, State } from './state.ts'
import { Table } from './table.ts'

type Cursor = { streamId: string; eventSeq: number; mark: string }
type MembersPage = NonNullable<SyncMembersQuery['conversation']>['members']

/** A conversation as it was read, with what else was read of it. */
export interface ConversationAnswer {
  conversation: SyncConversationFragment
  /** Null for staff who are not a member. */
  entry: EntryFieldsFragment | null
  /** Position of the personal stream, which is not newer than the entry. */
  personalSeq: number
  messages?: SyncPageFragment
  members?: MembersPage
}

/*
 * The rule of all answers: what is here is right as of the events that were applied, so it stays; what is not here is taken. Then it
 * does not matter which of an answer and an event comes first.
 */

/** A conversation that was read: takes it if it is not here, else what it has besides. */
export function applyConversation(state: State, answer: ConversationAnswer): State {
  const { conversation, personalSeq, messages, members } = answer
  const { id, cursor } = conversation
  const held = copyOf(state, id)
  if (held) {
    let copy = held
    if (messages) copy = withPage(copy, messages, state)
    if (members) copy = withMembers(copy, members, true)
    return withCopy(state, settled(copy))
  }
  const missed = state.missed[id]
  if (missed && (cursor.eventSeq < missed.eventSeq || personalSeq < missed.personalSeq)) return state
  const present = missed ? { ...state, missed: omit(state.missed, id) } : state
  return withCopy(present, taken(answer, state))
}

/** A conversation that was read to replace the copy, as after SnapshotRequired. */
export function replaceConversation(state: State, answer: ConversationAnswer): State {
  const { id } = answer.conversation
  const present = id in state.missed ? { ...state, missed: omit(state.missed, id) } : state
  return withCopy(withoutCopy(present, id), taken(answer, state))
}

/** The fields of a conversation that is here, unless events came after this answer. */
export function refreshFields(state: State, conversation: SyncConversationFragment): State {
  const copy = copyOf(state, conversation.id)
  if (!copy || conversation.cursor.eventSeq < copy.conversation.cursor.eventSeq) return state
  const fields = patched(copy.conversation.fields, fieldsOf(conversation, copy.conversation.fields))
  return withCopy(state, changed(copy, { fields }))
}

/** The viewer may not see it (any more). */
export function applyAbsence(state: State, id: Id): State {
  const present = id in state.missed ? { ...state, missed: omit(state.missed, id) } : state
  return withoutCopy(present, id)
}

function taken(answer: ConversationAnswer, state: State): Copy {
  const { conversation, entry, personalSeq, messages, members } = answer
  const { id, cursor, headSeq, lastActivityAt, memberCount, readByAllSeq, deliveredToAllSeq } = conversation
  let copy: Copy = {
    conversation: {
      id,
      fields: fieldsOf(conversation),
      pins: pinsOf(conversation),
      headSeq,
      arrivedSeq: 0,
      lastActivityAt,
      memberCount,
      readByAllSeq,
      deliveredToAllSeq,
      cursor: { eventSeq: cursor.eventSeq, mark: cursor.mark },
      entry: entry && entryOf(entry),
      pagesFrom: cursor.eventSeq,
      entryAsOf: personalSeq,
      ownAsOf: cursor.eventSeq,
      ownMovedAt: cursor.eventSeq,
      members: Table.empty,
      membersAfter: undefined,
      lastMessage: null,
      replyCounts: {},
      needs: { entry: false, members: false, whole: false },
    },
    timeline: emptyTimeline,
  }
  if (messages) copy = withPage(copy, messages, state)
  if (members) copy = withMembers(copy, members, true)
  return settled(recounted(copy, state))
}

const entryOf = (entry: EntryFieldsFragment): EntryState => ({
  ...omit(entry as EntryFieldsFragment & { conversation?: unknown }, '__typename', 'conversation'),
  isCounted: false,
})

/** A page of messages: fills the holes that it covers. */
export function applyPage(state: State, id: Id, page: SyncPageFragment): State {
  const copy = copyOf(state, id)
  return copy ? withCopy(state, settled(withPage(copy, page, state))) : state
}

/** Whether a page is too old to be taken: what it shows may be gone. It has to be read again. */
export const isStale = (state: State, id: Id, { cursor }: { cursor: Cursor }): boolean =>
  cursor.eventSeq < (state.conversations.get(id)?.pagesFrom ?? 0)

function withPage(copy: Copy, page: SyncPageFragment, state: State): Copy {
  const { nodes, pageInfo, cursor } = page
  if (cursor.eventSeq < copy.conversation.pagesFrom) return copy
  let next = copy
  for (const node of nodes) {
    if (node.replyTo) next = filled(next, kept(node.replyTo), state)
    next = filled(next, kept(node), state)
  }
  const [first, last] = [nodes[0], nodes.at(-1)]
  if (!first || !last) return next
  const from = pageInfo.hasPreviousPage ? first.seq : 1
  const shownFrom = (copy.conversation.entry?.historyFromSeq ?? 0) + 1
  next = withTimeline(next, withRange(next.timeline, Math.max(from, shownFrom), last.seq))
  if (next.conversation.fields.deletedAt !== null) next = buried(next)
  const isNewer = last.seq > next.conversation.headSeq
  if (isNewer) next = changed(next, { headSeq: last.seq })
  if (next.conversation.entry?.isCounted && !isNewer) return next
  next = recounted(next, state)
  return isNewer && !next.conversation.entry?.isCounted ? needing(next, { entry: true }) : next
}

/** Puts a message where none is. */
function filled(copy: Copy, message: MessageState, { viewerId }: State): Copy {
  const { seq } = message
  const { replyCounts } = copy.conversation
  if (messageAt(copy.timeline, seq)) return copy
  const replyCount = replyCounts[seq]
  if (replyCount === undefined) return put(copy, message, viewerId)
  return put(changed(copy, { replyCounts: omit(replyCounts, seq) }), { ...message, replyCount }, viewerId)
}

/** A message that an answer to a write, or a search, has: also newer than the one that is here. */
export function applyMessage(state: State, conversationId: Id, message: MessageState): State {
  const copy = copyOf(state, conversationId)
  if (!copy || copy.conversation.fields.deletedAt !== null) return state
  const held = messageAt(copy.timeline, message.seq)
  const next = held ? put(copy, later(held, kept(message)), state.viewerId) : filled(copy, kept(message), state)
  return withCopy(state, settled(next))
}

/** A page of members. `isFirst`: from the beginning. */
export function applyMembers(state: State, id: Id, page: MembersPage, isFirst: boolean): State {
  const copy = copyOf(state, id)
  return copy ? withCopy(state, withMembers(copy, page, isFirst)) : state
}

function withMembers(copy: Copy, { nodes, pageInfo }: MembersPage, isFirst: boolean): Copy {
  let next = copy
  for (const { user, role, joinedAt, lastReadSeq, lastDeliveredSeq } of nodes) {
    const held = next.conversation.members.get(user.id)
    next = withMember(next, user.id, {
      user: held && equal(held.user, user) ? held.user : user,
      role: held?.role ?? role,
      joinedAt: held?.joinedAt ?? joinedAt,
      lastReadSeq: held?.lastReadSeq ?? lastReadSeq,
      lastDeliveredSeq: held?.lastDeliveredSeq ?? lastDeliveredSeq,
    })
  }
  const { membersAfter } = next.conversation
  const after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  // A first page that is read again does not take back what was read after it.
  if (isFirst && membersAfter !== undefined) return needing(next, { members: false })
  return changed(needing(next, { members: false }), { membersAfter: after })
}

/** A page of the inbox; the first one gives a state without a position its position. */
export function applyInboxPage(state: State, { inbox }: SyncInboxQuery): State {
  const { resume, cursor, nodes, pageInfo } = inbox
  const place =
    state.resume === null
      ? { resume, personalId: cursor.streamId, personalSeq: cursor.eventSeq }
      : { personalId: cursor.streamId }
  let next = patched(state, { ...place, inboxAfter: pageInfo.hasNextPage ? pageInfo.endCursor : null })
  for (const { conversation, ...entry } of nodes) {
    const { messages } = conversation
    const answer = { conversation: omit(conversation, 'messages'), entry, personalSeq: cursor.eventSeq, messages }
    next = applyConversation(next, answer)
  }
  return next
}

/** A page of the queue of the support desk. */
export function applySupportPage(state: State, { supportQueue }: SyncSupportQueueQuery): State {
  let next = state.supportResume === null ? { ...state, supportResume: supportQueue.resume } : state
  for (const node of supportQueue.nodes) {
    const conversation = omit(node, 'messages', 'viewerEntry')
    // Whoever is a member has it from their inbox.
    if (node.viewerEntry === null || next.conversations.get(node.id)) {
      next = applyConversation(next, { conversation, entry: null, personalSeq: 0, messages: node.messages })
    }
  }
  return next
}

/** Entries that were asked for because their counts could not be counted here. */
export function applyEntries(state: State, { nodes }: SyncEntriesQuery): State {
  let next = state
  for (const node of nodes) {
    if (node?.__typename !== 'InboxEntry') continue
    const copy = copyOf(next, node.conversation.id)
    const entry = copy?.conversation.entry
    if (!copy || !entry) continue
    const isCurrent = node.conversation.cursor.eventSeq >= copy.conversation.cursor.eventSeq
    if (!isCurrent) continue
    const { unreadCount, unreadMentionCount } = node
    const asked = entry.isCounted ? entry : patched(entry, { unreadCount, unreadMentionCount })
    next = withCopy(next, needing(changed(copy, { entry: asked }), { entry: false }))
  }
  return next
}

/** A page of whom the viewer has blocked; `after` is where it was read from. */
export function applyBlocked(state: State, page: SyncBlockedFragment, after: string | undefined): State {
  const { blocks } = state
  // Read twice, as by two calls at once: the second one has nothing new.
  return blocks.after === after ? { ...state, blocks: withBlockedPage(blocks, page) } : state
}

export function applyViewer(state: State, { viewer }: SyncViewerQuery): State {
  const { user, settings, unreadConversationCount, unansweredCount, blockedUsers, cursor } = viewer
  const asked = { user, settings, unreadConversationCount, unansweredCount }
  return patched(applyBlocked(state, blockedUsers, undefined), {
    viewerId: user.id,
    viewer: equal(state.viewer, asked) ? state.viewer : asked,
    personalId: cursor.streamId,
  })
}
