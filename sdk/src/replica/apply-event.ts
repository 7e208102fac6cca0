import { withBlock } from './blocks.ts'
import {
  buried,
  changed,
  copyOf,
  kept,
  later,
  needing,
  ownRead,
  put,
  recounted,
  settled,
  tombstone,
  withCopy,
  withheld,
  withMember,
  withoutCopy,
  withTimeline,
  type Copy,
} from './copy.ts'
import { equal, omit, patched } from './equal.ts'
import { fieldsOf, pinsOf } from './fields.ts'
import type { Id, MessageState, ParleyEvent, State } from './state.ts'
import { mapMessages, messageAt, withMessage, withRange } from './timeline.ts'

type Of<Name extends ParleyEvent['__typename']> = Extract<ParleyEvent, { __typename?: Name }>
type OfConversation = Exclude<ParleyEvent, Of<'InboxEntryChanged'> | Of<'SnapshotRequired'> | Of<'BlockChanged'>>

/**
 * What an event does to a copy, as the protocol's table says it. Pure: gives the same state when nothing changes, as for an event
 * that the copy has already, and otherwise one that shares all else with the state before. Events of a stream are to be given
 * in its order; a gap makes the conversation one that has to be read anew (`needs`).
 */
export function applyEvent(state: State, event: ParleyEvent): State {
  if (event.__typename === 'SnapshotRequired') return snapshotRequired(state, event.streamId)
  if (event.__typename === 'InboxEntryChanged') return entryChanged(state, event)
  if (event.__typename === 'BlockChanged') return blockChanged(state, event)
  const { streamId, eventSeq, mark } = event.cursor
  const copy = copyOf(state, streamId)
  if (!copy) return missed(state, streamId, { eventSeq })
  const at = copy.conversation.cursor.eventSeq
  if (eventSeq <= at) return state
  if (event.__typename === 'MemberLeft' && event.user.id === state.viewerId) {
    // They may be back already, or be so in a page that was read before.
    return missed(withoutCopy(state, streamId), streamId, { eventSeq })
  }
  const conversation = { ...copy.conversation, cursor: { eventSeq, mark } }
  const arrived: Copy = { conversation, timeline: copy.timeline, isOwn: true }
  const next = inConversation(eventSeq > at + 1 ? needing(arrived, { whole: true }) : arrived, event, state)
  return withCopy(state, settled(next))
}

/** Applies several, in their order. */
export const applyEvents = (state: State, events: Iterable<ParleyEvent>): State => {
  let next = state
  for (const event of events) next = applyEvent(next, event)
  return next
}

function snapshotRequired(state: State, streamId: Id): State {
  const copy = copyOf(state, streamId)
  if (copy) return withCopy(state, needing(copy, { whole: true }))
  // Of the personal stream: the whole inbox is read anew, by whoever keeps the copy.
  return streamId === state.personalId ? state : missed(state, streamId, {})
}

function blockChanged(state: State, { cursor, user, blocked }: Of<'BlockChanged'>): State {
  const { streamId, eventSeq } = cursor
  if (eventSeq <= state.personalSeq) return state
  return {
    ...state,
    personalId: streamId,
    personalSeq: eventSeq,
    blocks: withBlock(state.blocks, userOf(user), blocked),
  }
}

/** Of a conversation that is not here, from now on only what is newer than this event may be taken. */
function missed(state: State, id: Id, event: { eventSeq?: number; personalSeq?: number }): State {
  const before = state.missed[id] ?? { eventSeq: 0, personalSeq: 0 }
  const after = {
    eventSeq: Math.max(before.eventSeq, event.eventSeq ?? 0),
    personalSeq: Math.max(before.personalSeq, event.personalSeq ?? 0),
  }
  return id in state.missed && equal(before, after) ? state : { ...state, missed: { ...state.missed, [id]: after } }
}

function entryChanged(state: State, { cursor, conversationId, entry }: Of<'InboxEntryChanged'>): State {
  const { streamId, eventSeq } = cursor
  if (eventSeq <= state.personalSeq) return state
  const at = { ...state, personalId: streamId, personalSeq: eventSeq }
  const copy = copyOf(state, conversationId)
  if (copy && eventSeq <= copy.conversation.entryAsOf) return at
  if (!entry || !copy) return missed(withoutCopy(at, conversationId), conversationId, { personalSeq: eventSeq })
  const { ownMovedAt, ownAsOf, entry: before } = copy.conversation
  const { conversation } = entry
  const fields = omit(entry, 'conversation', '__typename')
  const asOf = conversation.cursor.eventSeq
  const lastReadSeq = before && asOf < ownMovedAt ? before.lastReadSeq : fields.lastReadSeq
  const next = { ...fields, lastReadSeq, isCounted: false }
  const updated = withMember(
    changed(copy, {
      entry: before && equal({ ...before, isCounted: false }, next) ? before : next,
      entryAsOf: eventSeq,
      ownAsOf: Math.max(asOf, ownAsOf),
    }),
    state.viewerId,
    { lastReadSeq },
  )
  return withCopy(at, settled(recounted(withheld(updated), state)))
}

function inConversation(copy: Copy, event: OfConversation, state: State): Copy {
  const { viewerId } = state
  switch (event.__typename) {
    case 'MessageSent':
      return sent(copy, event, state)
    case 'MessageEdited':
      return put(copy, later(heldOf(copy, event), kept(event.message)), viewerId)
    case 'ReactionToggled': {
      const message = kept(event.message)
      const merged = later(heldOf(copy, event), message)
      if (merged.deletedAt !== null || equal(merged.reactions, message.reactions)) return put(copy, merged, viewerId)
      return put(copy, { ...merged, reactions: message.reactions }, viewerId)
    }
    case 'MessageDeleted': {
      const { seq, deletedAt } = event.message
      const gone = tombstone(kept(event.message), deletedAt ?? event.occurredAt)
      const pins = copy.conversation.pins.filter((pin) => pin.seq !== seq)
      const unpinned = pins.length === copy.conversation.pins.length ? copy : changed(copy, { pins })
      return answersCounted(put(unpinned, later(heldOf(copy, event), gone), viewerId), event.message)
    }
    case 'ReceiptAdvanced':
      return receipts(copy, event, state)
    case 'MemberJoined': {
      const { headSeq, arrivedSeq } = copy.conversation
      const { memberCount, readByAllSeq, deliveredToAllSeq } = event.conversation
      const [user, joinedAt] = [userOf(event.user), event.occurredAt]
      // Everything so far is read. Which message was the newest then is known from the last one that came.
      const upTo = headSeq === 0 || arrivedSeq > 0 ? arrivedSeq : null
      const positions = { lastReadSeq: upTo, lastDeliveredSeq: upTo }
      const joined = withMember(copy, user.id, { user, role: 'MEMBER', joinedAt, ...positions, hasLeft: false })
      const next = changed(joined, { memberCount, readByAllSeq, deliveredToAllSeq })
      return upTo === null ? needing(next, { members: true }) : next
    }
    case 'MemberLeft': {
      const { memberCount, readByAllSeq, deliveredToAllSeq } = event.conversation
      const left = withMember(copy, event.user.id, { user: userOf(event.user), hasLeft: true })
      return changed(left, { memberCount, readByAllSeq, deliveredToAllSeq })
    }
    case 'ConversationUpdated':
      return updated(copy, event, state)
    case 'UserErased':
      return erased(copy, event.user.id, event.occurredAt, state)
    default:
      // Of a newer server: what it does to the copy is not known here, so the copy is read anew.
      return needing(copy, { whole: true })
  }
}

const heldOf = ({ timeline }: Copy, { message }: { message: { seq: number } }) => messageAt(timeline, message.seq)

const userOf = ({ id, handle, displayName, avatarUrl }: MessageState['sender']) => ({
  id,
  handle,
  displayName,
  avatarUrl,
})

function sent(copy: Copy, event: Of<'MessageSent'>, state: State): Copy {
  const message = kept(event.message)
  const { seq, sender, createdAt } = message
  const { readByAllSeq, deliveredToAllSeq } = event.message.conversation
  const isOwn = sender.id === state.viewerId
  const there = put(copy, later(heldOf(copy, event), message), state.viewerId, true)
  const isShown = seq > (copy.conversation.entry?.historyFromSeq ?? 0)
  const inRange = isShown ? withTimeline(there, withRange(there.timeline, seq, seq)) : there
  const { headSeq, lastActivityAt, members, ownAsOf } = inRange.conversation
  const moved = changed(inRange, {
    headSeq: Math.max(headSeq, seq),
    arrivedSeq: seq,
    lastActivityAt: createdAt > lastActivityAt ? createdAt : lastActivityAt,
    readByAllSeq,
    deliveredToAllSeq,
  })
  const counted = answersCounted(moved, event.message)
  if (isOwn) {
    const delivered = withMember(counted, sender.id, { user: sender, lastDeliveredSeq: seq })
    const { eventSeq } = event.cursor
    if (eventSeq <= ownAsOf) return delivered
    return changed(ownRead(delivered, seq, state), { ownAsOf: eventSeq, ownMovedAt: eventSeq })
  }
  const held = members.get(sender.id)
  // With read receipts off the position stays 0, and the event does not say whether they are.
  const isUnclear = held?.lastReadSeq === 0 && (held.lastDeliveredSeq ?? 0) > 0
  const lastReadSeq = isUnclear ? null : seq
  const known = withMember(counted, sender.id, { user: sender, lastReadSeq, lastDeliveredSeq: seq })
  return isUnclear ? needing(known, { members: true }) : known
}

/** Takes over how many answers the answered message has now. */
function answersCounted(copy: Copy, { replyTo }: Pick<Of<'MessageDeleted'>['message'], 'replyTo'>): Copy {
  if (!replyTo) return copy
  const { seq, replyCount } = replyTo
  const held = messageAt(copy.timeline, seq)
  if (held) return withTimeline(copy, withMessage(copy.timeline, seq, patched(held, { replyCount })))
  return changed(copy, { replyCounts: { ...copy.conversation.replyCounts, [seq]: replyCount } })
}

function receipts(copy: Copy, event: Of<'ReceiptAdvanced'>, state: State): Copy {
  const { eventSeq } = event.cursor
  const { readByAllSeq, deliveredToAllSeq } = event.conversation
  let next = changed(copy, { readByAllSeq, deliveredToAllSeq })
  for (const { user, lastReadSeq, lastDeliveredSeq } of event.receipts) {
    if (user.id !== state.viewerId) next = withMember(next, user.id, { lastReadSeq, lastDeliveredSeq })
    else {
      next = withMember(next, user.id, { lastDeliveredSeq })
      if (event.gathered || eventSeq <= next.conversation.ownAsOf) continue
      next = changed(ownRead(next, lastReadSeq, state), { ownAsOf: eventSeq, ownMovedAt: eventSeq })
    }
  }
  return next
}

function updated(copy: Copy, event: Of<'ConversationUpdated'>, state: State): Copy {
  const { conversation } = event
  const { headSeq, lastActivityAt, pins, entry } = copy.conversation
  const { memberCount, readByAllSeq, deliveredToAllSeq } = conversation
  const nowPinned = pinsOf(conversation, entry?.historyFromSeq)
  let next = changed(copy, {
    fields: patched(copy.conversation.fields, fieldsOf(conversation, copy.conversation.fields)),
    pins: equal(pins, nowPinned) ? pins : nowPinned,
    memberCount,
    readByAllSeq,
    deliveredToAllSeq,
    headSeq: Math.max(headSeq, conversation.headSeq),
    lastActivityAt: conversation.lastActivityAt > lastActivityAt ? conversation.lastActivityAt : lastActivityAt,
  })
  for (const { user, role } of event.changedMembers) next = withMember(next, user.id, { role })
  return conversation.deletedAt === null ? next : recounted(buried(next), state)
}

function erased(copy: Copy, userId: Id, at: string, state: State): Copy {
  const empty = (message: MessageState) => (message.sender.id === userId ? tombstone(message, at) : message)
  const next = withTimeline(copy, mapMessages(copy.timeline, empty))
  // Also the person's reactions, pins and mentions are gone, and counts fell: nothing says how far.
  const anew = needing(recounted(next, state), { whole: true })
  return changed(anew, { pagesFrom: copy.conversation.cursor.eventSeq })
}
