// fastify + mercurius with graphql-jit, mqemitter-redis, pg.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import mqRedis from 'mqemitter-redis'
import { conversationUuid } from '../common/ids.mjs'
import { createStore, toConversation, toInboxEntry, toMessage, toMessageSent } from '../common/postgres.mjs'
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

// One statement reads the whole inbox, so loaders have nothing to batch.
function inboxEntryOf(row) {
  const entry = toInboxEntry(row)
  entry.conversation.lastMessage = row.seq === null ? null : toMessage(row)
  return entry
}

const resolvers = {
  DateTime,
  Query: {
    async inbox(_, { first }, { viewerId }) {
      const rows = await store.inboxWithMessages(requireViewer(viewerId), pageSize(first, 25))
      return toConnection(rows.map(inboxEntryOf))
    },
    async conversation(_, { id }, { viewerId }) {
      const uuid = conversationUuid(id)
      const row = uuid && (await store.conversation(uuid, requireViewer(viewerId)))
      return row ? toConversation(row) : null
    },
  },
  Conversation: {
    async lastMessage({ uuid, lastMessage }) {
      if (lastMessage !== undefined) return lastMessage
      const [row] = await store.messagePage(uuid, 1)
      return row ? toMessage(row) : null
    },
    async messages({ uuid }, { last }) {
      return toConnection((await store.messagePage(uuid, pageSize(last, 50))).map(toMessage))
    },
  },
  Mutation: {
    async sendMessage(_, { input }, { viewerId, pubsub }) {
      const viewer = requireViewer(viewerId)
      const refusal = refusalOf(input)
      if (refusal) return refusal
      const uuid = conversationUuid(input.conversationId)
      const row = uuid && (await store.sendMessage(uuid, viewer, input))
      if (!row) return notFoundResult
      const event = toMessageSent(row)
      // Not awaited: the answer need not wait for Redis. mercurius logs errors.
      void pubsub.publish({ topic: topicOf(uuid), payload: { messageEvents: event } })
      return { __typename: 'SendMessageSuccess', message: event.message }
    },
  },
  Subscription: {
    messageEvents: {
      async subscribe(_, { conversationId }, { viewerId, pubsub }) {
        const uuid = conversationUuid(conversationId)
        if (!uuid || !(await store.isMember(uuid, requireViewer(viewerId)))) throw notFound()
        return pubsub.subscribe(topicOf(uuid))
      },
    },
  },
  SendMessageResult: { resolveType: (result) => result.__typename },
  MessageEvent: { resolveType: (event) => event.__typename },
  Error: { resolveType: (error) => error.__typename },
}

const app = Fastify({ logger: false, keepAliveTimeout: keepAliveTimeoutMs })
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  graphiql: false,
  context: async ({ headers }) => ({ viewerId: await viewerOf(headers.authorization) }),
  subscription: {
    emitter: mqRedis({ connectionString: redisUrl }),
    fullWsTransport: true,
    async onConnect({ payload }) {
      const viewerId = await viewerOf(payload?.authorization)
      return viewerId ? { viewerId } : false
    },
  },
})
await app.listen({ host, port })
announce()
