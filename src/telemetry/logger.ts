import { pino, type Logger } from 'pino'

export type { Logger }

/** JSON lines on stderr: stdout is for what a person started the process to read. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}
