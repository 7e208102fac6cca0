import pg from 'pg'

/** Writes something to PostgreSQL's log, and nothing to any table: its commit waits for all that a commit waits for. */
const beat: pg.QueryConfig = { text: `SELECT pg_logical_emit_message(true, 'parley.heartbeat', '')` }

/**
 * Whether one is under way for longer than a commit takes, of whatever process: each that is stuck keeps a connection of the
 * server's, and nothing ends its waiting for a synchronous standby. So there must not be more and more of them.
 */
const isUnderWay: pg.QueryConfig = {
  text: `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()
    AND state = 'active' AND query LIKE '%emit_message(true, ''parley.' || 'heartbeat%'
    AND query_start < now() - interval '1 second') AS "isStuck"`,
}

/** Milliseconds for which a commit that succeeded is proof enough. */
const proofMs = 5_000

type Ask = (query: pg.QueryConfig) => Promise<pg.QueryResult>

/**
 * Whether commits come back. A read does not tell, and nor does a write that changes nothing: with a synchronous standby
 * that is frozen, or a disk that hangs, both are answered while no write is.
 */
export function createHeartbeat(ask: Ask): () => Promise<boolean> {
  let provenAtMs = -Infinity
  let isSuspect = false
  let running: Promise<boolean> | null = null

  const isStuck = async () => ((await ask(isUnderWay)).rows[0] as { isStuck: boolean } | undefined)?.isStuck === true

  const tryOne = async () => {
    if (isSuspect && (await isStuck())) return false
    try {
      await ask(beat)
    } catch (error) {
      // One that PostgreSQL refuses, for want of a right or of space, is no commit that does not come back.
      isSuspect = !(error instanceof pg.DatabaseError) && (await isStuck())
      return !isSuspect
    }
    isSuspect = false
    provenAtMs = performance.now()
    return true
  }

  return () => {
    if (performance.now() - provenAtMs < proofMs) return Promise.resolve(true)
    return (running ??= tryOne().finally(() => (running = null)))
  }
}
