import type { Message } from '../store/rows.ts'
import type { WriteResult } from '../store/writes.ts'
import {
  AppError,
  ConversationClosedError,
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
} from './errors.ts'

/** Here and not in the registry, because they carry rows. */
export class RevisionConflictError extends AppError {
  readonly code = 'REVISION_CONFLICT'
  constructor(readonly current: Message) {
    super(`The message is at revision ${String(current.revision)} by now. Look at it, and edit again from there.`)
  }
}

export class MessageLockedError extends AppError {
  readonly code = 'MESSAGE_LOCKED'
  constructor(readonly policy: NonNullable<WriteResult['policy']>) {
    super(`The edit policy of this conversation (${policy}) does not allow it any more.`)
  }
}

export interface Accepted {
  outcome: 'ACCEPTED' | 'DUPLICATE'
  result: WriteResult
}

/** Words for the refusals that differ from write to write. */
export interface Refusals {
  notFound: string
  forbidden?: string
}

/** The result of a write that was accepted, now or before; a refusal is thrown as its error. */
export function accepted(result: WriteResult, words: Refusals): Accepted {
  switch (result.outcome) {
    case 'ACCEPTED':
    case 'DUPLICATE':
      return { outcome: result.outcome, result }
    case 'NOT_FOUND':
      throw new NotFoundError(words.notFound)
    case 'USER_NOT_FOUND':
      throw new NotFoundError('There is no such person here.')
    case 'REPLY_NOT_FOUND':
      throw new NotFoundError('The message to reply to is not in this conversation.')
    case 'FORBIDDEN':
      throw new ForbiddenError(words.forbidden ?? 'You may not do this.')
    case 'OP_KEY_REUSED':
      throw new OpKeyReusedError()
    case 'MESSAGE_DELETED':
      throw new MessageDeletedError()
    case 'CONVERSATION_CLOSED':
      throw new ConversationClosedError()
    case 'MESSAGE_LOCKED':
      throw new MessageLockedError(result.policy ?? 'NEVER')
    case 'REVISION_CONFLICT':
      if (!result.message) throw new Error('a revision conflict without its message')
      throw new RevisionConflictError(result.message)
    default:
      throw new Error(`a write answered ${result.outcome}`)
  }
}

/** What the client needs to know its write by: in which stream, and as which event. */
export interface Ack {
  outcome: 'ACCEPTED' | 'DUPLICATE'
  streamId: string
  eventSeq: number
  opKey: string
}

export function ackOf({ outcome, result }: Accepted, opKey: string): Ack {
  if (result.streamId === undefined || result.eventSeq === undefined)
    throw new Error('an accepted write without its event')
  return { outcome, streamId: result.streamId, eventSeq: result.eventSeq, opKey }
}
