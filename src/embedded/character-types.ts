import { Client } from 'pg'
import type { Logger } from '../telemetry/logger.ts'

/** The first of these that the system has is taken: C.UTF-8 is everywhere on Linux, macOS has en_US.UTF-8. */
const systemLocales = ['C.UTF-8', 'en_US.UTF-8']

/** For initdb. If the system lacks it, the cluster is made with C, and `setCharacterTypes` finds another locale. */
export const characterTypes = 'C.UTF-8'

/**
 * Sets which characters an existing cluster takes for letters. Full text and trigrams ask the system's LC_CTYPE, whichever
 * provider sorts and compares. Older clusters were made with C. Then full text takes every character past ASCII for a
 * letter, curly quotes too, and trigrams take none. Indexes of words and parts of names are compared byte by byte and no index depends
 * on it, so the row of the catalog is all that has to change: docs/decisions/0035.
 */
export async function setCharacterTypes(url: string, log: Logger, candidates = systemLocales): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query("SELECT FROM pg_database WHERE datname = current_database() AND datctype = 'C'")
    if (rows.length === 0) return
    for (const candidate of candidates) {
      // PostgreSQL would refuse all connections with a locale that the system does not know. This statement fails first.
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
