import { expect } from 'vitest'
import { startServer, type ServerOptions } from './server.ts'

/** The one line with which a server that cannot work says why it does not start. */
export async function complaintOf(options: ServerOptions): Promise<string> {
  const failure = String(await startServer(options).catch((error: unknown) => error))
  // The cluster of the tests has fsync off, which is said in a line of the log.
  const [, ...lines] = failure.split('\n').filter((line) => line !== '' && !line.includes('"off":["fsync"]'))
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}
