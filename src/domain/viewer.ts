/**
 * The authenticated user of a request. Made by the transport from a checked access token; the first argument of every
 * domain function.
 */
export interface Viewer {
  /** uuid of the user. */
  userId: string
  /** uuid of the session (the refresh-token family) that the access token belongs to. */
  sessionId: string
  role: 'USER' | 'STAFF' | 'ADMIN'
  /** What was sent is an API key: its own person, who is the viewer unless it acts for somebody, and what it may be used for. */
  apiKey?: { userId: string; scopes: readonly string[] }
}

/** A connection of the viewer that outlasts one request: a WebSocket. */
export interface LiveConnection {
  /**
   * Calls the listener once when the connection is gone, soon if it is gone already. Returns the function that removes the
   * listener.
   */
  onDisconnected(listener: () => void): () => void
}

export const deviceKinds = ['DESKTOP', 'MOBILE', 'WEB'] as const
export type DeviceKind = (typeof deviceKinds)[number]

/** A device of a person, by a name that the client chose and keeps. */
export interface Device {
  id: string
  kind: DeviceKind
}

/** A device that is connected to this process. */
export interface ConnectedDevice extends Device {
  /** The device was used. */
  used(): void
  /** Its socket has closed. The device may come back. Idempotent. */
  disconnected(): void
}
