import type { ConnectionEvent } from './table.ts'

type Closing = Extract<ConnectionEvent, 'LOST' | 'RESTARTING' | 'BUSY' | 'TOKEN_REFUSED' | 'SESSION_ENDED' | 'REFUSED'>

/** What the client does about a close code: the table of the protocol. */
const known: Readonly<Record<number, Closing>> = {
  1008: 'REFUSED',
  1009: 'REFUSED',
  1012: 'RESTARTING',
  1013: 'BUSY',
  4400: 'REFUSED',
  4401: 'SESSION_ENDED',
  4403: 'TOKEN_REFUSED',
  4406: 'REFUSED',
  4409: 'REFUSED',
  4420: 'BUSY',
  4429: 'REFUSED',
  4500: 'REFUSED',
}

/** Codes of others, as of a proxy that goes away, and a connection that was lost without a code mean: come back. */
export const closingOf = (code: number): Closing => known[code] ?? 'LOST'
