import { z } from 'zod'
import { address } from './values.ts'

/** Each `name=value`, the value as in a URL: as OpenTelemetry has it. */
function headersIn(text: string): Record<string, string> | null {
  const pairs = text.split(',').map((pair) => /^\s*([\w-]+)=(\S*)\s*$/.exec(pair))
  try {
    return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', decodeURIComponent(pair?.[2] ?? '')] as const))
  } catch {
    return null
  }
}

/** Names as all that speaks OTLP has them. */
export const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: address('an address that begins with https:// or http://', [
    ...['https:', 'http:'],
  ]).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .refine((text) => text.split(',').every((pair) => /^\s*[\w-]+=\S*\s*$/.test(pair)) && headersIn(text) !== null, {
      error: 'like authorization=Bearer%20abc,x-tenant=chat',
    })
    .transform((text) => headersIn(text) ?? {})
    .optional(),
  OTEL_SERVICE_NAME: z.string().max(255, 'at most 255 characters').default('parley'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'a share from 0 to 1, like 0.05')
    .transform(Number)
    .default(1),
}

type TraceSettings = z.output<z.ZodObject<typeof traceSettings>>

/** Null: none are made. */
export const tracesOf = (read: TraceSettings) => ({
  traces:
    read.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? null
      : Object.freeze({
          endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
          headers: read.OTEL_EXPORTER_OTLP_HEADERS ?? {},
          serviceName: read.OTEL_SERVICE_NAME,
          sampleRatio: read.OTEL_TRACES_SAMPLER_ARG,
        }),
})
