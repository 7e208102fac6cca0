import { z } from 'zod'
import {
  ForbiddenError,
  MessageDeletedError,
  NotFoundError,
  OpKeyReusedError,
  ValidationError,
} from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { decodeGlobalId, messageId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { note, opKey } from '../building/validate.ts'
import { Report, ReportOutcome, ReportReason } from './report.ts'

const success = (name: string, description: string) =>
  builder.objectRef<{ reportId: string }>(name).implement({
    description,
    fields: (t) => ({
      report: t.field({
        type: Report,
        description: 'The report as it is now.',
        resolve: ({ reportId }, _, context) =>
          required(context.domain.reports.find(requireViewer(context), reportId), 'a report'),
      }),
    }),
  })

const ReportMessageSuccess = success(
  'ReportMessageSuccess',
  'The staff have the report, with the message as it is now.',
)
const ReportUserSuccess = success('ReportUserSuccess', 'The staff have the report.')
const ResolveReportSuccess = success('ResolveReportSuccess', 'The report is done with.')

const RemoveMessageSuccess = builder.objectRef<{ messageId: string }>('RemoveMessageSuccess').implement({
  description: 'The message is deleted, for everybody.',
  fields: (t) => ({
    messageId: t.id({ description: 'Which message.', resolve: ({ messageId: id }) => id }),
  }),
})

const opKeyField = {
  required: true,
  description: 'The key of this write: 8 to 64 characters that the client chooses.',
} as const
const textField = { description: 'What there is to say about it: 1 to 1,000 characters. Required with OTHER.' }

const ReportMessageInput = builder.inputType('ReportMessageInput', {
  description: 'A message that the staff should look at.',
  fields: (t) => ({
    messageId: t.id({ required: true, description: 'Which message.' }),
    reason: t.field({ type: ReportReason, required: true, description: 'What is wrong with it.' }),
    text: t.string(textField),
    opKey: t.string(opKeyField),
  }),
})

const ReportUserInput = builder.inputType('ReportUserInput', {
  description: 'A person whom the staff should look at.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'Who.' }),
    reason: t.field({ type: ReportReason, required: true, description: 'What is wrong with them.' }),
    text: t.string(textField),
    opKey: t.string(opKeyField),
  }),
})

const ResolveReportInput = builder.inputType('ResolveReportInput', {
  description: 'What became of a report.',
  fields: (t) => ({
    reportId: t.id({ required: true, description: 'Which report.' }),
    outcome: t.field({ type: ReportOutcome, required: true, description: 'What was done.' }),
    note: t.string({ description: 'For the staff themselves: 1 to 1,000 characters.' }),
  }),
})

const RemoveMessageInput = builder.inputType('RemoveMessageInput', {
  description: 'A message to remove.',
  fields: (t) => ({ messageId: t.id({ required: true, description: 'Which message.' }) }),
})

const words = z
  .object({ text: note.nullish(), opKey, needsText: z.boolean() })
  .refine(({ text, needsText }) => !needsText || text != null, { path: ['text'], message: 'Say what it is.' })
const noteShape = z.object({ note: note.nullish() })

const reportingMessage = refusing(NotFoundError, ValidationError, MessageDeletedError, OpKeyReusedError)
const reportingUser = refusing(NotFoundError, ValidationError, OpKeyReusedError)
const resolving = refusing(NotFoundError, ForbiddenError, ValidationError)
const removing = refusing(NotFoundError, ForbiddenError)

function requireStaffOf(context: Context) {
  const viewer = requireViewer(context)
  if (viewer.role === 'USER') throw new ForbiddenError('Only the staff of this server may do this.')
  return viewer
}

builder.mutationFields((t) => ({
  reportMessage: t.field({
    type: ReportMessageSuccess,
    errors: reportingMessage.errors,
    description:
      'Tells the staff of a message that the viewer sees. They get the message as it is now, with its former texts, also when it is deleted ' +
      'later; nothing else of the conversation. Its sender is not told. At most 60 reports an hour.',
    args: { input: t.arg({ type: ReportMessageInput, required: true, description: 'Which message, and why.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { reason } = input
      const { text, opKey: key } = reportingMessage.validate(words, 'input', {
        text: input.text,
        opKey: input.opKey,
        needsText: reason === 'OTHER',
      })
      const ref = reportingMessage.requireMessageRef(input.messageId)
      const made = await context.domain.reports.ofMessage(viewer, ref, { reason, text: text ?? null, opKey: key })
      return { reportId: reportingMessage.granted(made) }
    },
  }),
  reportUser: t.field({
    type: ReportUserSuccess,
    errors: reportingUser.errors,
    description: 'Tells the staff of a person. They are not told. At most 60 reports an hour.',
    args: { input: t.arg({ type: ReportUserInput, required: true, description: 'Who, and why.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { reason } = input
      const { text, opKey: key } = reportingUser.validate(words, 'input', {
        text: input.text,
        opKey: input.opKey,
        needsText: reason === 'OTHER',
      })
      const userId = reportingUser.requireId('User', input.userId)
      const made = await context.domain.reports.ofPerson(viewer, userId, { reason, text: text ?? null, opKey: key })
      return { reportId: reportingUser.granted(made) }
    },
  }),
  resolveReport: t.field({
    type: ResolveReportSuccess,
    errors: resolving.errors,
    description:
      'For staff: says what became of a report. It does nothing else: call removeMessage or suspendUser for that. Has no key: repeated, it ' +
      'changes nothing, and a report that was resolved otherwise stays so.',
    args: {
      input: t.arg({ type: ResolveReportInput, required: true, description: 'Which report, and what was done.' }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireStaffOf(context)
      const checked = resolving.validate(noteShape, 'input', { note: input.note })
      const decoded = decodeGlobalId(input.reportId)
      if (decoded?.type !== 'Report') throw new NotFoundError('There is no such report here.')
      const { reports } = context.domain
      resolving.granted(await reports.resolve(viewer, decoded.id, input.outcome, checked.note ?? null))
      return { reportId: decoded.id }
    },
  }),
  removeMessage: t.field({
    type: RemoveMessageSuccess,
    errors: removing.errors,
    description:
      'For staff: deletes a message of any conversation, also of one that they cannot see. Its members get a MessageDeleted. Has no key: ' +
      'repeated, it changes nothing. Owners and admins of groups call deleteMessage.',
    args: { input: t.arg({ type: RemoveMessageInput, required: true, description: 'Which message.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireStaffOf(context)
      const ref = removing.requireMessageRef(input.messageId)
      removing.granted(await context.domain.reports.removeMessage(viewer, ref))
      return { messageId: messageId(ref) }
    },
  }),
}))
