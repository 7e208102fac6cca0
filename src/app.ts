import { join } from 'node:path'
import type { Bus } from './bus/bus.ts'
import { RedisHealth } from './bus/health.ts'
import { createInProcessBus } from './bus/inprocess.ts'
import { createRedisBus } from './bus/redis.ts'
import { topics } from './bus/topics.ts'
import type { Config } from './config.ts'
import { createAttempts } from './domain/sessions/attempts.ts'
import { createConversations } from './domain/conversations/conversations.ts'
import { messageOfOthers } from './domain/receipts/delivered.ts'
import { createDevices } from './domain/presence/devices.ts'
import type { Domain } from './domain/domain.ts'
import { UnauthenticatedError } from './domain/errors.ts'
import { createEventLoaders, type LiveItem } from './domain/streams/event-loaders.ts'
import { gatherEntries } from './domain/inbox/gathered-entries.ts'
import { gatherUsers } from './domain/people/gathered-users.ts'
import { createInbox } from './domain/inbox/inbox.ts'
import { createLoaders } from './domain/loaders.ts'
import { createMembershipOf } from './domain/conversations/memberships.ts'
import { createMessages } from './domain/messages/messages.ts'
import { createPeople } from './domain/people/people.ts'
import { startRefold } from './domain/people/refold.ts'
import { startPresenceSweep } from './domain/presence/sweep.ts'
import { startPresenceWatch } from './domain/presence/watch.ts'
import { createPresence } from './domain/presence/presence.ts'
import { startReceipts } from './domain/receipts/receipts.ts'
import { startSessionWatch } from './domain/sessions/session-watch.ts'
import { createSessions } from './domain/sessions/sessions.ts'
import { createStreams } from './domain/streams/streams.ts'
import { createTyping } from './domain/typing/typing.ts'
import { createInProcessPresence } from './ephemeral/inprocess.ts'
import type { PresenceStates } from './ephemeral/presence.ts'
import { createRedisPresence } from './ephemeral/redis.ts'
import { createAppend } from './log/append.ts'
import { faultPoint } from './log/fault.ts'
import { createHub } from './log/hub.ts'
import { createReadLog } from './log/read.ts'
import { startRelay } from './log/relay.ts'
import { startRetention } from './log/retention.ts'
import type { Context } from './schema/building/context.ts'
import { createEventResults } from './execution/event-results.ts'
import { schema } from './schema/index.ts'
import { createConversationStore } from './store/conversations.ts'
import { createDatabase } from './store/database/database.ts'
import { startEmbeddedPostgres } from './embedded/postgres.ts'
import { ownSecret } from './embedded/own-secret.ts'
import { createEventStore } from './store/events.ts'
import { createMemberStore } from './store/members.ts'
import { createMessageStore } from './store/messages.ts'
import { migrate } from './store/database/migrate.ts'
import { createPeopleStore } from './store/people.ts'
import { createPresenceStore } from './store/presence.ts'
import { createSearchNameStore } from './store/search-names.ts'
import { createSessionStore } from './store/sessions.ts'
import { createWrite } from './store/writing/writes.ts'
import { createLogger } from './telemetry/logger.ts'
import { bearerToken } from './transport/authenticate.ts'
import type { ContextInit } from './transport/context.ts'
import { listenOrExplain } from './transport/http/listening.ts'
import { localUrl } from './transport/http/local-url.ts'
import { createTransport } from './transport/http/server.ts'
import { readTrustedDocuments } from './execution/trusted-documents.ts'

export interface App {
  /** Where GraphQL is served: http://127.0.0.1:4000/graphql */
  url: string
  /** What readers hold in this process: back to where it was when they are gone. */
  counts(): Counts
  /** Ends everything this started, in the reverse order. Idempotent. */
  stop(): Promise<void>
}

export interface Counts {
  /** Streams with readers, each with one bus subscription. */
  streams: number
  busTopics: number
  sockets: number
  eventStreams: number
  sessionListeners: number
  /** Conversations whose typing is watched, and people who said a moment ago whether they type. */
  typing: number
  devices: number
  presenceFeeds: number
}

const stopGraceMs = 7_000
/** Time for the clients of a connection that broke to come back; graphql-ws waits up to 4 s before it tries. */
const streamLingerMs = 5_000

/** Beside src/ and dist/ alike. */
const migrationsDir = join(import.meta.dirname, '../prisma/migrations')

/** The composition root: every part is made here, once, and handed what it needs. */
export async function createApp(config: Config): Promise<App> {
  const logger = createLogger(config.logLevel)
  const stops: (() => Promise<void> | void)[] = []
  let stopped: Promise<void> | undefined
  const stop = () =>
    (stopped ??= (async () => {
      for (const stopPart of stops.reverse()) await stopPart()
    })())

  try {
    const trustedDocuments =
      config.persistedDocuments === null
        ? null
        : readTrustedDocuments(config.persistedDocuments, config.persistedDocumentsOnly)
    let connectionString = config.databaseUrl
    if (connectionString === null) {
      const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: logger })
      stops.push(() => postgres.stop())
      connectionString = postgres.url
    }
    const { pooling } = await migrate({
      connectionString,
      migrationsDir,
      log: logger,
      lockTimeoutMs: config.migrationLockTimeoutMs,
    })
    const db = createDatabase({ connectionString, poolSize: config.databasePoolSize, pooling, logger })
    stops.push(() => db.close())

    const redis = { health: new RedisHealth(logger), probeIntervalMs: config.redisProbeIntervalMs }
    const bus: Bus =
      config.redisUrl === null ? createInProcessBus(logger) : createRedisBus(config.redisUrl, logger, redis)
    stops.push(() => bus.close())

    const events = createEventStore(db)
    const conversations = createConversationStore(db)
    const messages = createMessageStore(db)
    const people = createPeopleStore(db)
    const presenceStore = createPresenceStore(db)
    const sessionStore = createSessionStore(db)

    const readLog = createReadLog(events)
    const hub = createHub({
      bus,
      events,
      readLog,
      ringSize: config.ringEvents,
      ringMemoryByteSize: config.ringMemoryByteSize,
      lingerMs: streamLingerMs,
      logger,
    })
    stops.push(() => {
      hub.close()
    })
    const relay = await startRelay({ events, hub, intervalMs: config.relayIntervalMs, logger })
    stops.push(() => relay.stop())
    const write = createWrite(db, config.receiptGatherMembers)
    const append = createAppend({ write, bus, hub, logger, afterCommit: faultPoint(config.fault) })

    const watch = await startSessionWatch({ store: sessionStore, bus, logger })
    stops.push(() => {
      watch.stop()
    })
    const { refreshRepeatWindowMs, trustProxy, publicUrl } = config
    const jwtSecret = config.jwtSecret ?? ownSecret(config.dataDir)
    const stores = {
      people: { ...people, byIds: gatherUsers(people) },
      conversations: { ...conversations, entries: gatherEntries(conversations) },
      messages,
      members: createMemberStore(db),
    }

    const states: PresenceStates =
      config.redisUrl === null
        ? createInProcessPresence({
            announce: (userIds) => void bus.publish(topics.presence, JSON.stringify(userIds)).catch(() => undefined),
          })
        : createRedisPresence({ ...redis, url: config.redisUrl })
    stops.push(() => states.close())
    const devices = createDevices({ states, watch, logger })
    stops.push(() => devices.stop())
    const presenceParts = { states, devices, store: presenceStore, people: stores.people, logger }
    const sweep = startPresenceSweep({ ...presenceParts, intervalMs: config.presenceIntervalMs })
    stops.push(() => sweep.stop())
    const presenceWatch = await startPresenceWatch({ ...presenceParts, bus })
    stops.push(() => {
      presenceWatch.stop()
    })
    const presence = createPresence({ ...presenceParts, presenceWatch, watch })

    const streams = createStreams({ hub, readLog, events, conversations, watch })
    const typing = createTyping({ bus, streams, membershipOf: createMembershipOf(conversations), logger })
    stops.push(() => {
      typing.stop()
    })

    const loaderStores = { ...stores, presence }
    const newLoaders = () => createLoaders(loaderStores)
    const domain: Domain = {
      attempts: createAttempts(config.rateLimits),
      sessions: createSessions({ store: sessionStore, watch, presence, jwtSecret, refreshRepeatWindowMs }),
      people: createPeople({ store: people, append, watch, presence }),
      conversations: createConversations(append, presence),
      messages: createMessages(append, events, typing),
      inbox: createInbox(append, conversations),
      streams,
      typing,
      presence,
      newLoaders,
      loadersFor: createEventLoaders(newLoaders),
    }

    const retention = startRetention({
      events,
      eventTtlMs: config.eventTtlMs,
      opKeyTtlMs: config.opKeyTtlMs,
      alsoDo: () => domain.people.finishErasures(),
      intervalMs: config.housekeepingIntervalMs,
      logger,
    })
    stops.push(() => retention.stop())
    const searchNames = createSearchNameStore(db)
    const refold = await startRefold({ names: searchNames, intervalMs: config.housekeepingIntervalMs, logger })
    stops.push(() => refold.stop())
    const receipts = startReceipts({ append, intervalMs: config.receiptFlushIntervalMs, logger })
    stops.push(() => receipts.stop())

    const createContext = async (init: ContextInit): Promise<Context> => ({
      ...(await authenticate(domain, init)),
      domain,
      loaders: newLoaders(),
      prisma: db.prisma,
      client: {
        ip: init.clientIp,
        baseUrl: init.baseUrl,
        refreshCookie: init.refreshCookie,
        setRefreshCookie: init.setRefreshCookie,
        connection: init.connection ?? null,
      },
    })
    const health = async () => {
      const database = await db.check()
      const ready = database === 'ok'
      const said = (works: boolean) => (works ? 'ok' : 'unreachable')
      const status = !ready ? 'unavailable' : bus.connected && states.isReachable ? 'ok' : 'degraded'
      return { ready, status, checks: { database, bus: said(bus.connected), presence: said(states.isReachable) } }
    }
    const transport = createTransport({
      schema,
      trustedDocuments,
      logger,
      graphiql: config.graphiql,
      introspection: config.introspection,
      trustProxy,
      publicUrl,
      corsOrigins: config.corsOrigins.includes('*') ? '*' : config.corsOrigins,
      secure: !config.development,
      createContext,
      openEventResults: createEventResults(),
      deliveries: {
        positionIn: (viewer, item) => messageOfOthers(viewer, item as LiveItem),
        markDelivered: (viewer, seqs) => domain.inbox.markAllDelivered(viewer, seqs),
      },
      onSessionEnded: (sessionId, listener) => watch.onEnded(sessionId, listener),
      connectDevice: (viewer, device, silentMs) => devices.connect(viewer, device, silentMs),
      health,
    })
    const port = await listenOrExplain(() => transport.listen(config.port, config.host), config)
    stops.push(() => transport.stop(stopGraceMs))
    const counts = () => ({
      streams: hub.openStreamCount,
      busTopics: bus.topicCount,
      sockets: transport.socketCount,
      eventStreams: transport.streamCount,
      sessionListeners: watch.listenerCount,
      typing: typing.count,
      devices: devices.count,
      presenceFeeds: presenceWatch.feedCount,
    })
    return { url: `${localUrl(config.host, port)}/graphql`, counts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * A token that is missing, wrong or expired makes the request one without a viewer: it may be there to log in or to
 * refresh. What needs a viewer says then what was wrong with it. A WebSocket is checked once, when it opens.
 */
async function authenticate(domain: Domain, init: ContextInit): Promise<Pick<Context, 'viewer' | 'authFailure'>> {
  if (init.viewer !== undefined) return { viewer: init.viewer, authFailure: null }
  try {
    const token = bearerToken(init.authorization)
    return { viewer: token === null ? null : await domain.sessions.authenticate(token), authFailure: null }
  } catch (error) {
    if (error instanceof UnauthenticatedError && !init.isWebSocket) return { viewer: null, authFailure: error }
    throw error
  }
}
