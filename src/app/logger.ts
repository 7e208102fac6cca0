import type { Config } from '../config.ts'
import { createLogger, createPrettyLogger, type Logger } from '../telemetry/logger.ts'

/** JSON, or lines for a person where one looks on: at a terminal, and not in production. */
export function openLogger({ logLevel, logFormat, development }: Config): Logger | Promise<Logger> {
  const format = logFormat ?? (development && process.stderr.isTTY ? 'pretty' : 'json')
  return format === 'pretty' ? createPrettyLogger(logLevel) : createLogger(logLevel)
}
