// The most obvious implementation: graphql-yoga, Prisma with an interactive transaction for a send, DataLoader,
// graphql-redis-subscriptions' iterator, graphql-ws for the socket.
import { createServer } from 'node:http'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { createSchema, createYoga } from 'graphql-yoga'
import { Redis } from 'ioredis'
import { WebSocketServer } from 'ws'
import { conversationId, conversationUuid, messageId, userId } from '../common/ids.mjs'
import {
  DateTime,
  notFound,
  notFoundResult,
  pageSize,
  refusalOf,
  requireViewer,
  toConnection,
  topicOf,
  typeDefs,
} from '../common/rules.mjs'
import {
  announce,
  databaseUrl,
  host,
  jwtSecret,
  keepAliveTimeoutMs,
  poolSize,
  port,
  redisUrl,
} from '../common/settings.mjs'
import { createAuthorizationCheck } from '../common/tokens.mjs'
import { createLoaders, createPrisma } from './database.mjs'

const viewerOf = await createAuthorizationCheck(jwtSecret)
const prisma = createPrisma({ databaseUrl, poolSize })
const pubsub = new RedisPubSub({ publisher: new Redis(redisUrl), subscriber: new Redis(redisUrl) })

const activeMember = (conversation, user, client = prisma) =>
  client.member.findFirst({ where: { conversationId: conversation, userId: user, leftAt: null } })

/** Null when there is no such conversation for this sender. */
const send = (conversation, sender, { text, clientMessageId }) =>
  prisma.$transaction(async (tx) => {
    if (!(await activeMember(conversation, sender, tx))) return null
    // The row stays locked until the commit, so that two messages never get the same number.
    const { headSeq: seq, lastActivityAt: createdAt } = await tx.conversation.update({
      where: { id: conversation },
      data: { headSeq: { increment: 1 }, lastActivityAt: new Date() },
    })
    const message = await tx.message.create({
      data: { conversationId: conversation, seq, senderId: sender, text, clientMessageId, createdAt },
      include: { sender: true },
    })
    await tx.member.update({
      where: { conversationId_userId: { conversationId: conversation, userId: sender } },
      data: { lastReadSeq: seq, ownReadSeq: seq, lastDeliveredSeq: seq, lastSentSeq: seq },
    })
    return message
  })

const resolvers = {
  DateTime,
  Query: {
    async inbox(_, { first }, { viewerId }) {
      const entries = await prisma.member.findMany({
        where: { userId: requireViewer(viewerId), leftAt: null, archived: false },
        orderBy: [{ pinned: 'desc' }, { conversation: { lastActivityAt: 'desc' } }, { conversationId: 'desc' }],
        take: pageSize(first, 25),
        include: { conversation: true },
      })
      return toConnection(entries)
    },
    async conversation(_, { id }, { viewerId }) {
      const uuid = conversationUuid(id)
      const viewer = requireViewer(viewerId)
      if (!uuid) return null
      return prisma.conversation.findFirst({ where: { id: uuid, members: { some: { userId: viewer, leftAt: null } } } })
    },
  },
  InboxEntry: {
    lastReadSeq: ({ ownReadSeq }) => ownReadSeq,
    unreadCount: (entry, _, { loaders }) => loaders.unreadCount.load(entry.conversationId),
  },
  Conversation: {
    id: ({ id }) => conversationId(id),
    lastMessage: ({ id, headSeq }, _, { loaders }) =>
      headSeq === 0 ? null : loaders.message.load({ conversationId: id, seq: headSeq }),
    async messages({ id }, { last }) {
      const newest = await prisma.message.findMany({
        where: { conversationId: id },
        orderBy: { seq: 'desc' },
        take: pageSize(last, 50),
      })
      return toConnection(newest.reverse())
    },
  },
  Message: {
    id: (message) => messageId(message.conversationId, message.seq),
    // An event contains its sender.
    sender: (message, _, { loaders }) => message.sender ?? loaders.user.load(message.senderId),
  },
  User: { id: ({ id }) => userId(id) },
  Mutation: {
    async sendMessage(_, { input }, { viewerId }) {
      const viewer = requireViewer(viewerId)
      const refusal = refusalOf(input)
      if (refusal) return refusal
      const uuid = conversationUuid(input.conversationId)
      const message = uuid && (await send(uuid, viewer, input))
      if (!message) return notFoundResult
      const event = { __typename: 'MessageSent', message, occurredAt: message.createdAt }
      pubsub.publish(topicOf(uuid), { messageEvents: event }).catch(console.error)
      return { __typename: 'SendMessageSuccess', message }
    },
  },
  Subscription: {
    messageEvents: {
      async subscribe(_, args, { viewerId }) {
        const uuid = conversationUuid(args.conversationId)
        if (!uuid || !(await activeMember(uuid, requireViewer(viewerId)))) throw notFound()
        return pubsub.asyncIterator(topicOf(uuid))
      },
    },
  },
}

const yoga = createYoga({
  schema: /** @type {any} */ (createSchema({ typeDefs, resolvers })),
  // A request has its own header; an operation on a socket uses the viewer found when the socket opened.
  async context(/** @type {any} */ { request, extra }) {
    const viewerId = extra ? extra.viewerId : await viewerOf(request.headers.get('authorization'))
    return { viewerId, loaders: createLoaders(prisma, viewerId) }
  },
  graphiql: false,
  landingPage: false,
  logging: false,
})

const httpServer = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, yoga)
useServer(
  {
    execute: (/** @type {any} */ args) => args.rootValue.execute(args),
    subscribe: (/** @type {any} */ args) => args.rootValue.subscribe(args),
    async onConnect({ connectionParams, extra }) {
      extra.viewerId = await viewerOf(connectionParams?.authorization)
      return extra.viewerId !== null
    },
    async onSubscribe(context, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      })
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      }
      const errors = validate(args.schema, args.document)
      return errors.length > 0 ? errors : args
    },
  },
  new WebSocketServer({ server: httpServer, path: yoga.graphqlEndpoint }),
)
httpServer.listen(port, host, announce)
