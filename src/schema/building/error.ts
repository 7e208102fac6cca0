import {
  AccountSuspendedError,
  type AppError,
  ConversationClosedError,
  ForbiddenError,
  HandleTakenError,
  InvalidCredentialsError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  SessionExpiredError,
  ValidationError,
  type FieldIssue,
  type OutcomeCode,
} from '../../domain/errors.ts'
import { MessageLockedError, RevisionConflictError } from '../../domain/outcome.ts'
import { builder } from './builder.ts'
import { EditPolicy } from '../conversations/conversation.ts'
import { Message } from '../messages/message.ts'

const descriptions: Record<OutcomeCode, string> = {
  NOT_FOUND: 'It does not exist, or the viewer may not see it.',
  FORBIDDEN: 'The viewer can see it, but may not do this.',
  VALIDATION_ERROR: 'An argument is not valid; `fields` lists the invalid values, with reasons.',
  REVISION_CONFLICT: 'expectedRevision is not the current revision.',
  MESSAGE_LOCKED: "The conversation's edit policy no longer allows it.",
  MESSAGE_DELETED: 'The message was deleted.',
  OP_KEY_REUSED: 'The same key was used before with a different request.',
  HANDLE_TAKEN: 'Somebody else has this handle.',
  INVALID_CREDENTIALS: 'The handle or the password is wrong.',
  ACCOUNT_SUSPENDED: 'Nobody can log in with this account at the moment.',
  SESSION_EXPIRED: 'The refresh token is unknown, expired, or was exchanged before.',
  CONVERSATION_CLOSED: 'The conversation takes no more messages.',
}

export const ErrorCode = builder.enumType('ErrorCode', {
  description: 'Why a mutation was refused.',
  values: Object.fromEntries(
    Object.entries(descriptions).map(([code, description]) => [code, { description }]),
  ) as Record<OutcomeCode, { description: string }>,
})

const ErrorInterface = builder.interfaceRef<AppError>('Error').implement({
  description: 'An expected refusal. Select it with `... on Error { code reason }`.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCode,
      description: 'The reason as a code, for programs.',
      resolve: (error) => error.code as OutcomeCode,
    }),
    reason: t.exposeString('message', {
      description: 'The reason as a text, for people: what is wrong and what to do.',
    }),
  }),
})

const interfaces = [ErrorInterface] as const

const FieldError = builder.objectRef<FieldIssue>('FieldError').implement({
  description: 'What is wrong with one value.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The path to the value in the arguments, outermost first: ["input", "text"].',
    }),
    reason: t.exposeString('reason', { description: 'What is expected instead.' }),
  }),
})

builder.objectType(NotFoundError, {
  name: 'NotFoundError',
  description: descriptions.NOT_FOUND,
  interfaces: [...interfaces],
})
builder.objectType(ForbiddenError, {
  name: 'ForbiddenError',
  description: descriptions.FORBIDDEN,
  interfaces: [...interfaces],
})
builder.objectType(ValidationError, {
  name: 'ValidationError',
  description: descriptions.VALIDATION_ERROR,
  interfaces: [...interfaces],
  fields: (t) => ({
    fields: t.field({
      type: [FieldError],
      description: 'Each value that is not valid.',
      resolve: (error) => error.fields,
    }),
  }),
})
builder.objectType(RevisionConflictError, {
  name: 'RevisionConflictError',
  description: descriptions.REVISION_CONFLICT,
  interfaces: [...interfaces],
  fields: (t) => ({
    current: t.field({ type: Message, description: 'The message as it is now.', resolve: (error) => error.current }),
  }),
})
builder.objectType(MessageLockedError, {
  name: 'MessageLockedError',
  description: descriptions.MESSAGE_LOCKED,
  interfaces: [...interfaces],
  fields: (t) => ({
    policy: t.field({ type: EditPolicy, description: 'The policy that forbids it.', resolve: (error) => error.policy }),
  }),
})
builder.objectType(MessageDeletedError, {
  name: 'MessageDeletedError',
  description: descriptions.MESSAGE_DELETED,
  interfaces: [...interfaces],
})
builder.objectType(OpKeyReusedError, {
  name: 'OpKeyReusedError',
  description: descriptions.OP_KEY_REUSED,
  interfaces: [...interfaces],
})
builder.objectType(HandleTakenError, {
  name: 'HandleTakenError',
  description: descriptions.HANDLE_TAKEN,
  interfaces: [...interfaces],
})
builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  description: descriptions.INVALID_CREDENTIALS,
  interfaces: [...interfaces],
})
builder.objectType(AccountSuspendedError, {
  name: 'AccountSuspendedError',
  description: descriptions.ACCOUNT_SUSPENDED,
  interfaces: [...interfaces],
  fields: (t) => ({
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When one can log in again; null when that is not known.',
      resolve: (error) => error.until,
    }),
  }),
})
builder.objectType(SessionExpiredError, {
  name: 'SessionExpiredError',
  description: descriptions.SESSION_EXPIRED,
  interfaces: [...interfaces],
})
builder.objectType(ConversationClosedError, {
  name: 'ConversationClosedError',
  description: descriptions.CONVERSATION_CLOSED,
  interfaces: [...interfaces],
})
