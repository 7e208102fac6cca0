import { setTimeout as sleep } from 'node:timers/promises'
import { UnavailableError } from '../../domain/errors.ts'
import type { Database } from './database.ts'

/** Of each lane, so that both have a connection before anything waits for one. */
const statements = [
  { name: 'read_first', text: 'SELECT 1' },
  { name: 'first', text: 'SELECT 1' },
]
const defaultPatienceMs = 20_000
const pauseMs = 250

/**
 * Waits until both lanes answer. A process that starts on a busy machine may take seconds for its first connection, for
 * which a request would not wait; it was reachable a moment ago, when its tables were looked at. Rejects with the last
 * UnavailableError when that does not come in time.
 */
export async function untilItAnswers(
  db: Pick<Database, 'run'>,
  { patienceMs = defaultPatienceMs, now = () => performance.now() } = {},
): Promise<void> {
  const untilMs = now() + patienceMs
  for (const statement of statements) {
    for (;;) {
      try {
        await db.run(statement, [])
        break
      } catch (error) {
        if (!(error instanceof UnavailableError) || now() > untilMs) throw error
        await sleep(pauseMs)
      }
    }
  }
}
