import type { LiveConnection, Viewer } from '../domain/viewer.ts'

/** What a transport knows about an operation. The context (viewer, loaders) is made from it, once per operation. */
export interface ContextInit {
  /** The authorization header, or connection_init's `authorization`, as it came. */
  authorization: string | null
  /** For whom an API key acts: the id of a person, from the header parley-act-as. */
  actAs?: string | null
  /** Always null on a WebSocket: it could not be answered with a rotated one. */
  refreshCookie: string | null
  /** Of the client itself, also behind proxies. */
  clientIp: string
  /** What the client calls itself; null on a WebSocket. */
  userAgent: string | null
  /** Where the client finds us, for links that only this client gets: https://chat.example.com/chat */
  baseUrl: string
  traceId: string
  /** The W3C traceparent that came with it, when one did. */
  traceparent?: string
  /** Sets or, with null, clears the refresh cookie. Does nothing on a WebSocket. */
  setRefreshCookie: (token: string | null, maxAgeSeconds: number) => void
  isWebSocket: boolean
  /** The position at which a stream of events that was cut continues: it came with its events. */
  goOnFrom?: string
  /** The WebSocket, once it is open. */
  connection?: LiveConnection
  /**
   * Given when the token was checked before, as when a WebSocket opened: the token is then not to be checked again,
   * since the socket outlives it. Null: checked, and there was none.
   */
  viewer?: Viewer | null
  /** Set when the context was made: whom the work is charged to. */
  payer?: string
}

/** What the transport itself needs of the context. */
export interface TransportContext {
  viewer: Viewer | null
  /** Whom its work is charged to. */
  payer?: string
}
