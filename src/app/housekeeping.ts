import type { Config } from '../config.ts'
import type { Domain } from '../domain/domain.ts'
import { removeFiles } from '../domain/attachments/removal.ts'
import { startRefold } from '../domain/people/refold.ts'
import { startIndexing } from '../domain/search/indexing.ts'
import { forgetDeliveries } from '../domain/webhooks/retention.ts'
import { startReceipts } from '../domain/receipts/receipts.ts'
import { startRetention } from '../log/retention.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Files } from './files.ts'
import type { Log } from './log.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

export interface HousekeepingNeeds {
  storage: Storage
  log: Log
  domain: Domain
  files: Files
}

/** Work that is done in rounds and not for a request. Every process does all of it. */
export async function startHousekeeping(
  config: Config,
  { storage, log, domain, files }: HousekeepingNeeds,
  logger: Logger,
  stops: Stops,
): Promise<void> {
  const intervalMs = config.housekeepingIntervalMs
  const retention = startRetention({
    events: storage.events,
    eventTtlMs: config.eventTtlMs,
    opKeyTtlMs: config.opKeyTtlMs,
    alsoDo: async (isStopping) => {
      await domain.people.finishErasures()
      await domain.deletion.finish(isStopping)
      await domain.sessions.forgetOver(isStopping)
      await forgetDeliveries(storage.webhookDeliveries, config.webhooks, isStopping)
      await domain.reports.forget(isStopping)
      await domain.audit.forget(isStopping)
      await removeFiles(storage.attachments, files.store, isStopping)
    },
    intervalMs,
    logger,
  })
  stops.add(() => retention.stop())
  // First of the two: a round need not wait for a store that is away.
  stops.add(() => files.store.close())
  const refold = await startRefold({ names: storage.searchNames, intervalMs, logger })
  stops.add(() => refold.stop())
  const indexing = startIndexing({ search: storage.search, intervalMs: config.searchIndexIntervalMs, logger })
  stops.add(() => indexing.stop())
  const receipts = startReceipts({ append: log.append, intervalMs: config.receiptFlushIntervalMs, logger })
  stops.add(() => receipts.stop())
}
