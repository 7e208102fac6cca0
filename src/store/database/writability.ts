import pg from 'pg'
import type { Logger } from '../../telemetry/logger.ts'
import { createHeartbeat } from './heartbeat.ts'

/** Whether writes work; reads do in any case. */
export type WriteState = 'ok' | 'read-only' | 'full' | 'stuck'

type Ask = (query: pg.QueryConfig & { isRepeatable?: boolean }) => Promise<pg.QueryResult>

const readState: pg.QueryConfig = {
  name: 'read_write_state',
  text: `SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
}

/** Takes a page of the disk and gives it back: what fails first when there is none. */
const takeSpace: pg.QueryConfig = {
  text: `CREATE TEMPORARY TABLE parley_space ON COMMIT DROP AS SELECT repeat('x', 1000) AS x`,
}

const words = {
  'read-only': 'it is read-only',
  full: 'its disk is full',
  stuck: 'commits do not come back, as with a synchronous standby that is away or a disk that hangs',
}

const lookAgainAfterMs = 1_000

export interface Writability {
  /** A write was refused, for a reason that keeps all from working. It is looked at again until they do. */
  refused(reason: 'read-only' | 'full'): void
  check(): Promise<WriteState | 'unreachable'>
  stop(): void
}

/** Knows what keeps every write from working. `renew` makes the next question go by a new connection, which may find another server. */
export function createWritability(ask: Ask, renew: () => void, logger: Logger): Writability {
  let state: WriteState = 'ok'
  const commitsComeBack = createHeartbeat(ask)
  let timer: NodeJS.Timeout | undefined

  const become = (next: WriteState) => {
    if (next !== 'ok') watch()
    if (next === state) return
    if (next === 'ok') logger.info({ event: 'database.writable' }, 'the database takes writes again')
    else logger.error({ event: 'database.read_only' }, `the database takes no writes: ${words[next]}`)
    state = next
  }
  const watch = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void check().finally(() => {
        if (state !== 'ok') watch()
      })
    }, lookAgainAfterMs)
    timer.unref()
  }
  const isReadOnly = async () => (await ask(readState)).rows[0] as { isReadOnly: boolean } | undefined
  /** Without the right to make temporary tables it cannot be tried: the next write tells. */
  const hasSpace = () =>
    ask(takeSpace).then(
      () => true,
      (error: unknown) => error instanceof pg.DatabaseError,
    )

  const check = async () => {
    try {
      let row = await isReadOnly()
      if (row?.isReadOnly) {
        renew()
        row = await isReadOnly()
      }
      if (row?.isReadOnly) become('read-only')
      else if (!(await commitsComeBack())) become('stuck')
      else if (state === 'read-only' || state === 'stuck' || (state === 'full' && (await hasSpace()))) become('ok')
      return state
    } catch {
      return 'unreachable'
    }
  }

  return {
    refused: become,
    check,
    stop() {
      clearTimeout(timer)
    },
  }
}
