import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'
import { networkOf } from '../fairness/network.ts'

/** Ranges that no single client has: an operator's own networks, with a proxy in front perhaps. */
const sharedRanges: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'linkLocal', 'unspecified']

/** What of an address is counted as one client; null where it is the address of many, as a proxy's is. */
export type ClientNetwork = (address: string) => string | null

export function createClientNetwork(trustProxy: readonly string[]): ClientNetwork {
  const isTrusted = proxyAddr.compile([...trustProxy])
  return (address) => {
    if (!ipaddr.isValid(address)) return null
    const isShared = sharedRanges.includes(ipaddr.process(address).range()) || isTrusted(address, 0)
    return isShared ? null : networkOf(address)
  }
}
