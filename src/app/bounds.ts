import type { Config } from '../config.ts'
import type { AdmissionOptions } from '../fairness/admission.ts'
import { Shares } from '../fairness/shares.ts'
import type { SocketLimits } from '../transport/websocket/socket-caps.ts'

/** The share of each person, and of all people together, in sockets, subscriptions, memory and work. */
export const sharesOf = (config: Config): Shares =>
  new Shares({
    socketsPerPerson: config.maxSocketsPerPerson,
    subscriptionsPerPerson: config.maxSubscriptionsPerPerson,
    subscriptions: config.maxSubscriptions,
    keptByteSize: config.socketMemoryByteSize,
    eventWorkMsPerSecond: config.eventWorkMsPerSecond,
    messagesPerSecond: config.socketMessagesPerSecond,
  })

/** Operations under way at once of one person, and of one address. */
export const admissionOf = (config: Config): Pick<AdmissionOptions, 'maxRunningPerPayer' | 'maxRunningPerNetwork'> => ({
  maxRunningPerPayer: config.maxOperationsAtOnce,
  maxRunningPerNetwork: config.maxOperationsAtOncePerAddress,
})

export const socketLimitsOf = (config: Config): Partial<SocketLimits> => ({
  sockets: config.maxSockets,
  socketsPerAddress: config.maxSocketsPerAddress,
  strangers: config.maxUnauthenticatedSockets,
})
