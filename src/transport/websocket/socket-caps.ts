import { networkPayer } from '../../fairness/network.ts'
import { limited } from '../../telemetry/facts.ts'
import { createClientNetwork, type ClientNetwork } from '../client-network.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'

export interface SocketLimits {
  /** Open sockets of this process, and of one address (IPv6: network of 64 bits). */
  sockets: number
  socketsPerAddress: number
  /** Of those, without a person. */
  strangers: number
  strangersPerAddress: number
}

export const defaultSocketLimits: SocketLimits = {
  sockets: 50_000,
  socketsPerAddress: 1_000,
  strangers: 4_000,
  strangersPerAddress: 100,
}

/** Milliseconds that a stranger stays while there are many, beginning with this share of all that may be there. */
const crowdedStayMs = 2_000
const crowdedFrom = 0.5

export interface Refusal {
  status: '429 Too Many Requests' | '503 Service Unavailable'
  retryAfterSeconds: number
}

interface AddressCount {
  sockets: number
  strangers: number
}

export interface SocketCapsOptions {
  limits?: Partial<SocketLimits>
  /** Addresses and ranges of proxies: theirs is nobody's own. */
  trustProxy?: readonly string[]
}

/** How many sockets there may be: in all, of one address, and of those who have not said who they are. */
export class SocketCaps {
  readonly networkOf: ClientNetwork
  private readonly limits: SocketLimits
  private readonly byAddress = new Map<string, AddressCount>()
  /** Those without a person, the oldest first, with the time at which they came. */
  private readonly strangers = new Map<BoundedSocket, number>()
  private socketCount = 0

  constructor({ limits, trustProxy = [] }: SocketCapsOptions) {
    this.limits = { ...defaultSocketLimits, ...limits }
    this.networkOf = createClientNetwork(trustProxy)
  }

  /** Why one more is refused; null when there is room for it. */
  refusalFor(network: string | null): Refusal | null {
    const { sockets, socketsPerAddress, strangers, strangersPerAddress } = this.limits
    if (this.socketCount >= sockets) return refused('sockets', network)
    if (this.strangers.size >= strangers) return refused('strangers', network)
    const count = network === null ? undefined : this.byAddress.get(network)
    if (count && count.sockets >= socketsPerAddress) return refused('sockets-per-address', network)
    if (count && count.strangers >= strangersPerAddress) return refused('strangers-per-address', network)
    return null
  }

  add(socket: BoundedSocket, network: string | null): void {
    this.socketCount++
    this.strangers.set(socket, performance.now())
    if (network === null) return
    const count = this.byAddress.get(network) ?? { sockets: 0, strangers: 0 }
    this.byAddress.set(network, count)
    count.sockets++
    count.strangers++
  }

  /** It is known whose it is. */
  known(socket: BoundedSocket, network: string | null): void {
    if (!this.strangers.delete(socket) || network === null) return
    const count = this.byAddress.get(network)
    if (count) count.strangers--
  }

  remove(socket: BoundedSocket, network: string | null): void {
    this.known(socket, network)
    this.socketCount--
    if (network === null) return
    const count = this.byAddress.get(network)
    if (count && --count.sockets === 0) this.byAddress.delete(network)
  }

  /** Makes room for who comes next, where strangers are many: those who mean well have said who they are by now. */
  sweep(): void {
    const surplus = this.strangers.size - this.limits.strangers * crowdedFrom
    if (surplus <= 0) return
    const untilMs = performance.now() - crowdedStayMs
    let count = 0
    for (const [socket, cameAtMs] of this.strangers) {
      if (count++ >= surplus || cameAtMs > untilMs) return
      socket.close(closeCodes.TRY_AGAIN_LATER, 'Too many connections: say who you are')
    }
  }
}

function refused(limit: string, network: string | null): Refusal {
  const ofOne = limit.endsWith('-per-address')
  if (limited.hasSubscribers) {
    const code = ofOne ? 'RATE_LIMITED' : 'UNAVAILABLE'
    limited.publish({ code, limit, ...(network !== null && { payer: networkPayer(network) }) })
  }
  return ofOne
    ? { status: '429 Too Many Requests', retryAfterSeconds: 10 }
    : { status: '503 Service Unavailable', retryAfterSeconds: 5 }
}
