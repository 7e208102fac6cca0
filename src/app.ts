import { join } from 'node:path'
import { openCounted } from './app/attempts.ts'
import { openBus } from './app/bus.ts'
import { admissionOf } from './app/bounds.ts'
import { countsOf, type Counts } from './app/counts.ts'
import { createDomain } from './app/domain.ts'
import { openFiles } from './app/files.ts'
import { healthOf } from './app/health.ts'
import { startHousekeeping } from './app/housekeeping.ts'
import { startLog } from './app/log.ts'
import { openLogger } from './app/logger.ts'
import { openMetrics } from './app/metrics.ts'
import { startPresence } from './app/presence.ts'
import { Stops } from './app/stops.ts'
import { openStorage } from './app/storage.ts'
import { startTelemetry } from './app/telemetry.ts'
import { openTransport } from './app/transport.ts'
import { openWebClient } from './app/web-client.ts'
import { openWebhooks, startWebhooks } from './app/webhooks.ts'
import type { Config } from './config.ts'
import { startSessionWatch } from './domain/sessions/session-watch.ts'
import { leaveAddress } from './embedded/address.ts'
import { readTrustedDocuments } from './execution/documents/trusted-documents.ts'
import { chargeReads, createFairness } from './fairness/fairness.ts'
import type { Logger } from './telemetry/logger.ts'
import { localUrl } from './transport/http/local-url.ts'
import type { Siblings } from './workers/worker.ts'

export interface App {
  /** Where GraphQL is served: http://127.0.0.1:4000/graphql */
  url: string
  /** Whether the web client is served at /. */
  hasWebClient: boolean
  counts(): Counts
  /** Ends everything this started, in the reverse order. Idempotent. */
  stop(): Promise<void>
}

/** Beside src/ and dist/ alike: the server is one bundled file there, so that only a file of src/ itself can say it. */
export const migrationsDir = join(import.meta.dirname, '../prisma/migrations')
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

type Started = Omit<App, 'stop'>

async function start(config: Config, siblings: Siblings | null, logger: Logger, stops: Stops): Promise<Started> {
  const trustedDocuments = readTrustedDocuments(config.persistedDocuments, config.persistedDocumentsOnly)
  await startTelemetry(config, logger, stops)
  const fairness = createFairness(logger, admissionOf(config))
  const storage = await openStorage(config, { migrationsDir, siblings }, logger, stops, chargeReads(fairness))
  const { bus, redis } = openBus(config, siblings, logger, stops)
  const log = await startLog(config, storage, bus, logger, stops)
  const watch = await startSessionWatch({ store: storage.sessions, bus, logger })
  stops.add(() => {
    watch.stop()
  })
  const presence = await startPresence(config, { bus, redis, storage, watch, siblings }, logger, stops)
  const counted = openCounted(config, redis, siblings, stops)
  const files = await openFiles(config, storage, logger)
  const hooks = openWebhooks(config, storage, stops)
  const needs = { bus, storage, log, watch, counted, files, presence: presence.presence, webhooks: hooks.webhooks }
  const domain = createDomain(config, needs, logger, stops)
  await startHousekeeping(config, { storage, log, domain, files }, logger, stops)
  await startWebhooks(config, { storage, domain, parts: hooks }, logger, stops)

  const health = () => healthOf({ db: storage.db, bus, states: presence.states })
  const webClient = openWebClient(config, webClientDir, logger)
  const served = { storage, domain, watch, counted, files, fairness, health, trustedDocuments, webClient }
  const open = { ...served, devices: presence.devices }
  const { transport, port, kept } = await openTransport(config, open, logger, stops)
  const counts = () => countsOf({ ...presence, log, bus, watch, domain, transport })
  const connections = () => storage.db.connections()
  await openMetrics(config, { counts: () => ({ ...counts() }), connections, health, kept }, logger, stops)
  const url = `${localUrl(config.host, port)}/graphql`
  if (config.databaseUrl === null) leaveAddress(config.dataDir, url)
  return { url, hasWebClient: webClient !== null, counts }
}
