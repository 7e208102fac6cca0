import { Client } from 'pg'
import type { Logger } from '../telemetry/logger.ts'

/** Of the system, the first that it has: C.UTF-8 is everywhere on Linux; macOS has the other one. */
const systemLocales = ['C.UTF-8', 'en_US.UTF-8']

/** For initdb. Where the system lacks it the cluster is made with C, and `setCharacterTypes` finds another one. */
export const characterTypes = 'C.UTF-8'

/**
 * Tells an existing cluster what a letter is. Full text and trigrams ask the system's LC_CTYPE, whatever provider sorts and
 * compares; with C, which clusters were made with at first, every character past ASCII is a letter to the one, curly quotes
 * too, and none to the other. No index depends on it before there is one for full text or trigrams, so that the catalog's
 * row is all there is to change: docs/decisions/0035.
 */
export async function setCharacterTypes(url: string, log: Logger, candidates = systemLocales): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query("SELECT FROM pg_database WHERE datname = current_database() AND datctype = 'C'")
    if (rows.length === 0) return
    for (const candidate of candidates) {
      // A name that the system does not know would let nobody in any more. It is refused here.
      const isKnown = await client
        .query(`CREATE COLLATION pg_temp.candidate (PROVIDER = libc, LC_COLLATE = 'C', LC_CTYPE = '${candidate}')`)
        .then(() => true, () => false) // prettier-ignore
      if (!isKnown) continue
      await client.query('UPDATE pg_database SET datctype = $1 WHERE datctype = $2', [candidate, 'C'])
      return
    }
    log.warn('the system has no UTF-8 locale that PostgreSQL could take letters from: the search of text will be poor')
  } finally {
    await client.end()
  }
}
