import type { Append } from '../../log/append.ts'
import type { EventStore, WrittenEvent } from '../../store/events.ts'
import type { Message } from '../../store/rows.ts'
import { isShown } from '../conversations/history.ts'
import type {
  ConversationClosedError,
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../errors.ts'
import type { Checking } from '../attachments/checking.ts'
import { settlesWithin } from '../../flow/deadline.ts'
import { accessOf, isStaff } from '../conversations/access.ts'
import type { SendMessage } from '../../store/writing/commands.ts'
import { supportAnswered } from '../../telemetry/facts.ts'
import type { Loaders } from '../loaders.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf, type Ack, type MessageLockedError, type RevisionConflictError } from '../outcome.ts'
import type { Typing } from '../typing/typing.ts'
import type { Viewer } from '../viewer.ts'

export interface MessageRef {
  conversationId: string
  seq: number
}

export interface MessageWritten {
  ack: Ack
  message: Message
}

export interface NewMessage {
  conversationId: string
  clientMessageId: string
  /** Null only with attachments. */
  text: string | null
  replyToSeq: number | null
  mentionIds: readonly string[]
  mentionEveryone: boolean
  attachmentIds: readonly string[]
}

export interface WriteStatus {
  state: 'ACCEPTED' | 'UNKNOWN'
  event: WrittenEvent | null
}

/**
 * Returns refusals that a client must expect. Every method rejects with UNAVAILABLE when the database does not answer in
 * time: whether a write was done is unknown then, and a retry with the same key finds out.
 */
export interface Messages {
  send(
    viewer: Viewer,
    input: NewMessage,
  ): Promise<MessageWritten | NotFoundError | ValidationError | ConversationClosedError | OpKeyReusedError>
  edit(
    viewer: Viewer,
    input: {
      message: MessageRef
      text: string
      expectedRevision: number | null
      /** Whom it mentions from now on; null leaves that as it is. */
      mentionIds: readonly string[] | null
      opKey: string
    },
  ): Promise<
    | MessageWritten
    | NotFoundError
    | ForbiddenError
    | ValidationError
    | RevisionConflictError
    | MessageLockedError
    | MessageDeletedError
    | OpKeyReusedError
  >
  remove(
    viewer: Viewer,
    input: { message: MessageRef; opKey: string },
  ): Promise<
    MessageWritten | NotFoundError | ForbiddenError | MessageLockedError | MessageDeletedError | OpKeyReusedError
  >
  pin(
    viewer: Viewer,
    input: { message: MessageRef; pinned: boolean; opKey: string },
  ): Promise<MessageWritten | NotFoundError | ForbiddenError | MessageDeletedError | ValidationError | OpKeyReusedError>
  /** The message if the viewer may see it, else null. */
  find(viewer: Viewer, ref: MessageRef, loaders: Loaders): Promise<Message | null>
  writeStatus(viewer: Viewer, opKey: string): Promise<WriteStatus>
}

/** How long a text waits behind the files of a message before it, which may have to come from afar. */
const maxTurnMs = 2_000

const noConversation = { notFound: 'There is no such conversation here.' }
const noMessage = { notFound: 'There is no such message here.' }

const unlessNone = (ids: readonly string[]) => (ids.length > 0 ? [...new Set(ids)] : null)
/** The same people in another order are the same request. */
const sorted = (ids: readonly string[]) => [...ids].sort().join(' ')
/** An accepted or repeated write of a message, as it is answered. */
export const written = (
  { message, ...ack }: Omit<Ack, 'opKey'> & { message: Message },
  opKey: string,
): MessageWritten => ({
  ack: { outcome: ack.outcome, streamId: ack.streamId, eventSeq: ack.eventSeq, mark: ack.mark, opKey },
  message,
})

export function createMessages(
  append: Append,
  events: EventStore,
  typing: Pick<Typing, 'sent'>,
  uploads: Pick<Checking, 'settle'>,
): Messages {
  /** By sender and conversation: the files of their last send with some are being looked at. */
  const looking = new Map<string, Promise<void>>()

  /** Resolves when the send's files are in order, and those of its sender's sends before it were looked at: none overtakes. */
  async function takeTurn({ actorId, conversationId, attachmentIds }: SendMessage): Promise<void> {
    const own = `${actorId} ${conversationId}`
    const before = looking.get(own)
    if (!attachmentIds) {
      if (before) await settlesWithin(maxTurnMs, before)
      return
    }
    const settling = uploads.settle(actorId, attachmentIds)
    // Whatever comes of it, it is over for those behind it.
    const turn = Promise.allSettled([before, settling]).then(() => undefined)
    looking.set(own, turn)
    await turn
    if (looking.get(own) === turn) looking.delete(own)
    await settling
  }

  /** Staff who are not a member come to be one of a support conversation with what they send. */
  const sendOrAnswer = async (viewer: Viewer, command: SendMessage) => {
    if (command.attachmentIds || looking.size > 0) await takeTurn(command)
    const sent = await append(command)
    if (sent.outcome !== 'NOT_FOUND' || !isStaff(viewer)) return sent
    const answered = await append({ ...command, type: 'answerSupport' })
    if ('firstAnswerMs' in answered && answered.firstAnswerMs !== null && supportAnswered.hasSubscribers) {
      supportAnswered.publish({ durationMs: answered.firstAnswerMs })
    }
    return answered
  }
  return {
    async send(viewer, { clientMessageId: opKey, ...input }) {
      const { conversationId, text, replyToSeq, mentionEveryone } = input
      const mentionIds = unlessNone(input.mentionIds)
      const attachmentIds = unlessNone(input.attachmentIds)
      // Nothing more for a message without them: keys of former versions must go on to match.
      const extras =
        mentionIds || attachmentIds || mentionEveryone
          ? [mentionEveryone, sorted(mentionIds ?? []), (attachmentIds ?? []).join(' ')]
          : []
      const hash = requestHash('sendMessage', [conversationId, text, replyToSeq, ...extras])
      const message = { conversationId, text, replyToSeq, mentionIds, mentionEveryone, attachmentIds }
      const sent = await sendOrAnswer(viewer, { type: 'sendMessage', actorId: viewer.userId, opKey, hash, ...message })
      if (isRefused(sent)) return refusalOf(sent, noConversation)
      typing.sent(viewer, conversationId)
      return written(sent, opKey)
    },
    async edit(viewer, { message: { conversationId, seq }, text, expectedRevision, mentionIds: given, opKey }) {
      const mentionIds = given && [...new Set(given)]
      const extras = mentionIds ? [sorted(mentionIds)] : []
      const edited = await append({
        type: 'editMessage',
        actorId: viewer.userId,
        conversationId,
        seq,
        opKey,
        hash: requestHash('editMessage', [conversationId, seq, text, expectedRevision, ...extras]),
        text,
        expectedRevision,
        mentionIds,
      })
      if (!isRefused(edited)) return written(edited, opKey)
      return refusalOf(edited, {
        ...noMessage,
        forbidden: 'Only its sender may edit a message, and not where nothing can be sent.',
      })
    },
    async remove(viewer, { message: { conversationId, seq }, opKey }) {
      const hash = requestHash('deleteMessage', [conversationId, seq])
      const actorId = viewer.userId
      const deleted = await append({ type: 'deleteMessage', actorId, conversationId, seq, opKey, hash })
      if (!isRefused(deleted)) return written(deleted, opKey)
      const forbidden = 'Only its sender, and in a group its owner and admins, may delete a message.'
      return refusalOf(deleted, { ...noMessage, forbidden })
    },
    async pin(viewer, { message: { conversationId, seq }, pinned, opKey }) {
      const hash = requestHash('pinMessage', [conversationId, seq, pinned])
      const actorId = viewer.userId
      const changed = await append({ type: 'pinMessage', actorId, conversationId, seq, opKey, hash, pinned })
      if (!isRefused(changed)) return written(changed, opKey)
      const forbidden =
        'You may not pin messages here: in a group its owner and admins may, unless it allows others to, and in a closed conversation nobody.'
      return refusalOf(changed, { ...noMessage, forbidden })
    },
    async find(viewer, ref, loaders) {
      const [access, message] = await Promise.all([
        accessOf(viewer, ref.conversationId, loaders),
        loaders.message.load(ref),
      ])
      return isShown(access, ref.seq) ? message : null
    },
    async writeStatus(viewer, opKey) {
      const event = await events.findByOpKey(viewer.userId, opKey)
      return { state: event ? 'ACCEPTED' : 'UNKNOWN', event }
    },
  }
}
