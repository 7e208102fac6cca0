// Apollo Server over Express, graphql-ws for the socket, graphql-redis-subscriptions' iterator, pg and DataLoader.
import { createServer } from 'node:http'
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer'
import { expressMiddleware } from '@as-integrations/express5'
import { makeExecutableSchema } from '@graphql-tools/schema'
import DataLoader from 'dataloader'
import express from 'express'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { Redis } from 'ioredis'
import { WebSocketServer } from 'ws'
import { conversationUuid } from '../common/ids.mjs'
import { createStore, toConversation, toInboxEntry, toMessage, toMessageSent, toUser } from '../common/postgres.mjs'
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

const viewerOf = await createAuthorizationCheck(jwtSecret)
const store = createStore({ databaseUrl, poolSize })
const pubsub = new RedisPubSub({ publisher: new Redis(redisUrl), subscriber: new Redis(redisUrl) })

const createLoaders = () => ({
  user: new DataLoader(async (uuids) => {
    const found = new Map((await store.usersById(uuids)).map((row) => [row.uuid, toUser(row)]))
    return uuids.map((uuid) => found.get(uuid))
  }),
  lastMessage: new DataLoader(
    async (conversations) => {
      const places = conversations.map(({ uuid, headSeq }) => ({ conversationUuid: uuid, seq: headSeq }))
      const found = new Map((await store.messagesByPlace(places)).map((row) => [row.conversationUuid, toMessage(row)]))
      return conversations.map(({ uuid }) => found.get(uuid) ?? null)
    },
    { cacheKeyFn: ({ uuid }) => uuid },
  ),
})

const resolvers = {
  DateTime,
  Query: {
    async inbox(_, { first }, { viewerId }) {
      const rows = await store.inbox(requireViewer(viewerId), pageSize(first, 25))
      return toConnection(rows.map(toInboxEntry))
    },
    async conversation(_, { id }, { viewerId }) {
      const uuid = conversationUuid(id)
      const row = uuid && (await store.conversation(uuid, requireViewer(viewerId)))
      return row ? toConversation(row) : null
    },
  },
  Conversation: {
    lastMessage: (conversation, _, { loaders }) => loaders.lastMessage.load(conversation),
    async messages({ uuid }, { last }) {
      return toConnection((await store.messagePage(uuid, pageSize(last, 50))).map(toMessage))
    },
  },
  Message: {
    sender: ({ sender, senderUuid }, _, { loaders }) => sender ?? loaders.user.load(senderUuid),
  },
  Mutation: {
    async sendMessage(_, { input }, { viewerId }) {
      const viewer = requireViewer(viewerId)
      const refusal = refusalOf(input)
      if (refusal) return refusal
      const uuid = conversationUuid(input.conversationId)
      const row = uuid && (await store.sendMessage(uuid, viewer, input))
      if (!row) return notFoundResult
      const event = toMessageSent(row)
      pubsub.publish(topicOf(uuid), { messageEvents: event }).catch(console.error)
      return { __typename: 'SendMessageSuccess', message: event.message }
    },
  },
  Subscription: {
    messageEvents: {
      async subscribe(_, { conversationId }, { viewerId }) {
        const uuid = conversationUuid(conversationId)
        if (!uuid || !(await store.isMember(uuid, requireViewer(viewerId)))) throw notFound()
        return pubsub.asyncIterator(topicOf(uuid))
      },
    },
  },
}

const schema = makeExecutableSchema({ typeDefs, resolvers })
const app = express()
app.disable('x-powered-by')
app.set('etag', false)
const httpServer = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, app)

const wsServer = new WebSocketServer({ server: httpServer, path: '/graphql' })
const serverCleanup = useServer(
  {
    schema,
    async onConnect({ connectionParams, extra }) {
      extra.viewerId = await viewerOf(connectionParams?.authorization)
      return extra.viewerId !== null
    },
    context: ({ extra }) => ({ viewerId: extra.viewerId, loaders: createLoaders() }),
  },
  wsServer,
)

const server = new ApolloServer({
  schema,
  introspection: false,
  plugins: [
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginDrainHttpServer({ httpServer }),
    { serverWillStart: async () => ({ drainServer: async () => serverCleanup.dispose() }) },
  ],
})
await server.start()

app.use(
  '/graphql',
  express.json(),
  expressMiddleware(server, {
    context: async ({ req }) => ({ viewerId: await viewerOf(req.headers.authorization), loaders: createLoaders() }),
  }),
)
httpServer.listen(port, host, announce)
