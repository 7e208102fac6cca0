import { z } from 'zod'
import { ForbiddenError, NotFoundError, OpKeyReusedError, ValidationError } from '../../domain/errors.ts'
import { decodeCursor, isMomentMs } from '../../domain/page.ts'
import { usualTypes } from '../../domain/webhooks/payload.ts'
import type { Replay } from '../../domain/webhooks/webhooks.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { decodeGlobalId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { opKey, within } from '../building/validate.ts'
import { requireEndpointId } from './deliveries.ts'
import {
  endpointInput,
  CreateWebhookEndpointInput,
  UpdateWebhookEndpointInput,
  RotateWebhookSecretInput,
  ReplayWebhookInput,
  CreateWebhookEndpointSuccess,
  RotateWebhookSecretSuccess,
  UpdateWebhookEndpointSuccess,
  PauseWebhookEndpointSuccess,
  ResumeWebhookEndpointSuccess,
  ReplayWebhookSuccess,
  DeleteWebhookEndpointSuccess,
  TestWebhookEndpointSuccess,
} from './shapes.ts'

const allKinds = ['DIRECT', 'GROUP', 'SUPPORT'] as const

const isUrl = (text: string) => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && [username, password, hash].every((part) => part === '')
}
const url = within(1, 2_000)
  .refine(isUrl, {
    message: 'Must be an address that begins with https:// or http://, without a password or a fragment.',
  })
  .transform((text) => new URL(text).href)
const some = <Value extends string>() =>
  z
    .array(z.custom<Value>())
    .min(1, 'Must name at least one.')
    .max(100, 'Must name each once.')
    .transform((values) => [...new Set(values)].sort())

const wishes = z.object({ url, types: some(), conversationKinds: some(), includeText: z.boolean(), opKey })
const changes = z.object({
  url: url.nullish(),
  types: some().nullish(),
  conversationKinds: some().nullish(),
  includeText: z.boolean().nullish(),
})

const creating = refusing(ForbiddenError, ValidationError, OpKeyReusedError)
const changing = refusing(ForbiddenError, NotFoundError, ValidationError)

const parsePosition = ([seenXid, ...running]: unknown[]) => {
  const isXid = (part: unknown): part is string => typeof part === 'string' && /^\d{1,18}$/.test(part)
  return isXid(seenXid) && running.length <= 10_000 && running.every(isXid) ? { seenXid, running } : null
}

interface ReplayInput {
  deliveryId?: string | null
  from?: Date | null
  cursor?: string | null
}

function replayOf({ deliveryId, from, cursor }: ReplayInput): Replay {
  const given = [deliveryId, from, cursor].filter((each) => each != null)
  if (given.length !== 1) {
    const reason = 'Give exactly one of deliveryId, from and cursor.'
    throw new ValidationError(`input: ${reason}`, [{ path: ['input'], reason }])
  }
  if (from != null) {
    if (isMomentMs(from.getTime())) return { fromMs: from.getTime() }
    const reason = 'Must be a time from 1970 to 9999.'
    throw new ValidationError(`input.from: ${reason}`, [{ path: ['input', 'from'], reason }])
  }
  if (cursor != null) return { position: decodeCursor('webhook', 'cursor', cursor, parsePosition) }
  const decoded = decodeGlobalId(deliveryId ?? '')
  if (decoded?.type === 'WebhookDelivery') return { deliveryId: decoded.id }
  throw new NotFoundError('This endpoint has no such delivery.')
}

builder.mutationFields((t) => ({
  createWebhookEndpoint: t.field({
    type: CreateWebhookEndpointSuccess,
    errors: creating.errors,
    description:
      'For an ADMIN: pushes events of conversations to a URL, signed as Standard Webhooks says. At most 50 endpoints.',
    args: { input: t.arg({ type: CreateWebhookEndpointInput, required: true, description: 'Where to, and what.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { webhooks } = context.domain
      webhooks.requireAdmin(viewer)
      const types = input.types ?? [...usualTypes]
      const kinds = input.conversationKinds ?? [...allKinds]
      const includeText = input.includeText ?? false
      const wished = creating.validate(wishes, 'input', { ...input, types, conversationKinds: kinds, includeText })
      const { conversationKinds, includeText: includesText, opKey: key, ...others } = wished
      return creating.granted(await webhooks.create(viewer, { ...others, kinds: conversationKinds, includesText }, key))
    },
  }),
  updateWebhookEndpoint: t.field({
    type: UpdateWebhookEndpointSuccess,
    errors: changing.errors,
    description: 'For an ADMIN: changes what a webhook endpoint gets, and where. Repeating it changes nothing.',
    args: { input: t.arg({ type: UpdateWebhookEndpointInput, required: true, description: 'What to change.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { webhooks } = context.domain
      webhooks.requireAdmin(viewer)
      const id = requireEndpointId(input.endpointId)
      const { url: to, types, conversationKinds, includeText } = changing.validate(changes, 'input', input)
      const wished = {
        ...{ url: to ?? undefined, types: types ?? undefined },
        ...{ kinds: conversationKinds ?? undefined, includesText: includeText ?? undefined },
      }
      return changing.granted(await webhooks.update(viewer, id, wished))
    },
  }),
  rotateWebhookSecret: t.field({
    type: RotateWebhookSecretSuccess,
    errors: changing.errors,
    description: 'For an ADMIN: gives a webhook endpoint a new secret. For a day deliveries have a signature of each.',
    args: { input: t.arg({ type: RotateWebhookSecretInput, required: true, description: 'Which endpoint.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { webhooks } = context.domain
      webhooks.requireAdmin(viewer)
      const key = changing.validate(opKey, ['input', 'opKey'], input.opKey)
      return changing.granted(await webhooks.rotate(viewer, requireEndpointId(input.endpointId), key))
    },
  }),
  deleteWebhookEndpoint: t.field({
    type: DeleteWebhookEndpointSuccess,
    errors: changing.errors,
    description: 'For an ADMIN: sends nothing more to a webhook endpoint, and forgets it.',
    args: {
      input: t.arg({
        type: endpointInput('DeleteWebhookEndpointInput', 'A webhook endpoint to delete.'),
        required: true,
        description: 'Which one.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      context.domain.webhooks.requireAdmin(viewer)
      const id = requireEndpointId(input.endpointId)
      changing.granted(await context.domain.webhooks.remove(viewer, id))
      return { id }
    },
  }),
  pauseWebhookEndpoint: t.field({
    type: PauseWebhookEndpointSuccess,
    errors: changing.errors,
    description:
      'For an ADMIN: sends nothing more to a webhook endpoint until it is resumed. The log does not wait for it.',
    args: {
      input: t.arg({
        type: endpointInput('PauseWebhookEndpointInput', 'A webhook endpoint to pause.'),
        required: true,
        description: 'Which one.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      context.domain.webhooks.requireAdmin(viewer)
      return changing.granted(await context.domain.webhooks.pause(viewer, requireEndpointId(input.endpointId)))
    },
  }),
  resumeWebhookEndpoint: t.field({
    type: ResumeWebhookEndpointSuccess,
    errors: changing.errors,
    description: 'For an ADMIN: a webhook endpoint goes on from where it was, and what waits is attempted at once.',
    args: {
      input: t.arg({
        type: endpointInput('ResumeWebhookEndpointInput', 'A webhook endpoint to resume.'),
        required: true,
        description: 'Which one.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      context.domain.webhooks.requireAdmin(viewer)
      return changing.granted(await context.domain.webhooks.resume(viewer, requireEndpointId(input.endpointId)))
    },
  }),
  testWebhookEndpoint: t.field({
    type: TestWebhookEndpointSuccess,
    errors: changing.errors,
    description: 'For an ADMIN: sends an event of the type Test to an active webhook endpoint.',
    args: {
      input: t.arg({
        type: endpointInput('TestWebhookEndpointInput', 'A webhook endpoint to test.'),
        required: true,
        description: 'Which one.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      context.domain.webhooks.requireAdmin(viewer)
      return changing.granted(await context.domain.webhooks.test(viewer, requireEndpointId(input.endpointId)))
    },
  }),
  replayWebhook: t.field({
    type: ReplayWebhookSuccess,
    errors: changing.errors,
    description:
      'For an ADMIN: delivers something again, with the webhook-id that it had. A delivery by itself comes in no order with others; ' +
      'from a time or a cursor on everything comes again in order, before what is new.',
    args: { input: t.arg({ type: ReplayWebhookInput, required: true, description: 'What.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      context.domain.webhooks.requireAdmin(viewer)
      const id = requireEndpointId(input.endpointId)
      return changing.granted(await context.domain.webhooks.replay(viewer, id, replayOf(input)))
    },
  }),
}))
