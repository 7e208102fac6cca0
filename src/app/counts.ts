import type { Bus } from '../bus/bus.ts'
import type { Domain } from '../domain/domain.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import type { Transport } from '../transport/http/server.ts'
import type { Log } from './log.ts'
import type { PresenceParts } from './presence.ts'

/** What readers hold in this process. Each number falls back to its former value when they are gone. */
export interface Counts {
  /** Streams with readers, each with one bus subscription. */
  streams: number
  busTopics: number
  sockets: number
  eventStreams: number
  sessionListeners: number
  /** Conversations whose typing somebody follows, and people who reported a moment ago whether they type. */
  typing: number
  devices: number
  presenceFeeds: number
}

export interface CountedParts extends Pick<PresenceParts, 'devices' | 'presenceWatch'> {
  log: Log
  bus: Bus
  watch: SessionWatch
  domain: Domain
  transport: Transport
}

export const countsOf = ({ log, bus, watch, domain, transport, ...presence }: CountedParts): Counts => ({
  streams: log.hub.openStreamCount,
  busTopics: bus.topicCount,
  sockets: transport.socketCount,
  eventStreams: transport.streamCount,
  sessionListeners: watch.listenerCount,
  typing: domain.typing.count,
  devices: presence.devices.count,
  presenceFeeds: presence.presenceWatch.feedCount,
})
