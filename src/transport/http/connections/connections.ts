import type { Socket } from 'node:net'
import { networkPayer } from '../../../fairness/network.ts'
import { limited } from '../../../telemetry/facts.ts'
import type { ClientNetwork } from '../../client-network.ts'
import { defaultConnectionsPerAddress, type HttpLimits } from '../limits.ts'

/** Connections by who is at their other end. That is known before anything is read: headers of proxies come later. */
export class Connections {
  private readonly countByNetwork = new Map<string, number>()

  constructor(
    private readonly networkOf: ClientNetwork,
    private readonly limits: Pick<HttpLimits, 'connectionsPerAddress'>,
  ) {}

  /** Ends one that is too many, without an answer: to write one would be what is asked of us. */
  readonly admit = (socket: Socket): void => {
    const { connectionsPerAddress } = this.limits
    const address = socket.remoteAddress ?? ''
    // Of addresses that many share only when the operator says how many.
    const network = this.networkOf(address) ?? (connectionsPerAddress === null ? null : address)
    if (network === null) return
    const count = this.countByNetwork.get(network) ?? 0
    if (count >= (connectionsPerAddress ?? defaultConnectionsPerAddress)) {
      if (limited.hasSubscribers) {
        limited.publish({ code: 'RATE_LIMITED', limit: 'connections-per-address', payer: networkPayer(network) })
      }
      socket.destroy()
      return
    }
    this.countByNetwork.set(network, count + 1)
    socket.once('close', () => {
      const left = (this.countByNetwork.get(network) ?? 1) - 1
      if (left > 0) this.countByNetwork.set(network, left)
      else this.countByNetwork.delete(network)
    })
  }
}
