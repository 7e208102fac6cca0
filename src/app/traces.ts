import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Stops } from './stops.ts'

/** Traces for an OTLP collector. Where none is set nothing of it is loaded, and nobody follows what an operation waits for. */
export async function openTraces({ traces }: Config, logger: Logger, stops: Stops): Promise<void> {
  if (traces === null) return
  const [{ openTelemetry }, { traceFacts }] = await Promise.all([
    import('../telemetry/traces/exporting.ts'),
    import('../telemetry/traces/tracing.ts'),
  ])
  const telemetry = await openTelemetry({ ...traces, logger })
  stops.add(() => telemetry.stop())
  stops.add(traceFacts(telemetry.tracer, telemetry))
}
