import { isIPv6 } from 'node:net'

/** Where the machine itself finds what listens on this host and port. */
export function localUrl(host: string, port: number): string {
  const written = isIPv6(host) ? `[${host}]` : host
  const url = `http://${written}:${String(port)}`
  // One that is valid and no URL has a zone, like fe80::1%eth0.
  const hostname = URL.canParse(url) ? new URL(url).hostname : written
  const reachable = hostname === '0.0.0.0' ? '127.0.0.1' : hostname === '[::]' ? '[::1]' : hostname
  return `http://${reachable}:${String(port)}`
}
