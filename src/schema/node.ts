import { brandWithType } from '@pothos/core'
import { ValidationError } from '../domain/errors.ts'
import { builder } from './building/builder.ts'
import { requireViewer, type Context } from './building/context.ts'
import { Conversation } from './conversations/conversation.ts'
import { decodeGlobalId } from './building/ids.ts'
import { Message } from './messages/message.ts'
import { User } from './people/user.ts'

const maxNodes = 100

/** Null for what does not exist and for what the viewer may not see alike. */
async function loadNode(context: Context, globalId: string): Promise<object | null> {
  const viewer = requireViewer(context)
  const decoded = decodeGlobalId(globalId)
  switch (decoded?.type) {
    case 'User':
      return branded(User, await context.loaders.user.load(decoded.id))
    case 'Conversation': {
      const entry = await context.loaders.entry.load({ viewerId: viewer.userId, conversationId: decoded.id })
      return branded(Conversation, entry?.conversation ?? null)
    }
    case 'Message':
      return branded(Message, await context.domain.messages.find(viewer, decoded, context.loaders))
    default:
      return null
  }
}

/** The interface tells what a row is by this mark. */
function branded(type: typeof User | typeof Conversation | typeof Message, row: object | null) {
  if (row) brandWithType(row, type)
  return row
}

builder.queryFields((t) => ({
  node: t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: "Anything by its id; null when it does not exist or is not the viewer's to see.",
    args: { id: t.arg.id({ required: true, description: 'A global id.' }) },
    resolve: (_, args, context) => loadNode(context, args.id),
  }),
  nodes: t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    description: `Several things by their ids, in the order asked for; null in the place of what is not to be had. At most ${String(maxNodes)}.`,
    args: { ids: t.arg.idList({ required: true, description: 'Global ids.' }) },
    resolve: (_, { ids }, context) => {
      requireViewer(context)
      if (ids.length > maxNodes) {
        const message = `At most ${String(maxNodes)} ids can be given at once.`
        throw new ValidationError(message, [{ path: ['ids'], reason: message }])
      }
      return ids.map((id) => loadNode(context, id))
    },
  }),
}))
