import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config.ts'
import { createAppend, type Append } from '../log/append.ts'
import { createDesk, type Desk } from '../log/desk/desk.ts'
import { faultPoint } from '../log/fault.ts'
import { createHub, type Hub } from '../log/hub.ts'
import { createReadLog, type ReadLog } from '../log/read.ts'
import { startRelay } from '../log/relay.ts'
import { createWrite } from '../store/writing/writes.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

/** Milliseconds for clients of a broken connection to come back: graphql-ws waits up to 4 s before it tries. */
const streamLingerMs = 5_000

export interface Log {
  append: Append
  hub: Hub
  readLog: ReadLog
  desk: Desk
}

export async function startLog(
  config: Config,
  { db, events }: Storage,
  bus: Bus,
  logger: Logger,
  stops: Stops,
): Promise<Log> {
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
  stops.add(() => {
    hub.close()
  })
  const relay = await startRelay({ events, hub, intervalMs: config.relayIntervalMs, logger })
  stops.add(() => relay.stop())
  const write = createWrite(db, config.receiptGatherMembers)
  const desk = createDesk({ bus, hub, events, logger })
  const deskMoved = () => {
    desk.moved()
  }
  const append = createAppend({ write, bus, hub, logger, deskMoved, afterCommit: faultPoint(config.fault) })
  return { append, hub, readLog, desk }
}
