import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'
import type { Logger } from '../telemetry/logger.ts'
import { addressIn, forwardedTo, hostIn } from './forwarded.ts'

/** How the client sees us and we see the client, whatever stands in between. */
export interface ClientView {
  address: string
  /** Whether it reaches us by HTTPS. */
  secure: boolean
  /** The path below which it finds us: '' or '/chat'. */
  basePath: string
  /** Where it finds us: https://chat.example.com/chat. Without a PUBLIC_URL the client may have made the host up itself. */
  baseUrl: string
  /** What is asked for, without basePath. */
  target: string
  /** Whether a proxy's headers came with it, and counted: for who looks whether TRUST_PROXY names it. */
  forwarding: 'none' | 'trusted' | 'not trusted'
}

const forwardingHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']

export interface ClientViewOptions {
  /** Addresses, ranges and names of ranges, as proxy-addr takes them: whose Forwarded and X-Forwarded-* count. */
  trustProxy?: readonly string[]
  /** Where clients find us, without a slash at the end. It counts more than any header. */
  publicUrl?: string | null
  /** Taken for `secure` where neither tells. */
  secure: boolean
  logger: Logger
}

export type ViewOf = (request: IncomingMessage) => ClientView

export function createClientView(options: ClientViewOptions): ViewOf {
  const { trustProxy = [], publicUrl = null, secure, logger } = options
  const isTrusted = proxyAddr.compile([...trustProxy])
  const trust = (address: string) => isTrusted(address, 0)
  const known = publicUrl === null ? null : new URL(publicUrl)
  const knownPath = known?.pathname.replace(/\/$/, '')
  let hasWarned = false

  return (request) => {
    const { address, scheme, host, prefix, contradictory } = forwardedTo(request, trust)
    if (contradictory && !hasWarned) {
      hasWarned = true
      logger.warn(
        'Forwarded and X-Forwarded-* of a request contradict each other, so neither counts. ' +
          'Have the proxy remove the headers that it does not write itself.',
      )
    }
    const basePath = knownPath ?? prefix ?? ''
    const ownHost = hostIn(request.headers.host ?? '') ?? 'localhost'
    return {
      address,
      secure: known ? known.protocol === 'https:' : scheme === null ? secure : scheme === 'https',
      basePath,
      baseUrl: publicUrl ?? `${scheme ?? 'http'}://${host ?? ownHost}${basePath}`,
      target: below(basePath, request.url ?? '/'),
      forwarding: !forwardingHeaders.some((name) => name in request.headers)
        ? 'none'
        : trust(addressIn(request.socket.remoteAddress ?? '') ?? '')
          ? 'trusted'
          : 'not trusted',
    }
  }
}

/** Some proxies take the path away before they ask us, and some do not. */
function below(basePath: string, target: string): string {
  if (basePath === '' || !target.startsWith(basePath)) return target
  const rest = target.slice(basePath.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : target
}
