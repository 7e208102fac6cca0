import { join } from 'node:path'
import { openCounted } from './app/attempts.ts'
import { openBus } from './app/bus.ts'
import { createContexts } from './app/context.ts'
import { countsOf, type Counts } from './app/counts.ts'
import { createDomain } from './app/domain.ts'
import { openFiles } from './app/files.ts'
import { healthOf } from './app/health.ts'
import { sharesOf, socketLimitsOf } from './app/bounds.ts'
import { startHousekeeping } from './app/housekeeping.ts'
import { startLog } from './app/log.ts'
import { openLogger } from './app/logger.ts'
import { openMetrics } from './app/metrics.ts'
import { startPresence } from './app/presence.ts'
import { openReads } from './app/reads.ts'
import { Stops } from './app/stops.ts'
import { openStorage } from './app/storage.ts'
import { openTraces } from './app/traces.ts'
import { openWebhooks, startWebhooks } from './app/webhooks.ts'
import type { Config } from './config.ts'
import { messageOfOthers } from './domain/receipts/delivered.ts'
import { startSessionWatch } from './domain/sessions/session-watch.ts'
import type { LiveItem } from './domain/streams/event-loaders.ts'
import { createEventResults } from './execution/event-results.ts'
import { readTrustedDocuments } from './execution/documents/trusted-documents.ts'
import { chargeReads, createFairness } from './fairness/fairness.ts'
import { schema } from './schema/index.ts'
import { logLimits } from './telemetry/limits-log.ts'
import { leaveAddress } from './embedded/address.ts'
import { logEvents } from './telemetry/event-log.ts'
import type { Logger } from './telemetry/logger.ts'
import { listenOrExplain } from './transport/http/connections/listening.ts'
import { localUrl } from './transport/http/local-url.ts'
import type { Siblings } from './workers/worker.ts'
import { createTransport } from './transport/http/server.ts'
import { openWebClient } from './app/web-client.ts'

export interface App {
  /** Where GraphQL is served: http://127.0.0.1:4000/graphql */
  url: string
  /** Whether the web client is served at /. */
  hasWebClient: boolean
  counts(): Counts
  /** Ends everything this started, in the reverse order. Idempotent. */
  stop(): Promise<void>
}

const stopGraceMs = 7_000
/** Beside src/ and dist/ alike: the server is one bundled file there, so that only a file of src/ itself can say it. */
const migrationsDir = join(import.meta.dirname, '../prisma/migrations')
const webClientDir = join(import.meta.dirname, '../web/dist')

/**
 * The composition root: every part is made once, by app/, and handed what it needs. Rejects with a StartError or a
 * ConfigError where a person has to mend something; what was started by then is stopped.
 */
export async function createApp(given: Config, siblings: Siblings | null = null): Promise<App> {
  const config = siblings === null ? given : asWorker(given, siblings)
  const stops = new Stops()
  try {
    return { ...(await start(config, siblings, await openLogger(config), stops)), stop: stops.run }
  } catch (error) {
    await stops.run()
    throw error
  }
}

/** Each worker serves its figures at a port of its own. */
const asWorker = (config: Config, { index }: Siblings): Config =>
  Object.freeze({ ...config, metricsPort: config.metricsPort && config.metricsPort + index })

async function start(
  config: Config,
  siblings: Siblings | null,
  logger: Logger,
  stops: Stops,
): Promise<Omit<App, 'stop'>> {
  const { persistedDocuments } = config
  const trustedDocuments =
    persistedDocuments === null ? null : readTrustedDocuments(persistedDocuments, config.persistedDocumentsOnly)
  stops.add(logLimits(logger))
  stops.add(logEvents(logger, config.logEventsPerSecond))
  await openTraces(config, logger, stops)
  const fairness = createFairness(logger, config.maxOperationsAtOnce)
  const storage = await openStorage(config, { migrationsDir, siblings }, logger, stops, chargeReads(fairness))
  const { bus, redis } = openBus(config, siblings, logger, stops)
  const log = await startLog(config, storage, bus, logger, stops)
  const watch = await startSessionWatch({ store: storage.sessions, bus, logger })
  stops.add(() => {
    watch.stop()
  })
  const presenceParts = await startPresence(config, { bus, redis, storage, watch, siblings }, logger, stops)
  const { states, devices, presenceWatch, presence } = presenceParts
  const counted = openCounted(config, redis, siblings, stops)
  const files = await openFiles(config, storage, logger)
  const parts = openWebhooks(config, storage, stops)
  const { webhooks } = parts
  const needs = { bus, storage, log, watch, presence, counted, files, webhooks }
  const domain = createDomain(config, needs, logger, stops)
  await startHousekeeping(config, { storage, log, domain, files }, logger, stops)
  await startWebhooks(config, { storage, domain, parts }, logger, stops)

  const health = () => healthOf({ db: storage.db, bus, states })
  const { graphiql, introspection, trustProxy, publicUrl, corsOrigins } = config
  const webClient = openWebClient(config, webClientDir, logger)
  const reads = openReads(config, schema, storage, logger, stops)
  const transport = createTransport({
    schema,
    trustedDocuments,
    logger,
    graphiql: graphiql ? (config.demoPeople ? 'demo' : 'plain') : 'off',
    webClient,
    introspection,
    trustProxy,
    publicUrl,
    corsOrigins: corsOrigins.includes('*') ? '*' : corsOrigins,
    secure: !config.development,
    httpLimits: config.httpLimits,
    documentCacheByteSize: config.documentCacheByteSize,
    shares: sharesOf(config),
    socketLimits: socketLimitsOf(config),
    createContext: createContexts(domain, storage.db, watch),
    // A query that is counted is counted each time, also where its answer is kept.
    reads: counted.usage?.ofReads ? null : reads,
    fairness,
    operationLimits: config.operationLimits,
    countReads: counted.usage?.ofReads ?? null,
    countConnects: counted.usage?.ofConnects ?? null,
    rateOf: counted.usage && ((payer) => counted.rates.of(payer)),
    openEventResults: createEventResults(),
    deliveries: {
      positionIn: (viewer, item) => messageOfOthers(viewer, item as LiveItem),
      markDelivered: (viewer, seqs) => domain.inbox.markAllDelivered(viewer, seqs),
    },
    streamTickets: domain.streamTickets,
    ...(files.transfers && { transfers: files.transfers }),
    onSessionEnded: (sessionId, listener) => watch.onEnded(sessionId, listener),
    onSessionEnding: (sessionId, listener) => watch.onEnding(sessionId, listener),
    connectDevice: (viewer, device, silentMs) => devices.connect(viewer, device, silentMs),
    health,
  })
  const port = await listenOrExplain(() => transport.listen(config.port, config.host), config)
  stops.add(() => transport.stop(stopGraceMs))
  const counts = () => countsOf({ log, bus, watch, domain, transport, devices, presenceWatch })
  await openMetrics(
    config,
    {
      counts: () => ({ ...counts() }),
      connections: () => storage.db.connections(),
      health,
      kept: () => reads?.kept ?? null,
    },
    logger,
    stops,
  )
  const url = `${localUrl(config.host, port)}/graphql`
  if (config.databaseUrl === null) leaveAddress(config.dataDir, url)
  return { url, hasWebClient: webClient !== null, counts }
}
