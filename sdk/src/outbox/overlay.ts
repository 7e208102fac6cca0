import { changed, copyOf, ownRead, put, settled, tombstone, withCopy, type Copy } from '../replica/copy.ts'
import type { Id, MessageState, ReactionState, State } from '../replica/state.ts'
import { messageAt } from '../replica/timeline.ts'
import { pendingId, type EditOperation, type Operation, type ReactOperation, type SendOperation } from './operations.ts'

/** Keeps what was computed for a conversation as long as it and its operations are the same. */
export type OverlayCache = Map<Id, { held: Copy; operations: readonly Operation[]; shown: Copy }>

/** The state as the person sees it: with what they have done and the server has not confirmed yet. */
export function overlaid(state: State, operations: readonly Operation[], cache: OverlayCache): State {
  const byConversation = new Map<Id, Operation[]>()
  for (const operation of operations) {
    if (operation.kind === 'SEND' || operation.state === 'REFUSED') continue
    const own = byConversation.get(operation.conversationId)
    if (own) own.push(operation)
    else byConversation.set(operation.conversationId, [operation])
  }
  for (const id of cache.keys()) if (!byConversation.has(id)) cache.delete(id)
  let shown = state
  for (const [id, own] of byConversation) {
    const held = copyOf(state, id)
    if (!held) continue
    const known = cache.get(id)
    const isKnown =
      known?.held.conversation === held.conversation &&
      known.held.timeline === held.timeline &&
      known.operations.length === own.length &&
      own.every((operation, index) => operation === known.operations[index])
    const copy = isKnown ? known.shown : settled(own.reduce((next, operation) => apply(next, operation, state), held))
    cache.set(id, { held, operations: own, shown: copy })
    shown = withCopy(shown, copy)
  }
  return shown
}

function apply(copy: Copy, operation: Operation, state: State): Copy {
  const { entry } = copy.conversation
  if (operation.kind === 'SEND') return copy
  if (operation.kind === 'READ') {
    const seq = Math.min(operation.seq, copy.conversation.headSeq)
    if (!entry || seq <= entry.lastReadSeq) return copy
    const { needs } = copy.conversation
    const read = ownRead(copy, seq, state)
    // What cannot be counted here is shown as read: that is what the person has done.
    const after = read.conversation.entry
    if (!after || after.isCounted) return changed(read, { needs })
    const isAll = seq >= copy.conversation.headSeq
    return changed(read, { needs, entry: isAll ? { ...after, unreadCount: 0, unreadMentionCount: 0 } : after })
  }
  const message = operation.seq === null ? null : messageAt(copy.timeline, operation.seq)
  if (!message || message.deletedAt !== null) return copy
  switch (operation.kind) {
    case 'EDIT':
      return put(copy, edited(message, operation), state.viewerId)
    case 'DELETE':
      return put(copy, tombstone(message, operation.createdAt), state.viewerId)
    case 'REACT':
      return put(copy, { ...message, reactions: toggled(message.reactions, operation) }, state.viewerId)
  }
}

const edited = (message: MessageState, { text, createdAt }: EditOperation): MessageState =>
  message.text === text ? message : { ...message, text, editedAt: createdAt }

function toggled(reactions: readonly ReactionState[], { emoji, on }: ReactOperation): readonly ReactionState[] {
  const known = reactions.find((reaction) => reaction.emoji === emoji)
  if ((known?.viewerReacted ?? false) === on) return reactions
  if (!known) return [...reactions, { emoji, count: 1, viewerReacted: true }]
  const count = known.count + (on ? 1 : -1)
  return reactions.flatMap((reaction) =>
    reaction !== known ? [reaction] : count === 0 ? [] : [{ emoji, count, viewerReacted: on }],
  )
}

/** What a message that is not sent yet looks like, after the edits of it that wait too. */
export function pendingMessage(
  operation: SendOperation,
  operations: readonly Operation[],
  state: State,
): MessageState | null {
  const id = pendingId(operation.key)
  const sender = state.viewer?.user ?? { id: state.viewerId, handle: '', displayName: '', avatarUrl: null }
  const { handle, displayName, avatarUrl } = sender
  const base: MessageState = operation.message ?? {
    id,
    seq: 0,
    sender: { id: sender.id, handle, displayName, avatarUrl },
    text: operation.text,
    revision: 1,
    clientMessageId: operation.key,
    replyTo: operation.replyTo,
    replyCount: 0,
    mentions: [],
    mentionsEveryone: operation.mentionEveryone,
    reactions: [],
    attachments: [],
    createdAt: operation.createdAt,
    editedAt: null,
    deletedAt: null,
  }
  let message = base
  for (const later of operations) {
    if (later.kind === 'SEND' || later.kind === 'READ' || later.state === 'REFUSED') continue
    if (later.messageId !== id && later.messageId !== base.id) continue
    if (later.kind === 'DELETE') return null
    if (later.kind === 'EDIT') message = edited(message, later)
    else message = { ...message, reactions: toggled(message.reactions, later) }
  }
  return message
}
