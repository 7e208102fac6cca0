const megabyte = 1_048_576

/** What requests by HTTP may hold in one process. */
export interface HttpLimits {
  /** Connections of one address (IPv6: network of 64 bits). Null: the default, and none for addresses that many share. */
  connectionsPerAddress: number | null
  /** Bytes of bodies from their first one until their request is answered, over all requests. */
  bodyByteSize: number
  /** Bytes of answers that the network has not taken, over all connections. */
  unreadByteSize: number
  /** Milliseconds in which the network has to take something of an answer. */
  unreadTimeoutMs: number
}

export const defaultHttpLimits: HttpLimits = {
  connectionsPerAddress: null,
  bodyByteSize: 64 * megabyte,
  unreadByteSize: 64 * megabyte,
  unreadTimeoutMs: 10_000,
}

export const defaultConnectionsPerAddress = 2_000
