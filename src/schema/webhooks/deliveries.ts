import { NotFoundError } from '../../domain/errors.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import type { WebhookDelivery as DeliveryShape } from '../../store/webhook-deliveries.ts'
import type { EventType } from '../../log/event-types.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { conversationId, decodeGlobalId, requireId, webhookDeliveryId } from '../building/ids.ts'
import { WebhookEventType } from './endpoint.ts'

const WebhookDeliveryState = builder.enumType('WebhookDeliveryState', {
  description: 'What became of a delivery.',
  values: {
    PENDING: { description: 'It was asked for, and not attempted since.' },
    RETRYING: { description: 'It failed, and is attempted again.' },
    FAILED: { description: 'It failed for good.' },
    DELIVERED: { description: 'The endpoint took it.' },
  },
})

export const WebhookDelivery = builder.objectRef<DeliveryShape>('WebhookDelivery').implement({
  description: 'What became of sending one event to one endpoint; not what was sent. For an ADMIN.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: ({ id }) => webhookDeliveryId(id) }),
    webhookId: t.string({ description: 'The header webhook-id, the same for each attempt.', resolve: ({ id }) => id }),
    type: t.field({
      type: WebhookEventType,
      nullable: true,
      description: 'Type of the event; null for a test.',
      resolve: ({ type, conversationId: conversation }) => (conversation === null ? null : (type as EventType)),
    }),
    conversationId: t.id({
      nullable: true,
      description: 'Its conversation; null for a test.',
      resolve: ({ conversationId: id }) => (id === null ? null : conversationId(id)),
    }),
    eventSeq: t.exposeInt('eventSeq', {
      nullable: true,
      description: 'Its number in that conversation; null for a test.',
    }),
    state: t.field({ type: WebhookDeliveryState, description: 'What became of it.', resolve: ({ state }) => state }),
    attempts: t.exposeInt('attempts', { description: 'How often it was attempted.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was attempted, or asked for, for the first time.',
      resolve: ({ createdAt }) => createdAt,
    }),
    lastAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was attempted last.',
      resolve: ({ lastAttemptAt }) => lastAttemptAt,
    }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is attempted again; null when it is not.',
      resolve: ({ nextAttemptAt }) => nextAttemptAt,
    }),
    responseStatus: t.exposeInt('responseStatus', {
      nullable: true,
      description: 'Status of the last answer; null when there was none.',
    }),
    failure: t.string({
      nullable: true,
      description: 'Why there was no answer.',
      resolve: ({ error }) => error,
    }),
    durationMs: t.exposeInt('durationMs', { nullable: true, description: 'How long the last attempt took.' }),
  }),
})

const WebhookDeliveryConnection = builder.connectionObject(
  { type: WebhookDelivery, name: 'WebhookDeliveryConnection', description: 'A page of deliveries.' },
  { name: 'WebhookDeliveryEdge', description: 'A delivery and its cursor.' },
)

/** The uuid of an endpoint's id. */
export function requireEndpointId(globalId: string): string {
  const decoded = decodeGlobalId(globalId)
  if (decoded?.type === 'WebhookEndpoint') return decoded.id
  throw new NotFoundError('There is no such webhook endpoint here.')
}

interface Place {
  createdAtMs: number
  id: string
}

const placeOf = ([createdAtMs, id]: unknown[]): Place | null =>
  isMomentMs(createdAtMs) && typeof id === 'string' && id.length <= 64 && !id.includes('\0')
    ? { createdAtMs, id }
    : null
const where = ({ createdAt, id }: DeliveryShape): Place => ({ createdAtMs: createdAt.getTime(), id })
const isBefore = (one: Place, other: Place) =>
  one.createdAtMs === other.createdAtMs ? one.id >= other.id : one.createdAtMs > other.createdAtMs

builder.queryField('webhookDeliveries', (t) =>
  t.field({
    type: WebhookDeliveryConnection,
    description:
      'For an ADMIN: deliveries to an endpoint, the newest first. Those that succeeded are listed for 3 days, the others for ' +
      '30. At most 100 per page; 25 by default.',
    args: {
      endpointId: t.arg.id({ required: true, description: 'The endpoint.' }),
      state: t.arg({ type: WebhookDeliveryState, description: 'Only those in this state.' }),
      type: t.arg({ type: WebhookEventType, description: 'Only of this type of events.' }),
      conversationId: t.arg.id({ description: 'Only of this conversation.' }),
      first: t.arg.int({ description: 'How many deliveries, 0 to 100.' }),
      after: t.arg.string({ description: 'Only deliveries after this cursor.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const { webhooks } = context.domain
      webhooks.requireAdmin(viewer)
      const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
      const after = page.after === null ? null : decodeCursor('deliveries', 'after', page.after, placeOf)
      const filter = {
        endpointId: requireEndpointId(args.endpointId),
        state: args.state ?? null,
        type: args.type ?? null,
        conversationId: args.conversationId == null ? null : requireId('Conversation', args.conversationId),
      }
      if (!(await webhooks.find(viewer, filter.endpointId)))
        throw new NotFoundError('There is no such webhook endpoint here.')
      const rows = await webhooks.deliveries(viewer, { ...filter, after, limit: page.size + 1 })
      const isBehind = async () => {
        const [first] = await webhooks.deliveries(viewer, { ...filter, after: null, limit: 1 })
        return first !== undefined && after !== null && isBefore(where(first), after)
      }
      const cursorOf = (row: DeliveryShape) => encodeCursor('deliveries', Object.values(where(row)))
      return toConnection(toPage(rows, page, cursorOf, isBehind), (row) => row)
    },
  }),
)
