/**
 * The states of the connection and all that can happen in them, as one table without any effect of its own: what has to be
 * done is named, and connection.ts does it. Each cell is tested.
 */

export const connectionStates = [
  /** Nobody wants a connection. */
  'IDLE',
  /** A socket opens, until the server has acknowledged it. */
  'CONNECTING',
  /** Acknowledged, and answering. */
  'OPEN',
  /** Acknowledged, and there is a reason for doubt: asked, and no answer yet. */
  'PROBING',
  /** The server does not take the token, and another one is asked for. */
  'RENEWING',
  /** Until the next attempt. */
  'WAITING',
  /** The page cannot be seen and runs no code (back/forward cache, frozen). A socket kept open would lose what is sent to it. */
  'PAUSED',
  /** Trying again is of no use: the session is over, or the server refuses this client. */
  'ENDED',
] as const
export type ConnectionState = (typeof connectionStates)[number]

export const connectionEvents = [
  /** Somebody wants a connection. */
  'START',
  /** Nobody does any more. */
  'STOP',
  /** connection_ack. */
  'ACKNOWLEDGED',
  /** The answer to the newest ping. */
  'PONG',
  /** Time for a ping. */
  'PING_DUE',
  /** The acknowledgement or the answer to a ping did not come in time. */
  'OVERDUE',
  /** The wait for the next attempt is over. */
  'RETRY_DUE',
  /** The clock jumped, the page was hidden, the network changed: the connection may be dead without knowing it. */
  'DOUBT',
  /** There is a network again. */
  'ONLINE',
  /** The page goes into the back/forward cache or is frozen. */
  'PAUSE',
  /** It is back. */
  'RESUME',
  /** The socket was lost or refused, or no token could be had for now: come back. */
  'LOST',
  /** Closed because the server restarts: come back at once. */
  'RESTARTING',
  /** Closed because of too much work, or a reason on the server's side: come back later. */
  'BUSY',
  /** Closed because the token is wrong or has expired. */
  'TOKEN_REFUSED',
  /** There is another token. */
  'TOKEN_RENEWED',
  /** Closed because the session ended, or there will be no other token. */
  'SESSION_ENDED',
  /** Closed for a reason that will be there again: a bug, another version, the wrong address. */
  'REFUSED',
] as const
export type ConnectionEvent = (typeof connectionEvents)[number]

/** What is to be done on the way to the next state. Timers of the former state have ended by then. */
export type ConnectionEffect =
  /** Opens a socket, and watches that it is acknowledged in time. */
  | 'CONNECT'
  /** Closes the socket: the client is done. */
  | 'CLOSE'
  /** Closes the socket without waiting for the other end. */
  | 'TERMINATE'
  /** Asks for an answer, and watches that it comes in time. */
  | 'PING'
  /** Plans the next ping. */
  | 'PING_LATER'
  /** Plans the next attempt: soon, after 1, 2, 4 … 30 s, or after some seconds at least. */
  | 'RETRY_SOON'
  | 'RETRY'
  | 'RETRY_LATER'
  /** The next wait is the shortest again. */
  | 'RESET_BACKOFF'
  | 'RENEW_TOKEN'

export interface Cell {
  next: ConnectionState
  effects: readonly ConnectionEffect[]
}

const to = (next: ConnectionState, ...effects: ConnectionEffect[]): Cell => ({ next, effects })

/** What the server says at any time that it has a socket. */
const closings = {
  LOST: to('WAITING', 'RETRY'),
  RESTARTING: to('WAITING', 'RETRY_SOON'),
  BUSY: to('WAITING', 'RETRY_LATER'),
  TOKEN_REFUSED: to('RENEWING', 'RENEW_TOKEN'),
  SESSION_ENDED: to('ENDED'),
  REFUSED: to('ENDED'),
} satisfies Partial<Record<ConnectionEvent, Cell>>

/** What is not in a row changes nothing and does nothing. */
const rows: Record<ConnectionState, Partial<Record<ConnectionEvent, Cell>>> = {
  IDLE: { START: to('CONNECTING', 'RESET_BACKOFF', 'CONNECT') },
  CONNECTING: {
    ...closings,
    STOP: to('IDLE', 'CLOSE'),
    ACKNOWLEDGED: to('OPEN', 'PING_LATER'),
    OVERDUE: to('WAITING', 'TERMINATE', 'RETRY'),
    PAUSE: to('PAUSED', 'CLOSE'),
  },
  OPEN: {
    ...closings,
    STOP: to('IDLE', 'CLOSE'),
    // Only now: a server that accepts and closes at once must not be asked once a second.
    PONG: to('OPEN', 'RESET_BACKOFF', 'PING_LATER'),
    PING_DUE: to('OPEN', 'PING'),
    OVERDUE: to('WAITING', 'TERMINATE', 'RETRY'),
    DOUBT: to('PROBING', 'PING'),
    ONLINE: to('PROBING', 'PING'),
    PAUSE: to('PAUSED', 'CLOSE'),
    RESUME: to('PROBING', 'PING'),
  },
  PROBING: {
    ...closings,
    STOP: to('IDLE', 'CLOSE'),
    PONG: to('OPEN', 'RESET_BACKOFF', 'PING_LATER'),
    // A connection that went silent is most often of a network that is gone: the new one is tried at once.
    OVERDUE: to('WAITING', 'TERMINATE', 'RETRY_SOON'),
    // The question under way began with the old network.
    ONLINE: to('PROBING', 'PING'),
    PAUSE: to('PAUSED', 'CLOSE'),
  },
  RENEWING: {
    STOP: to('IDLE'),
    TOKEN_RENEWED: to('WAITING', 'RETRY_SOON'),
    LOST: to('WAITING', 'RETRY'),
    SESSION_ENDED: to('ENDED'),
    PAUSE: to('PAUSED'),
  },
  WAITING: {
    START: to('CONNECTING', 'CONNECT'),
    STOP: to('IDLE'),
    RETRY_DUE: to('CONNECTING', 'CONNECT'),
    // Timers may be late after a sleep, and of a hidden page.
    DOUBT: to('CONNECTING', 'CONNECT'),
    ONLINE: to('CONNECTING', 'RESET_BACKOFF', 'CONNECT'),
    PAUSE: to('PAUSED'),
    RESUME: to('CONNECTING', 'RESET_BACKOFF', 'CONNECT'),
  },
  PAUSED: {
    STOP: to('IDLE'),
    RESUME: to('CONNECTING', 'RESET_BACKOFF', 'CONNECT'),
  },
  ENDED: {
    START: to('CONNECTING', 'RESET_BACKOFF', 'CONNECT'),
    STOP: to('IDLE'),
  },
}

export function transition(state: ConnectionState, event: ConnectionEvent): Cell | null {
  return rows[state][event] ?? null
}
