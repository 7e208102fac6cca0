import type { Config } from '../config.ts'
import { logEvents } from '../telemetry/event-log.ts'
import { logLimits } from '../telemetry/limits-log.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Stops } from './stops.ts'

/** Who listens to the facts from the start: the log of events and of limits, and traces where they are set. */
export async function startTelemetry(config: Config, logger: Logger, stops: Stops): Promise<void> {
  stops.add(logLimits(logger))
  stops.add(logEvents(logger, config.logEventsPerSecond))
  await openTraces(config, logger, stops)
}

/** Traces for an OTLP collector. Where none is set nothing of it is loaded, and nobody follows what an operation waits for. */
async function openTraces({ traces }: Config, logger: Logger, stops: Stops): Promise<void> {
  if (traces === null) return
  const [{ openTelemetry }, { traceFacts }] = await Promise.all([
    import('../telemetry/traces/exporting.ts'),
    import('../telemetry/traces/tracing.ts'),
  ])
  const telemetry = await openTelemetry({ ...traces, logger })
  stops.add(() => telemetry.stop())
  stops.add(traceFacts(telemetry.tracer, telemetry))
}
