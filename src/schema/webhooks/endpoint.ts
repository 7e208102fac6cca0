import { webhookTypes } from '../../domain/webhooks/payload.ts'
import { eventTypes, type EventType } from '../../log/event-types.ts'
import { encodeCursor } from '../../domain/page.ts'
import type { WebhookEndpoint as EndpointShape } from '../../store/webhook-endpoints.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { webhookEndpointId } from '../building/ids.ts'
import { ConversationKind } from '../conversations/conversation.ts'

export const WebhookEventType = builder.enumType('WebhookEventType', {
  description: 'Types of events that a webhook endpoint can get.',
  values: Object.fromEntries(
    webhookTypes.map((type) => [type, { description: `${eventTypes[type].graphqlName}, as subscriptions have it.` }]),
  ) as Record<EventType, { description: string }>,
})

const WebhookEndpointState = builder.enumType('WebhookEndpointState', {
  description: 'Whether a webhook endpoint gets events.',
  values: {
    ACTIVE: { description: 'It gets them.' },
    PAUSED: {
      description: 'By an ADMIN, or because nothing could be delivered for a day. It continues from where it was.',
    },
    DISABLED: { description: 'It answered 410 Gone, or is no longer in the settings of the server.' },
  },
})

export const WebhookEndpoint = builder.objectRef<EndpointShape>('WebhookEndpoint').implement({
  description: 'A URL to which events of conversations are pushed. For an ADMIN: nobody else can load it.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: ({ id }) => webhookEndpointId(id) }),
    url: t.exposeString('url', { description: 'Where they go.' }),
    types: t.field({
      type: [WebhookEventType],
      description: 'Which types of events it gets.',
      resolve: ({ types }) => types as EventType[],
    }),
    conversationKinds: t.field({
      type: [ConversationKind],
      description: 'Of which kinds of conversations.',
      resolve: ({ kinds }) => kinds as ('DIRECT' | 'GROUP' | 'SUPPORT')[],
    }),
    includeText: t.boolean({
      description: 'Whether it gets the texts of messages and the titles of conversations.',
      resolve: ({ includesText }) => includesText,
    }),
    state: t.field({
      type: WebhookEndpointState,
      description: 'Whether it gets events.',
      resolve: ({ state }) => state,
    }),
    stateReason: t.exposeString('stateReason', { nullable: true, description: 'Why it is not ACTIVE.' }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was made.', resolve: ({ createdAt }) => createdAt }),
    failingSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when nothing could be delivered; null when the last attempt succeeded.',
      resolve: ({ failingSince }) => failingSince,
    }),
    heldConversations: t.int({
      description: 'How many conversations wait for one of their events to be delivered.',
      resolve: ({ heldCount }) => heldCount,
    }),
    cursor: t.string({
      description: 'Where it is in the log. Given to replayWebhook later, everything after it is delivered again.',
      resolve: ({ seenXid, running }) => encodeCursor('webhook', [seenXid, ...running]),
    }),
    formerSecretUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when deliveries are signed with the former secret too; null when there is none.',
      resolve: ({ formerSecretUntil }) => formerSecretUntil,
    }),
  }),
})

builder.queryField('webhookEndpoints', (t) =>
  t.field({
    type: [WebhookEndpoint],
    description: 'For an ADMIN: the webhook endpoints, the oldest first; 50 at the most.',
    resolve: (_, __, context) => context.domain.webhooks.list(requireViewer(context)),
  }),
)
