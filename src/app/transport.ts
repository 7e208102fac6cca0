import type { Config } from '../config.ts'
import type { Domain } from '../domain/domain.ts'
import { messageOfOthers } from '../domain/receipts/delivered.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import type { LiveItem } from '../domain/streams/event-loaders.ts'
import { createEventResults } from '../execution/event-results.ts'
import type { Fairness } from '../fairness/fairness.ts'
import { schema } from '../schema/index.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Readings } from '../telemetry/metrics/metrics.ts'
import { listenOrExplain } from '../transport/http/connections/listening.ts'
import { createTransport, type Transport, type TransportOptions } from '../transport/http/server.ts'
import type { Counted } from './attempts.ts'
import { sharesOf, socketLimitsOf } from './bounds.ts'
import { createContexts } from './context.ts'
import type { Files } from './files.ts'
import type { PresenceParts } from './presence.ts'
import { openReads } from './reads.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

export interface ServedParts
  extends Pick<PresenceParts, 'devices'>, Pick<TransportOptions, 'health' | 'trustedDocuments' | 'webClient'> {
  storage: Storage
  domain: Domain
  watch: SessionWatch
  counted: Counted
  files: Files
  fairness: Fairness
}

const stopGraceMs = 7_000

/** What is open to the network, and the port that it listens on. Rejects with a StartError where it cannot listen. */
export async function openTransport(
  config: Config,
  { storage, domain, watch, counted, files, devices, ...parts }: ServedParts,
  logger: Logger,
  stops: Stops,
): Promise<{ transport: Transport; port: number; kept: Readings['kept'] }> {
  const { graphiql, corsOrigins, development, introspection, trustProxy, publicUrl } = config
  const { usage, rates } = counted
  const reads = openReads(config, schema, storage, logger, stops)
  const transport = createTransport({
    ...parts,
    schema,
    logger,
    graphiql: graphiql ? (config.demoPeople ? 'demo' : 'plain') : 'off',
    introspection,
    trustProxy,
    publicUrl,
    corsOrigins: corsOrigins.includes('*') ? '*' : corsOrigins,
    secure: !development,
    httpLimits: config.httpLimits,
    documentCacheByteSize: config.documentCacheByteSize,
    documentLimits: config.documentLimits,
    shares: sharesOf(config),
    socketLimits: socketLimitsOf(config),
    createContext: createContexts(domain, storage.db, watch),
    reads,
    operationLimits: config.operationLimits,
    countReads: usage?.ofReads ?? null,
    countConnects: usage?.ofConnects ?? null,
    rateOf: usage && ((payer) => rates.of(payer)),
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
  })
  const port = await listenOrExplain(() => transport.listen(config.port, config.host), config)
  stops.add(() => transport.stop(stopGraceMs))
  return { transport, port, kept: () => reads?.kept ?? null }
}
