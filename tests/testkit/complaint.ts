import { expect } from 'vitest'
import { startServer, type ServerOptions } from './server.ts'

/** The one line in which a server says why it does not start. */
export async function complaintOf(options: ServerOptions): Promise<string> {
  const failure = String(await startServer(options).catch((error: unknown) => error))
  // The tests' cluster has fsync off, about which the server logs a line.
  const [, ...lines] = failure.split('\n').filter((line) => line !== '' && !line.includes('"off":["fsync"]'))
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}
