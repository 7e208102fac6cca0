import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Readings } from '../telemetry/metrics/metrics.ts'
import { listenOrExplain } from '../transport/http/connections/listening.ts'
import type { Stops } from './stops.ts'

/** Figures for Prometheus at METRICS_PORT. Where it is not set nobody listens to the facts, and they cost nothing. */
export async function openMetrics(config: Config, readings: Readings, logger: Logger, stops: Stops): Promise<void> {
  const { metricsPort: port, metricsHost: host } = config
  if (port === null) return
  const [{ createMetrics }, { serveMetrics }] = await Promise.all([
    import('../telemetry/metrics/metrics.ts'),
    import('../telemetry/metrics/server.ts'),
  ])
  const metrics = createMetrics(readings)
  stops.add(() => {
    metrics.stop()
  })
  const served = await listenOrExplain(() => serveMetrics(metrics, { port, host }), { port, host, of: 'METRICS_' })
  stops.add(served.stop)
  logger.info({ event: 'metrics.served', host, port: served.port }, 'metrics are served')
}
