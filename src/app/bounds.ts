import type { Config } from '../config.ts'
import { Shares } from '../fairness/shares.ts'
import type { SocketLimits } from '../transport/websocket/socket-caps.ts'

/** Who has what share of what sockets and streams keep and do. */
export const sharesOf = (config: Config): Shares =>
  new Shares({
    socketsPerPerson: config.maxSocketsPerPerson,
    subscriptionsPerPerson: config.maxSubscriptionsPerPerson,
    subscriptions: config.maxSubscriptions,
    keptByteSize: config.socketMemoryByteSize,
    eventWorkMsPerSecond: config.eventWorkMsPerSecond,
  })

export const socketLimitsOf = (config: Config): Partial<SocketLimits> => ({
  sockets: config.maxSockets,
  socketsPerAddress: config.maxSocketsPerAddress,
  strangers: config.maxUnauthenticatedSockets,
})
