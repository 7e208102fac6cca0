import {
  derived,
  Value,
  type ConversationState,
  type MessageState,
  type Operation,
  type Parley,
  type Store,
} from '@parley/client'
import { createChatRequests, Refusal, type Ask } from './requests.ts'
import type { Id, InboxFilter } from './types.ts'

/** A change that was refused and has no message to stand at: an edit, a deletion, a reaction. */
export interface RefusedOperation {
  opKey: string
  reason: string
  /** Of an edit that came after another one: the message as it is now, and the text that was to be. */
  conflict: { current: MessageState; text: string; conversationId: Id } | null
}

export interface NewMessage {
  conversationId: Id
  text: string
  files: readonly File[]
  mentionIds: readonly Id[]
  replyTo: MessageState | null
}

export interface Unsent {
  waiting: number
  refused: readonly RefusedOperation[]
}

/** Throws what was refused. */
async function done(doing: Promise<{ code: string; reason: string } | null>): Promise<void> {
  const refusal = await doing
  if (refusal) throw new Refusal(refusal.code, refusal.reason)
}

const isWaiting = ({ state, kind }: Operation) => (state === 'WAITING' || state === 'SENDING') && kind !== 'READ'

/** What the pages ask of the SDK, in their words. What changes state is shown at once, and kept until the server has it. */
export function createChat(parley: Parley, viewerId: Id, signOut: () => void) {
  const ask: Ask = (document, variables, options) => parley.request(document, variables, options)
  const requests = createChatRequests(ask)
  const messageAt = (conversationId: Id, messageId: Id): MessageState | null => {
    const { items } = parley.timeline(conversationId).getSnapshot()
    const item = items.find((one) => one.kind === 'message' && one.message.id === messageId)
    return item?.kind === 'message' ? item.message : null
  }
  const refusedOf = (operation: Operation): RefusedOperation[] => {
    const { kind, state, key, refusal, conversationId } = operation
    // A refused message stands in its timeline; what was read is told again by itself.
    if (state !== 'REFUSED' || kind === 'SEND' || kind === 'READ') return []
    const isConflict = kind === 'EDIT' && refusal?.code === 'REVISION_CONFLICT'
    const current = isConflict ? messageAt(conversationId, operation.messageId) : null
    const conflict = current && isConflict ? { current, text: operation.text, conversationId } : null
    return [{ opKey: key, reason: refusal?.reason ?? '', conflict }]
  }
  const unsent: Store<Unsent> = derived([parley.outbox.operations], (_, operations) => ({
    waiting: operations.filter(isWaiting).length,
    refused: operations.flatMap(refusedOf),
  }))
  const failure = new Value<string | null>(null)
  const isBlocked = (userId: Id) => parley.blocked.getSnapshot().users.some(({ id }) => id === userId)
  return {
    ...requests,
    /** Why something that was asked for by a button did not happen. */
    failure,
    attempt: (doing: Promise<unknown>): void => {
      failure.set(null)
      doing.catch((error: unknown) => failure.set(error instanceof Error ? error.message : String(error)))
    },
    viewerId,
    signOut,
    blocked: parley.blocked,
    block: (userId: Id, blocked: boolean) => done(blocked ? parley.block(userId) : parley.unblock(userId)),
    sessions: parley.sessions,
    revokeSession: (id: Id) => done(parley.sessions.revoke(id)),
    viewer: parley.viewer,
    unread: parley.unread,
    syncState: parley.syncState,
    problems: parley.problems,
    unsent,
    inbox: (filter: InboxFilter) => parley.inbox({ filter }),
    supportQueue: (status: 'OPEN' | 'RESOLVED' | null) => parley.supportQueue({ status }),
    timeline: (id: Id) => parley.timeline(id),
    members: (id: Id) => parley.members(id),
    receipts: (id: Id) => parley.receipts(id),
    typing: (id: Id) => parley.typing(id),
    presence: (userIds: readonly Id[]) => parley.presence(userIds),
    send: ({ conversationId, text, files, mentionIds, replyTo }: NewMessage): void => {
      const message = { text: text.trim() === '' ? null : text, files, mentionIds: [...mentionIds] }
      void parley.send({ conversationId, ...message, replyToId: replyTo?.id ?? null })
    },
    edit: (conversationId: Id, { id, revision }: MessageState, text: string): void => {
      void parley.edit({ conversationId, messageId: id, text, expectedRevision: revision })
    },
    delete: (conversationId: Id, { id }: MessageState): void => {
      void parley.delete({ conversationId, messageId: id })
    },
    react: (conversationId: Id, messageId: Id, emoji: string, on: boolean): void => {
      void parley.react({ conversationId, messageId, emoji, on })
    },
    markRead: (conversationId: Id, seq: number) => void parley.markRead(conversationId, seq),
    setTyping: (conversationId: Id, typing: boolean) => void parley.setTyping(conversationId, typing),
    onMessage: (listener: (message: MessageState, conversation: ConversationState) => void) =>
      followMessages(parley, (message) => message.sender.id !== viewerId && !isBlocked(message.sender.id), listener),
    retry: (opKey: string) => void parley.retry(opKey),
    drop: (opKey: string) => void parley.drop(opKey),
  }
}

/** Tells of the newest message in each conversation, as it comes, if it is one to tell of. */
function followMessages(
  parley: Parley,
  isTold: (message: MessageState) => boolean,
  listener: (message: MessageState, conversation: ConversationState) => void,
): () => void {
  const inbox = parley.inbox({ filter: 'ALL' })
  const told = new Map<Id, number>()
  const look = () => {
    // What was missed is in the inbox; only what happens now is told.
    const isLive = parley.syncState.getSnapshot() === 'LIVE'
    for (const { id, conversation } of inbox.getSnapshot().items) {
      const { lastMessage, headSeq } = conversation
      const isNew = headSeq > (told.get(id) ?? (isLive && told.size > 0 ? 0 : headSeq))
      told.set(id, headSeq)
      if (isNew && isLive && lastMessage && isTold(lastMessage)) listener(lastMessage, conversation)
    }
  }
  look()
  return inbox.subscribe(look)
}

export type Chat = ReturnType<typeof createChat>
