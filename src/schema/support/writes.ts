import { z } from 'zod'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { refusing } from '../building/refusing.ts'
import { opKey, seq, title } from '../building/validate.ts'
import { success } from '../conversations/changed.ts'
import { SupportStatus } from './case.ts'

const OpenSupportSuccess = success('OpenSupportSuccess', 'The conversation is open, and in the queue of the staff.')
const AssignSupportSuccess = success('AssignSupportSuccess', 'The person is responsible, or nobody.')
const SetSupportStatusSuccess = success('SetSupportStatusSuccess', 'The conversation has this status.')

const OpenSupportInput = builder.inputType('OpenSupportInput', {
  description: 'What the viewer needs help with.',
  fields: (t) => ({
    title: t.string({
      description:
        'One line of 1 to 120 characters (code points), not counting spaces and invisible characters at its ends, which ' +
        'are removed. Null for none.',
    }),
    opKey: t.string({
      required: true,
      description: 'The key of this write: 8 to 64 characters that the client chooses.',
    }),
  }),
})

const conversationField = { required: true, description: 'Which support conversation.' } as const

const AssignSupportInput = builder.inputType('AssignSupportInput', {
  description: 'Who is responsible for a support conversation.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    userId: t.id({ description: 'Somebody of the staff; null when nobody is responsible.' }),
  }),
})

const SetSupportStatusInput = builder.inputType('SetSupportStatusInput', {
  description: 'The status of a support conversation.',
  fields: (t) => ({
    conversationId: t.id(conversationField),
    status: t.field({ type: SupportStatus, required: true, description: 'Which status it has from now on.' }),
    upToSeq: t.int({
      description:
        'The newest message that the viewer has seen. When its user has sent one after it, RESOLVED leaves the conversation ' +
        'open, as if that message had come just then. With it the request can be repeated. Null for all up to now.',
    }),
  }),
})

const statusShape = z.object({ upToSeq: seq.nullish() })
const openShape = z.object({ title: title.nullish(), opKey })

const opening = refusing(ValidationError, OpKeyReusedError)
const assigning = refusing(NotFoundError, ForbiddenError, ValidationError)
const settingStatus = refusing(NotFoundError, ForbiddenError, ValidationError)

builder.mutationFields((t) => ({
  openSupport: t.field({
    type: OpenSupportSuccess,
    errors: opening.errors,
    description:
      'Begins a conversation with the staff. Repeated with the same opKey it returns the one it began. FORBIDDEN for staff, ' +
      'who answer such conversations.',
    args: { input: t.arg({ type: OpenSupportInput, required: true, description: 'What it is about.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { title, opKey } = opening.validate(openShape, 'input', input)
      const opened = await context.domain.support.open(viewer, { title: title ?? null, opKey })
      return { conversationId: opening.granted(opened) }
    },
  }),
  assignSupport: t.field({
    type: AssignSupportSuccess,
    errors: assigning.errors,
    description: 'For staff: says who of them is responsible for a support conversation.',
    args: { input: t.arg({ type: AssignSupportInput, required: true, description: 'Which one, and who.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = assigning.requireId('Conversation', input.conversationId)
      const assigneeId = input.userId == null ? null : assigning.requireId('User', input.userId)
      return { conversationId: assigning.granted(await context.domain.support.assign(viewer, id, assigneeId)) }
    },
  }),
  setSupportStatus: t.field({
    type: SetSupportStatusSuccess,
    errors: settingStatus.errors,
    description:
      'For staff: resolves a support conversation, or opens it again. Its user opens it again by sending a message.',
    args: { input: t.arg({ type: SetSupportStatusInput, required: true, description: 'Which one, and its status.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const id = settingStatus.requireId('Conversation', input.conversationId)
      const { upToSeq } = settingStatus.validate(statusShape, 'input', input)
      const set = await context.domain.support.setStatus(viewer, id, input.status, upToSeq ?? null)
      return { conversationId: settingStatus.granted(set) }
    },
  }),
}))
