import ipaddr from 'ipaddr.js'

/** Addresses that requests may go to although they are not public: ranges as 10.0.0.0/8, or all. */
export type AllowedPrivate = 'all' | readonly string[]

/** Services that a cloud gives to its machines alone, at addresses that look public. */
const metadataAddresses: readonly string[] = ['168.63.129.16']
/** The only part of IPv6 that is given to the public. */
const publicIpv6 = ipaddr.IPv6.parseCIDR('2000::/3')
/** An IPv4 address in its last 32 bits, to which a gateway translates. */
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** The address that is reached in the end: that which is inside a mapped or translated one. */
function innermost(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  return address.match(nat64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  return address instanceof ipaddr.IPv6 ? address.match(publicIpv6) : !metadataAddresses.includes(address.toString())
}

function isIn(address: Address, range: string): boolean {
  const [net, bits] = ipaddr.parseCIDR(range)
  return net.kind() === address.kind() && address.match(net, bits)
}

/**
 * Whether a request may go to this address: one of the public internet, or one of those that are allowed. Everything else is a network
 * of ours, or one that only our machine reaches, to which a URL must not be a door.
 */
export function isAllowedAddress(text: string, allowed: AllowedPrivate): boolean {
  if (allowed === 'all') return true
  if (!ipaddr.isValid(text)) return false
  const address = innermost(ipaddr.parse(text))
  return isPublic(address) || allowed.some((range) => isIn(address, range))
}
