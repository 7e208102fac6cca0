import ipaddr from 'ipaddr.js'

/** Ranges of IPv6 in which one /64 holds many that have nothing to do with each other: translated IPv4, and neighbours. */
const crowded = ['rfc6052', 'rfc6145', 'linkLocal']
const networkBytes = 8

/**
 * What of an address is counted as one client. With IPv6 whoever rents a line or a server has a /64 and can take another
 * address of it for each attempt.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4' || crowded.includes(parsed.range())) return parsed.toString()
  const network = parsed.toByteArray().map((byte, at) => (at < networkBytes ? byte : 0))
  return `${ipaddr.fromByteArray(network).toString()}/64`
}

/** Whom the work for one network is charged to, where no person is known. */
export const networkPayer = (network: string): string => `address:${network}`

/** The same for an address. */
export const addressPayer = (address: string): string => networkPayer(networkOf(address))
