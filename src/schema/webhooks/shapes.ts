import type { WebhookDelivery as DeliveryShape } from '../../store/webhook-deliveries.ts'
import type { WebhookEndpoint as EndpointShape } from '../../store/webhook-endpoints.ts'
import { builder } from '../building/builder.ts'
import { webhookEndpointId } from '../building/ids.ts'
import { ConversationKind } from '../conversations/conversation.ts'
import { WebhookDelivery } from './deliveries.ts'
import { WebhookEndpoint, WebhookEventType } from './endpoint.ts'

const toEndpoint = {
  endpoint: {
    type: WebhookEndpoint,
    description: 'The endpoint, as it is now.',
    resolve: (endpoint: EndpointShape) => endpoint,
  },
}
const success = (name: string, description: string) =>
  builder.objectRef<EndpointShape>(name).implement({
    description,
    fields: (t) => ({ endpoint: t.field(toEndpoint.endpoint) }),
  })
const successWithSecret = (name: string, description: string) =>
  builder.objectRef<EndpointShape>(name).implement({
    description,
    fields: (t) => ({
      endpoint: t.field(toEndpoint.endpoint),
      secret: t.exposeString('secret', {
        description: 'The key of its signatures, for a library of Standard Webhooks. It is shown here only.',
      }),
    }),
  })

export const CreateWebhookEndpointInput = builder.inputType('CreateWebhookEndpointInput', {
  description: 'A new webhook endpoint.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description: 'Where events go, of 1 to 2,000 characters: https:// or http://, on the public internet.',
    }),
    types: t.field({ type: [WebhookEventType], description: 'Types of events; all but RECEIPT_ADVANCED by default.' }),
    conversationKinds: t.field({ type: [ConversationKind], description: 'Kinds of conversations; all by default.' }),
    includeText: t.boolean({
      description: 'Whether it gets the texts of messages and titles of conversations; false by default.',
    }),
    opKey: t.string({ required: true, description: 'Key of this request.' }),
  }),
})

export const UpdateWebhookEndpointInput = builder.inputType('UpdateWebhookEndpointInput', {
  description: 'What to change of a webhook endpoint. What is left out stays as it is.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint.' }),
    url: t.string({ description: 'Where events go.' }),
    types: t.field({ type: [WebhookEventType], description: 'Types of events.' }),
    conversationKinds: t.field({ type: [ConversationKind], description: 'Kinds of conversations.' }),
    includeText: t.boolean({ description: 'Whether it gets texts and titles.' }),
  }),
})

export const endpointInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ endpointId: t.id({ required: true, description: 'The endpoint.' }) }),
  })

export const RotateWebhookSecretInput = builder.inputType('RotateWebhookSecretInput', {
  description: 'A webhook endpoint that is to have a new secret.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint.' }),
    opKey: t.string({
      required: true,
      description: 'Key of this request: repeated with it, it makes no further secret.',
    }),
  }),
})

export const ReplayWebhookInput = builder.inputType('ReplayWebhookInput', {
  description: 'What a webhook endpoint is to get again: exactly one of deliveryId, from and cursor.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint.' }),
    deliveryId: t.id({ description: 'This delivery alone.' }),
    from: t.field({
      type: 'DateTime',
      description: 'Everything that happened at this time or later, as far as the log has it.',
    }),
    cursor: t.string({ description: 'Everything after this WebhookEndpoint.cursor.' }),
  }),
})

export const CreateWebhookEndpointSuccess = successWithSecret(
  'CreateWebhookEndpointSuccess',
  'The endpoint gets events from now on.',
)
export const RotateWebhookSecretSuccess = successWithSecret(
  'RotateWebhookSecretSuccess',
  'Deliveries are signed with the new secret, and for a day with the former one too.',
)
export const UpdateWebhookEndpointSuccess = success(
  'UpdateWebhookEndpointSuccess',
  'What is sent from now on is by the new settings.',
)
export const PauseWebhookEndpointSuccess = success('PauseWebhookEndpointSuccess', 'The endpoint gets nothing more.')
export const ResumeWebhookEndpointSuccess = success(
  'ResumeWebhookEndpointSuccess',
  'The endpoint gets what it has not got, as far as the log has it.',
)
export const ReplayWebhookSuccess = success('ReplayWebhookSuccess', 'It is sent again, as soon as may be.')

export const DeleteWebhookEndpointSuccess = builder
  .objectRef<{ id: string }>('DeleteWebhookEndpointSuccess')
  .implement({
    description: 'The endpoint and the list of its deliveries are gone.',
    fields: (t) => ({
      endpointId: t.id({ description: 'Which it was.', resolve: ({ id }) => webhookEndpointId(id) }),
    }),
  })

export const TestWebhookEndpointSuccess = builder.objectRef<DeliveryShape>('TestWebhookEndpointSuccess').implement({
  description: 'A test event is on its way.',
  fields: (t) => ({
    delivery: t.field({
      type: WebhookDelivery,
      description: 'What becomes of it: load it again by its id.',
      resolve: (delivery) => delivery,
    }),
  }),
})
