import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { parse as parseForwarded } from 'forwarded-parse'
import ipaddr from 'ipaddr.js'

/** Whether an address is that of a proxy of ours, which writes what is true. */
export type Trust = (address: string) => boolean

export type Scheme = 'http' | 'https'

/** What trusted proxies told of a request. Null: nothing, or nothing that can be believed. */
export interface Forwarded {
  /** Of the client, or of the proxy nearest to it whose address is known. */
  address: string
  scheme: Scheme | null
  host: string | null
  /** The path below which the proxies serve us: '' or '/chat'. */
  prefix: string | null
  /** True when Forwarded and X-Forwarded-* tell two stories, of which one is the client's own. */
  contradictory: boolean
}

/** One of the two families of headers. Undefined: says nothing of that; null: says something that cannot be believed. */
interface Report {
  address?: string | null
  scheme?: Scheme | null
  host?: string | null
}

const maxPrefixLength = 256
const hostPattern = /^(?:[\w.-]{1,255}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i
// Nothing that would end a cookie's attribute or a header, and no empty segment: "//" would begin the name of a host.
const prefixPattern = /^(?:\/[\w.~%@:+-]+)*\/?$/

/**
 * Reads the headers of trusted proxies, from the nearest one outwards and no further than they are trusted: what stands
 * before may be the client's own words. Headers of a peer that is not trusted are not looked at.
 */
export function forwardedTo(request: IncomingMessage, trust: Trust): Forwarded {
  const peer = addressIn(request.socket.remoteAddress ?? '') ?? ''
  const untold = { address: peer, scheme: null, host: null, prefix: null, contradictory: false }
  if (peer === '' || !trust(peer)) return untold

  const { report: legacy, hops } = legacyReport(request, peer, trust)
  const standard = standardReport(request, peer, trust)
  // Nearly every proxy writes one family and hands on what a client writes in the other.
  const address = agreed(legacy.address, standard.address)
  const scheme = agreed(legacy.scheme, standard.scheme)
  const host = agreed(legacy.host, standard.host)
  return {
    address: address.value ?? peer,
    scheme: scheme.value,
    host: host.value,
    prefix: prefixIn(request, hops),
    contradictory: address.contradictory || scheme.contradictory || host.contradictory,
  }
}

/** The address in canonical form: IPv4 also where it is mapped into IPv6, without a port. Null when there is none. */
export function addressIn(text: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const family = isIP(bare)
  // IPv4 has one form only, as isIP takes it.
  if (family === 4) return bare
  return family === 6 ? ipaddr.process(bare).toString() : null
}

/** X-Forwarded-For, -Proto and -Host: lists that each proxy may have added to. */
function legacyReport(request: IncomingMessage, peer: string, trust: Trust): { report: Report; hops: number } {
  const report: Report = {}
  const addresses = listIn(request, 'x-forwarded-for')
  const { address, hops } = clientIn(peer, addresses?.map(addressIn) ?? [], trust)
  if (addresses) report.address = address
  const scheme = outermost(listIn(request, 'x-forwarded-proto'), hops)
  if (scheme !== undefined) report.scheme = schemeIn(scheme)
  const host = outermost(listIn(request, 'x-forwarded-host'), hops)
  if (host !== undefined) report.host = hostIn(host)
  return { report, hops }
}

/** Forwarded (RFC 7239): an element by each proxy. */
function standardReport(request: IncomingMessage, peer: string, trust: Trust): Report {
  const header = textOf(request, 'forwarded')
  if (header === undefined) return {}
  let elements: Record<string, string>[]
  try {
    elements = parseForwarded(header)
  } catch {
    // One that the client broke must not make another header of its own count.
    return { address: null, scheme: null, host: null }
  }
  const { address, hops } = clientIn(
    peer,
    elements.map(({ for: node }) => addressIn(node ?? '')),
    trust,
  )
  const told = elements.slice(-hops)
  const scheme = told.find(({ proto }) => proto !== undefined)?.proto
  const host = told.find((element) => element.host !== undefined)?.host
  return {
    ...(elements.some((element) => element.for !== undefined) && { address }),
    ...(scheme !== undefined && { scheme: schemeIn(scheme) }),
    ...(host !== undefined && { host: hostIn(host) }),
  }
}

/** The outermost address that a trusted proxy wrote, and how many proxies are trusted. Null stands for no address. */
function clientIn(peer: string, written: (string | null)[], trust: Trust): { address: string; hops: number } {
  let address = peer
  let hops = 0
  for (const next of written.toReversed()) {
    if (!trust(address)) break
    hops++
    if (next === null) break
    address = next
  }
  // The peer is one, whether or not it told for whom it asks.
  return { address, hops: Math.max(1, hops) }
}

/** What the outermost of the trusted proxies wrote, or the outermost that wrote at all. */
const outermost = (values: string[] | undefined, hops: number) => values?.slice(-hops)[0]

/** Each proxy that serves the next one below a path of its own adds that path. */
function prefixIn(request: IncomingMessage, hops: number): string | null {
  const paths = listIn(request, 'x-forwarded-prefix')?.slice(-hops)
  if (!paths?.every((path) => prefixPattern.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path))) return null
  const prefix = paths.map((path) => path.replace(/\/$/, '')).join('')
  return prefix.length > maxPrefixLength ? null : prefix
}

function schemeIn(text: string): Scheme | null {
  const scheme = text.toLowerCase()
  if (scheme === 'https' || scheme === 'wss') return 'https'
  return scheme === 'http' || scheme === 'ws' ? 'http' : null
}

export const hostIn = (text: string): string | null => (hostPattern.test(text) ? text.toLowerCase() : null)

function agreed<Value>(one: Value | null | undefined, other: Value | null | undefined) {
  if (one === undefined || other === undefined) return { value: one ?? other ?? null, contradictory: false }
  return { value: one === other ? one : null, contradictory: one !== other }
}

// Several lines of one header are one list.
function textOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

const listIn = (request: IncomingMessage, name: string) =>
  textOf(request, name)
    ?.split(',')
    .map((value) => value.trim())
