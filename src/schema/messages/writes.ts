import {
  ConversationClosedError,
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../../domain/errors.ts'
import {
  mentionsMembersOnly,
  unknownAttachment,
  MessageLockedError,
  RevisionConflictError,
} from '../../domain/outcome.ts'
import { z } from 'zod'
import { builder } from '../building/builder.ts'
import { refusing } from '../building/refusing.ts'
import { requireViewer } from '../building/context.ts'
import { decodeGlobalId } from '../building/ids.ts'
import { distinctIds, messageText, opKey, positiveSeq } from '../building/validate.ts'
import { noted, success } from './written.ts'

const SendMessageSuccess = success('SendMessageSuccess', 'The message is stored.')
const EditMessageSuccess = success('EditMessageSuccess', 'The message is changed.')
const DeleteMessageSuccess = success('DeleteMessageSuccess', 'The message is a tombstone; its text is gone everywhere.')

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'A new message.',
  fields: (t) => ({
    conversationId: t.id({ required: true, description: 'The conversation to send it to.' }),
    clientMessageId: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
    text: t.string({
      description: '1 to 4000 characters (code points), at least one of them visible. Null only with attachments.',
    }),
    attachmentIds: t.idList({
      description: 'Files to attach, in this order: at most 10 that the viewer uploaded, each once and to one message.',
    }),
    replyToId: t.id({ description: 'A message of the same conversation that this one answers.' }),
    mentionIds: t.idList({
      description:
        'People whom it mentions: members of the conversation, at most 50; each counts once, however often it is given.',
    }),
    mentionEveryone: t.boolean({
      description: 'Whether it mentions all members. In a group, for its owner and admins.',
    }),
  }),
})

const EditMessageInput = builder.inputType('EditMessageInput', {
  description: 'A new text for a message.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    text: t.string({
      required: true,
      description: '1 to 4000 characters (code points), at least one of them visible.',
    }),
    mentionIds: t.idList({
      description:
        'People whom it mentions from now on, in place of those before: at most 50 members of the conversation, or people ' +
        'whom it mentions already. Null leaves the mentions as they are; an empty list takes them away.',
    }),
    expectedRevision: t.int({
      description:
        'When given, and the message is at another revision, the edit is refused with RevisionConflictError.',
    }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const DeleteMessageInput = builder.inputType('DeleteMessageInput', {
  description: 'A message to delete.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const maxAttachments = 10
const maxMentions = 50
const mentionIds = distinctIds(maxMentions).nullish()
// Made once: zod compiles a schema at its first use, which costs more than the rest of a send.
const sendShape = z
  .object({
    clientMessageId: opKey,
    text: messageText.nullish(),
    mentionIds,
    attachmentIds: distinctIds(maxAttachments).nullish(),
  })
  .refine(({ text, attachmentIds }) => text != null || (attachmentIds?.length ?? 0) > 0, {
    path: ['text'],
    message: 'Give the text of the message, 1 to 4000 characters, or attachments.',
  })
const editShape = z.object({ text: messageText, opKey, expectedRevision: positiveSeq.nullish(), mentionIds })
const deleteShape = z.object({ opKey })

/** Who is mentioned, by the ids of the input. An id of nobody is refused as one of somebody who is no member. */
const toMentionIds = (ids: readonly string[]) =>
  ids.map((id) => {
    const decoded = decodeGlobalId(id)
    if (decoded?.type === 'User') return decoded.id
    throw mentionsMembersOnly()
  })

const toAttachmentIds = (ids: readonly string[]) =>
  ids.map((id) => {
    const decoded = decodeGlobalId(id)
    if (decoded?.type === 'Attachment') return decoded.id
    throw unknownAttachment()
  })

const sending = refusing(NotFoundError, ValidationError, OpKeyReusedError, ConversationClosedError)
const editing = refusing(
  NotFoundError,
  ForbiddenError,
  ValidationError,
  RevisionConflictError,
  MessageLockedError,
  MessageDeletedError,
  OpKeyReusedError,
)
const deleting = refusing(
  NotFoundError,
  ForbiddenError,
  MessageLockedError,
  MessageDeletedError,
  OpKeyReusedError,
  ValidationError,
)

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessageSuccess,
    errors: sending.errors,
    description: 'Stores a message and shows it to all members. Marks the conversation read up to it for the sender.',
    args: { input: t.arg({ type: SendMessageInput, required: true, description: 'The message.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const {
        clientMessageId,
        text = null,
        mentionIds: mentioned,
        attachmentIds,
      } = sending.validate(sendShape, 'input', input)
      const conversationId = sending.requireId('Conversation', input.conversationId)
      const replyTo = input.replyToId == null ? null : sending.requireMessageRef(input.replyToId)
      if (replyTo && replyTo.conversationId !== conversationId) {
        return sending.granted(new NotFoundError('The message to reply to is not in this conversation.'))
      }
      const message = {
        conversationId,
        clientMessageId,
        text,
        replyToSeq: replyTo?.seq ?? null,
        mentionIds: toMentionIds(mentioned ?? []),
        mentionEveryone: input.mentionEveryone ?? false,
        attachmentIds: toAttachmentIds(attachmentIds ?? []),
      }
      return noted(context, sending.granted(await context.domain.messages.send(viewer, message)))
    },
  }),
  editMessage: t.field({
    type: EditMessageSuccess,
    errors: editing.errors,
    description: 'Gives a message of the viewer a new text.',
    args: { input: t.arg({ type: EditMessageInput, required: true, description: 'Which message, and the text.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { text, opKey: key, ...checked } = editing.validate(editShape, 'input', input)
      const message = editing.requireMessageRef(input.messageId)
      return noted(
        context,
        editing.granted(
          await context.domain.messages.edit(viewer, {
            message,
            text,
            expectedRevision: checked.expectedRevision ?? null,
            mentionIds: checked.mentionIds ? toMentionIds(checked.mentionIds) : null,
            opKey: key,
          }),
        ),
      )
    },
  }),
  deleteMessage: t.field({
    type: DeleteMessageSuccess,
    errors: deleting.errors,
    description:
      'Deletes a message. It becomes a tombstone: its seq stays, its text is gone. For its sender, and for the ' +
      'owner and the admins of a group.',
    args: { input: t.arg({ type: DeleteMessageInput, required: true, description: 'Which message.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { opKey: key } = deleting.validate(deleteShape, 'input', input)
      const message = deleting.requireMessageRef(input.messageId)
      return noted(context, deleting.granted(await context.domain.messages.remove(viewer, { message, opKey: key })))
    },
  }),
}))
