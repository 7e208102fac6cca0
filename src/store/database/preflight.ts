import type { Client } from 'pg'
import type { StartError } from '../../start-error.ts'
import type { Logger } from '../../telemetry/logger.ts'

/** Functions of new-style SQL, which know their tables by more than name, came with it. */
const oldestVersion = 140_000

interface Found {
  version: number
  versionText: string
  encoding: string
  isReadOnly: boolean
  isInRecovery: boolean
  /** A schema that has our functions, while public has none of them. */
  elsewhere: string | null
  fsync: string
  fullPageWrites: string
  synchronousCommit: string
}

const look = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS "versionText",
    current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') = 'on' AS "isReadOnly",
    pg_is_in_recovery() AS "isInRecovery", current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS "fullPageWrites", current_setting('synchronous_commit') AS "synchronousCommit",
    (SELECT min(n.nspname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = 'parley_send_message'
      HAVING bool_and(n.nspname <> 'public')) AS elsewhere`

const rights = `SELECT 'the table ' || c.relname AS what, 'SELECT, INSERT, UPDATE, DELETE' AS rights, 'TABLE ' || c.relname AS on
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)
      AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
  UNION ALL
  SELECT 'the function ' || p.proname, 'EXECUTE', 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'parley\\_%' AND NOT has_function_privilege(p.oid, 'EXECUTE')
  ORDER BY 1 LIMIT 1`

/** What no session can set for itself. Throws with one line that says what to change. */
export async function checkServer(client: Client, log: Logger, fail: (reason: string) => StartError): Promise<void> {
  const [found] = (await client.query<Found>(look)).rows
  if (!found) throw fail('it answers nothing')
  if (found.version < oldestVersion)
    throw fail(`it is PostgreSQL ${found.versionText}, and Parley needs version 14 or newer`)
  if (found.encoding !== 'UTF8') {
    throw fail(
      `its encoding is ${found.encoding}, which cannot hold every character. Create it with ENCODING 'UTF8' TEMPLATE template0`,
    )
  }
  if (found.isInRecovery) throw fail('it is a standby, which takes no writes. Name the primary')
  if (found.isReadOnly) throw fail('it is read-only (default_transaction_read_only is on)')
  if (found.elsewhere !== null) {
    throw fail(
      `Parley's tables are in its schema ${found.elsewhere}, and Parley looks for them in public. Move them there (ALTER … SET SCHEMA public), or name another database`,
    )
  }
  const unsafe = {
    fsync: found.fsync,
    full_page_writes: found.fullPageWrites,
    synchronous_commit: found.synchronousCommit,
  }
  const off = Object.entries(unsafe).flatMap(([name, value]) => (value === 'off' ? [name] : []))
  if (off.length > 0) {
    log.warn({ off }, 'PostgreSQL is set up so that acknowledged writes can be lost when it or its machine goes down')
  }
}

/** Whether the user may do what every request does with the tables; whoever made them may be somebody else. */
export async function checkRights(
  client: Client,
  tables: string[],
  fail: (reason: string) => StartError,
): Promise<void> {
  const [missing] = (await client.query<{ what: string; rights: string; on: string }>(rights, [tables])).rows
  if (missing)
    throw fail(
      `the user lacks rights on ${missing.what}, and maybe on others. Run as their owner: GRANT ${missing.rights} ON ${missing.on} TO "${String(client.user)}"`,
    )
}
