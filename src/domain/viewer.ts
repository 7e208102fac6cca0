/** Who asks. Made by the transport from a checked access token; the first argument of every domain function. */
export interface Viewer {
  /** uuid of the user. */
  userId: string
  /** uuid of the session (the refresh-token family) the access token belongs to. */
  sessionId: string
  role: 'USER' | 'STAFF' | 'ADMIN'
}

/** What a viewer is connected by for longer than one request: a WebSocket. */
export interface LiveConnection {
  /** Calls the listener once when the connection is gone, soon when it is already. Returns the way out. */
  onDisconnected(listener: () => void): () => void
}

export const deviceKinds = ['DESKTOP', 'MOBILE', 'WEB'] as const
export type DeviceKind = (typeof deviceKinds)[number]

/** What a person uses Parley on, by a name that the client chose and keeps. */
export interface Device {
  id: string
  kind: DeviceKind
}

/** A device that is connected to this process. */
export interface ConnectedDevice extends Device {
  /** Somebody did something on it. */
  used(): void
  /** Its socket is closed. It may come back. Idempotent. */
  disconnected(): void
}
