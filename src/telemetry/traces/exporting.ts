import type * as api from '@opentelemetry/api'
import type { Logger } from '../logger.ts'

export interface TraceOptions {
  /** Of an OTLP collector: `/v1/traces` is put behind it. */
  endpoint: string
  headers: Record<string, string>
  serviceName: string
  /** Of the traces that begin here, 0 to 1; what comes with a traceparent is traced when that says so. */
  sampleRatio: number
  logger: Logger
}

export interface OpenTelemetry {
  api: typeof api
  tracer: api.Tracer
  /** A trace that begins within has this id, where it can be one. */
  withTraceId<Result>(traceId: string, begin: () => Result): Result
  /** What was not sent yet is sent. */
  stop(): Promise<void>
}

/** An export that does not come to its end takes memory meanwhile. */
const exportTimeoutMs = 5_000
const flushTimeoutMs = 2_000
const betweenLinesMs = 60_000
const traceIdFormat = /^(?!0{32})[\da-f]{32}$/

/** OpenTelemetry's own libraries, loaded only where they are wanted; none of them patches anything. */
export async function openTelemetry(options: TraceOptions): Promise<OpenTelemetry> {
  const [loaded, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const { endpoint, headers, serviceName, sampleRatio, logger } = options
  let toldAtMs = -Infinity
  loaded.diag.setLogger(
    {
      error() {
        // Its message may have the address with a password in it.
        if (performance.now() - toldAtMs < betweenLinesMs) return
        toldAtMs = performance.now()
        logger.warn({ event: 'traces.lost' }, 'traces could not be sent to OTEL_EXPORTER_OTLP_ENDPOINT')
      },
      warn: () => undefined,
      info: () => undefined,
      debug: () => undefined,
      verbose: () => undefined,
    },
    { logLevel: loaded.DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const random = new sdk.RandomIdGenerator()
  let wanted: string | null = null
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampleRatio) }),
    idGenerator: {
      generateTraceId: () => wanted ?? random.generateTraceId(),
      generateSpanId: () => random.generateSpanId(),
    },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
          headers,
          timeoutMillis: exportTimeoutMs,
        }),
        exportTimeoutMillis: exportTimeoutMs,
        scheduledDelayMillis: 1_000,
      }),
    ],
  })
  return {
    api: loaded,
    tracer: provider.getTracer('parley'),
    withTraceId(traceId, begin) {
      wanted = traceIdFormat.test(traceId) ? traceId : null
      try {
        return begin()
      } finally {
        wanted = null
      }
    },
    async stop() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, flushTimeoutMs).unref())
      await Promise.race([provider.shutdown().catch(() => undefined), late])
    },
  }
}
