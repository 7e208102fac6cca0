import type { EditPolicy, Message } from '../store/rows.ts'
import type { Outcome } from '../store/writing/outcomes.ts'
import {
  AppError,
  ConversationClosedError,
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from './errors.ts'

/** Defined here and not in the registry, because they carry rows. */
export class RevisionConflictError extends AppError {
  readonly code = 'REVISION_CONFLICT'
  constructor(readonly current: Message) {
    super(`The message is at revision ${String(current.revision)} now. Look at it, and edit again from there.`)
  }
}

export class MessageLockedError extends AppError {
  readonly code = 'MESSAGE_LOCKED'
  constructor(readonly policy: EditPolicy) {
    super(`The edit policy of this conversation (${policy}) does not allow it any more.`)
  }
}

/** The error for each refusal that a write function may return. */
interface Errors {
  NOT_FOUND: NotFoundError
  USER_NOT_FOUND: NotFoundError
  REPLY_NOT_FOUND: NotFoundError
  FORBIDDEN: ForbiddenError
  OP_KEY_REUSED: OpKeyReusedError
  MESSAGE_DELETED: MessageDeletedError
  CONVERSATION_CLOSED: ConversationClosedError
  MESSAGE_LOCKED: MessageLockedError
  REVISION_CONFLICT: RevisionConflictError
  MENTION_NOT_MEMBER: ValidationError
  MENTION_EVERYONE_FORBIDDEN: ValidationError
  ATTACHMENT_NOT_FOUND: ValidationError
  TOO_MANY_REACTIONS: ValidationError
  TOO_MANY_PINS: ValidationError
  NOT_STAFF: ValidationError
  ATTACHMENT_REFUSED: ValidationError
  BLOCKED_BY_ACTOR: ValidationError
  TOO_MANY_BLOCKS: ValidationError
  TOO_MANY_BANS: ValidationError
  USER_BANNED: ForbiddenError
  ADDITION_REFUSED: ForbiddenError
  DIRECT_REFUSED: ForbiddenError
}

const invalid = (field: string, reason: string) =>
  new ValidationError(`input.${field}: ${reason}`, [{ path: ['input', field], reason }])

export const mentionsMembersOnly = () =>
  invalid('mentionIds', 'Only members of the conversation can be mentioned in it. Leave out everybody else.')

export const unknownAttachment = () =>
  invalid('attachmentIds', 'Only uploads of your own that have not expired can be attached. Create an upload anew.')

type Why = keyof Errors
/** An outcome that is a refusal. */
export type Refused = Extract<Outcome, { outcome: Why }>

/** Messages for the refusals whose words differ between writes: exactly those that this write may return. */
type Words<Reason extends Why> = ('NOT_FOUND' extends Reason ? { notFound: string } : unknown) &
  ('FORBIDDEN' extends Reason ? { forbidden: string } : unknown)

const newErrors: {
  [Reason in Why]: (
    refused: Extract<Refused, { outcome: Reason }>,
    words: { notFound: string; forbidden: string },
  ) => Errors[Reason]
} = {
  NOT_FOUND: (_, { notFound }) => new NotFoundError(notFound),
  USER_NOT_FOUND: () => new NotFoundError('There is no such person here.'),
  REPLY_NOT_FOUND: () => new NotFoundError('The message to reply to is not in this conversation.'),
  FORBIDDEN: (_, { forbidden }) => new ForbiddenError(forbidden),
  OP_KEY_REUSED: () => new OpKeyReusedError(),
  MESSAGE_DELETED: () => new MessageDeletedError(),
  CONVERSATION_CLOSED: () => new ConversationClosedError(),
  MESSAGE_LOCKED: ({ policy }) => new MessageLockedError(policy),
  REVISION_CONFLICT: ({ message }) => new RevisionConflictError(message),
  MENTION_NOT_MEMBER: () => mentionsMembersOnly(),
  MENTION_EVERYONE_FORBIDDEN: () =>
    invalid('mentionEveryone', 'Only the owner and the admins of a group can mention everyone in it.'),
  NOT_STAFF: () => invalid('userId', 'Only somebody of the staff can be responsible.'),
  ATTACHMENT_NOT_FOUND: () => unknownAttachment(),
  ATTACHMENT_REFUSED: ({ why, refusal }) => {
    if (why === 'NOT_FOUND') return unknownAttachment()
    const reason =
      why === 'ATTACHED'
        ? 'A file can be attached to one message only, and this one is attached already. Upload it again.'
        : (refusal ?? 'Not all bytes of a file have come yet: attach it when its upload was answered.')
    return invalid('attachmentIds', reason)
  },
  TOO_MANY_REACTIONS: () =>
    invalid('emoji', 'This message has 20 different emoji, which is the most. React with one of them.'),
  BLOCKED_BY_ACTOR: () =>
    invalid('userId', 'You have blocked this person. To write to one another again, unblock them first.'),
  TOO_MANY_BLOCKS: () =>
    invalid('userId', 'You have blocked 10,000 people, which is the most. Unblock somebody first.'),
  TOO_MANY_BANS: () => invalid('userId', 'This group bans 10,000 people, which is the most. Take a ban back first.'),
  USER_BANNED: () =>
    new ForbiddenError(
      'Somebody among them is banned from this group. Its owner or an admin takes that back with banMember.',
    ),
  ADDITION_REFUSED: () =>
    new ForbiddenError(
      'Somebody among them does not let you add them to groups. Ask them to change that, or to write to you.',
    ),
  DIRECT_REFUSED: () =>
    new ForbiddenError('This person does not take messages from people like you. Ask them to write to you first.'),
  TOO_MANY_PINS: () =>
    invalid('pinned', 'This conversation has 50 pinned messages, which is the most. Unpin one first.'),
}

export const isRefused = <Some extends Outcome>(outcome: Some): outcome is Some & Refused =>
  Object.hasOwn(newErrors, outcome.outcome)

/** The error that tells the client why. It is returned and not thrown, so that the type lists all possible errors. */
export function refusalOf<Some extends Refused>(refused: Some, words: Words<Some['outcome']>): Errors[Some['outcome']] {
  const newError = newErrors[refused.outcome] as (refused: Refused, words: unknown) => Errors[Some['outcome']]
  return newError(refused, words)
}

/** What a client needs to recognise its write: the stream, and the event in it. */
export interface Ack {
  outcome: 'ACCEPTED' | 'DUPLICATE'
  streamId: string
  eventSeq: number
  mark: string
  opKey: string
}
