import { Client } from 'pg'
import type { Logger } from '../../telemetry/logger.ts'
import { clientConfig } from './session.ts'

/** Who has what we wait for, as far as our rights let us see. */
export interface Holder {
  pid: number | null
  user?: string
  applicationName?: string
  /** Its address; 'local' by a Unix socket. Not known of others' sessions without the right to read it. */
  client?: string
  state?: string
  /** Of the statement under way, else of the last one. */
  queryStartedAt?: string
}

interface HolderRow {
  pid: number | null
  user: string | null
  applicationName: string | null
  client: string | null
  state: string | null
  queryStartedAt: Date | null
}

// The rest of a session of somebody else is null to who may not see it.
const holderColumns = `l.pid, a.usename AS "user", nullif(a.application_name, '') AS "applicationName",
  CASE WHEN a.client_port = -1 THEN 'local' ELSE host(a.client_addr) END AS client, a.state, a.query_start AS "queryStartedAt"`

const advisoryHolders = `SELECT ${holderColumns} FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1 AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

const blockingHolders = `SELECT ${holderColumns} FROM unnest(pg_blocking_pids($1)) AS l(pid)
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid`

const known = ({ pid, queryStartedAt, ...rest }: HolderRow): Holder => ({
  pid,
  ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) as Partial<Holder>),
  ...(queryStartedAt && { queryStartedAt: queryStartedAt.toISOString() }),
})

/** Who has the advisory lock of this number (below 2^32) in this database. */
export const holdersOfAdvisory = async (client: Client, id: number): Promise<Holder[]> =>
  (await client.query<HolderRow>(advisoryHolders, [id])).rows.map(known)

/** In words, for the line with which a start ends. */
export function nameHolders(holders: readonly Holder[]): string {
  const names = holders.map(({ pid, user, applicationName, client, state, queryStartedAt }) => {
    const details = [
      applicationName,
      user !== undefined && `user ${user}`,
      client !== undefined && `from ${client}`,
      state,
      queryStartedAt !== undefined && `last statement at ${queryStartedAt}`,
    ].filter(Boolean)
    // Without a process it is a transaction that was prepared and left so.
    return pid === null ? 'a prepared transaction' : `process ${String(pid)} (${details.join(', ')})`
  })
  return names.length > 0 ? names.join(' and ') : 'somebody'
}

const firstLineMs = 1_000
const nextLineMs = 10_000

/** Says that and for whom something waits: after a second, and then every ten. */
export function createWaitLog(log: Logger, message: string) {
  const sinceMs = performance.now()
  let nextMs = sinceMs + firstLineMs
  return {
    isDue: () => performance.now() >= nextMs,
    say(holders: readonly Holder[]) {
      nextMs = performance.now() + nextLineMs
      log.warn({ waitedMs: Math.round(performance.now() - sinceMs), holders }, message)
    },
  }
}

/**
 * Watches one session from another connection, and says for whom it waits while it does. The last ones that were seen are
 * in `holders`.
 */
export function watchBlocked(connectionString: string, pid: number, log: Logger, message: string) {
  const waitLog = createWaitLog(log, message)
  let observer: Client | null = null
  let isLooking = false
  let holders: Holder[] = []
  const open = async () => {
    const client = new Client({ ...clientConfig(connectionString), connectionTimeoutMillis: firstLineMs })
    client.on('error', () => (observer = null))
    await client.connect()
    return (observer = client)
  }
  const look = async () => {
    const client = observer ?? (await open())
    const rows = (await client.query<HolderRow>(blockingHolders, [pid])).rows.map(known)
    if (rows.length === 0) return
    holders = rows
    if (waitLog.isDue()) waitLog.say(rows)
  }
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    // Without a free connection it is not said who; the wait itself has its bound.
    look().then(
      () => (isLooking = false),
      () => (isLooking = false),
    )
  }, firstLineMs)
  return {
    get holders() {
      return holders
    },
    stop() {
      clearInterval(timer)
      void observer?.end().catch(() => undefined)
    },
  }
}
