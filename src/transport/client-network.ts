import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import proxyAddr from 'proxy-addr'
import { networkOf } from '../fairness/network.ts'

/** Ranges that no single client has: an operator's own networks, with a proxy in front perhaps. */
const sharedRanges: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'linkLocal', 'unspecified']

/** What of an address is counted as one client; null where it is the address of many, as a proxy's is. */
export type ClientNetwork = (address: string) => string | null

/** Each operation asks, and most come from few addresses. */
const maxRemembered = 10_000
/** A proxy's header may hold any text. */
const maxRememberedLength = 64

export function createClientNetwork(trustProxy: readonly string[]): ClientNetwork {
  const isTrusted = proxyAddr.compile([...trustProxy])
  const ownNetwork = (address: string) => {
    if (!ipaddr.isValid(address)) return null
    const isShared = sharedRanges.includes(ipaddr.process(address).range()) || isTrusted(address, 0)
    return isShared ? null : networkOf(address)
  }
  const remembered = new LRUCache<string, { network: string | null }>({
    max: maxRemembered,
    memoMethod: (address) => ({ network: ownNetwork(address) }),
  })
  return (address) => (address.length > maxRememberedLength ? ownNetwork(address) : remembered.memo(address).network)
}
