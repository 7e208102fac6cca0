import { brandWithType } from '@pothos/core'
import { accessOf } from '../domain/conversations/access.ts'
import { findMember } from '../domain/conversations/members.ts'
import { ValidationError } from '../domain/errors.ts'
import { requestEntry } from '../domain/inbox/requests.ts'
import { ApiKey } from './api-keys/api-key.ts'
import { Attachment } from './attachments/attachment.ts'
import { builder } from './building/builder.ts'
import { requireViewer, type Context } from './building/context.ts'
import { Conversation, noteReading } from './conversations/conversation.ts'
import { ActiveSession } from './sessions/active.ts'
import { Member } from './conversations/member.ts'
import { decodeGlobalId } from './building/ids.ts'
import { InboxEntry } from './inbox/entry.ts'
import { Message } from './messages/message.ts'
import { Report } from './moderation/report.ts'
import { User } from './people/user.ts'
import { loadViewer, Viewer } from './people/viewer.ts'
import { WebhookDelivery } from './webhooks/deliveries.ts'
import { WebhookEndpoint } from './webhooks/endpoint.ts'

const maxNodes = 100

/** Null both for an object that does not exist and for one that the viewer may not see. */
async function loadNode(context: Context, globalId: string): Promise<object | null> {
  const viewer = requireViewer(context)
  const decoded = decodeGlobalId(globalId)
  switch (decoded?.type) {
    case 'User':
      return branded(User, await context.loaders.user.load(decoded.id))
    case 'Conversation': {
      const access = await accessOf(viewer, decoded.id, context.loaders)
      return branded(Conversation, access?.conversation ?? null)
    }
    case 'Message': {
      const message = await context.domain.messages.find(viewer, decoded, context.loaders)
      if (message) await noteReading(context, message.conversationId)
      return branded(Message, message)
    }
    case 'Attachment':
      return branded(Attachment, await context.domain.attachments.find(viewer, decoded.id, context.loaders))
    case 'InboxEntry': {
      const { userId, conversationId } = decoded
      // The viewer must not even learn that another person's entry exists.
      if (userId !== viewer.userId) return null
      const key = { viewerId: userId, conversationId }
      return branded(InboxEntry, (await context.loaders.entry.load(key)) ?? (await requestEntry(key, context.loaders)))
    }
    case 'Member':
      return branded(Member, await findMember(viewer, decoded, context.loaders))
    case 'Viewer':
      return decoded.id === viewer.userId ? branded(Viewer, await loadViewer(context)) : null
    case 'ActiveSession': {
      const sessions = await context.domain.sessions.list(viewer)
      return branded(ActiveSession, sessions.find(({ sessionId }) => sessionId === decoded.id) ?? null)
    }
    case 'Report':
      return branded(Report, await context.domain.reports.find(viewer, decoded.id))
    case 'WebhookEndpoint':
      return branded(WebhookEndpoint, await context.domain.webhooks.find(viewer, decoded.id))
    case 'WebhookDelivery':
      return branded(WebhookDelivery, await context.domain.webhooks.findDelivery(viewer, decoded.id))
    case 'ApiKey': {
      if (viewer.role !== 'ADMIN') return null
      const keys = await context.domain.apiKeys.list(viewer)
      return branded(ApiKey, keys.find(({ id }) => id === decoded.id) ?? null)
    }
    default:
      return null
  }
}

/** Brands the row with its type, from which the Node interface resolves it. */
function branded(type: Parameters<typeof brandWithType>[1], row: object | null) {
  if (row) brandWithType(row, type)
  return row
}

builder.queryFields((t) => ({
  node: t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: 'One object by its id; null when it does not exist or the viewer may not see it.',
    args: { id: t.arg.id({ required: true, description: 'A global id.' }) },
    resolve: (_, args, context) => loadNode(context, args.id),
  }),
  nodes: t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    description: `Several objects by their ids, in the order of the ids; null for each that does not exist or that the viewer may not see. At most ${String(maxNodes)}.`,
    args: { ids: t.arg.idList({ required: true, description: 'Global ids.' }) },
    resolve: (_, { ids }, context) => {
      requireViewer(context)
      if (ids.length > maxNodes) {
        const message = `At most ${String(maxNodes)} ids can be given at once.`
        throw new ValidationError(message, [{ path: ['ids'], reason: message }])
      }
      // Each once, however often it is named.
      const loading = new Map([...new Set(ids)].map((id) => [id, loadNode(context, id)]))
      return ids.map((id) => loading.get(id) ?? null)
    },
  }),
}))
