import { lookup as lookupInDns } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { isAllowedAddress, type AllowedPrivate } from './addresses.ts'

export interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
}

/** What came of a request: the head of an answer, or why there was none. */
export type WebhookAnswer = { status: number; retryAfter: string | null } | { status: null; error: string }

export interface WebhookSender {
  /** Never rejects. Redirects are answers like others. */
  send(request: WebhookRequest): Promise<WebhookAnswer>
  /** Whether the host of a URL is an address that nothing is sent to, whatever names resolve to. */
  isRefused(url: string): boolean
  close(): void
}

export interface SenderOptions {
  allowedPrivate: AllowedPrivate
  /** Milliseconds until the head of an answer has to be there, resolving and connecting included. */
  timeoutMs: number
  /** Tests resolve names in their own way. */
  lookup?: LookupFunction
}

/** Bytes of an answer that are read, to use its connection again: nobody looks at them. */
const maxAnswerByteSize = 65_536
const idleConnectionMs = 15_000
const maxIdleConnections = 16

class RefusedAddressError extends Error {
  override name = 'RefusedAddressError'
  constructor(address: string) {
    super(`${address} is not an address of the public internet; WEBHOOK_ALLOW_PRIVATE can allow it`)
  }
}

const hostOf = (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1')

/** In a few words, for those who look at deliveries. */
function wordsOf(error: Error & { code?: string }): string {
  if (error instanceof RefusedAddressError) return error.message
  return (error.code ?? error.message).slice(0, 200)
}

/** Sends requests to addresses that others have chosen: docs/decisions/0089. */
export function createWebhookSender({ allowedPrivate, timeoutMs, lookup = lookupInDns }: SenderOptions): WebhookSender {
  const isAllowed = (address: string) => isAllowedAddress(address, allowedPrivate)

  // The connection is made to what this answers, and to nothing that the name resolves to a moment later.
  const pinnedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      const refused = error ? undefined : addresses.find(({ address }) => !isAllowed(address))
      const first = error ? undefined : addresses[0]
      const failure = error ?? (refused && new RefusedAddressError(refused.address))
      if (failure || !first) callback(failure ?? new Error('ENOTFOUND'), '')
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

  const agentOptions = {
    keepAlive: true,
    timeout: idleConnectionMs,
    maxFreeSockets: maxIdleConnections,
    lookup: pinnedLookup,
  }
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) }

  const isRefused = (url: string) => {
    const host = hostOf(new URL(url))
    return isIP(host) !== 0 && !isAllowed(host)
  }

  function attempt({ url: text, headers, body }: WebhookRequest, isAgain: boolean): Promise<WebhookAnswer> {
    const url = new URL(text)
    return new Promise((resolve) => {
      const { request } = url.protocol === 'https:' ? https : http
      const agent = agents[url.protocol as keyof typeof agents]
      const sent = request(url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      })
      const late = setTimeout(() => sent.destroy(new Error('TIMEOUT')), timeoutMs)
      sent.on('socket', (socket: Socket) => {
        // Once more, when it is certain what it is connected to.
        const check = () => {
          const { remoteAddress } = socket
          if (remoteAddress !== undefined && !isAllowed(remoteAddress))
            sent.destroy(new RefusedAddressError(remoteAddress))
        }
        if (socket.connecting) socket.once('connect', check)
        else check()
      })
      sent.on('response', (answer) => {
        let byteSize = 0
        answer.on('data', (chunk: Buffer) => {
          byteSize += chunk.length
          if (byteSize > maxAnswerByteSize) sent.destroy()
        })
        // Of one that breaks off nobody wants the rest.
        answer.on('error', () => undefined)
        resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] ?? null })
      })
      sent.on('error', (error: Error & { code?: string }) => {
        // The receiver closed a connection that was kept, at the moment when it was used again: nothing is wrong with it.
        const isStale = sent.reusedSocket && !isAgain && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
        resolve(isStale ? attempt({ url: text, headers, body }, true) : { status: null, error: wordsOf(error) })
      })
      sent.on('close', () => {
        clearTimeout(late)
        // When it ended without any of these, as by destroy() without an error.
        resolve({ status: null, error: 'closed' })
      })
      sent.end(body)
    })
  }

  return {
    isRefused,
    async send(request) {
      const host = hostOf(new URL(request.url))
      // An address needs no name to be resolved, and lookup() is not called.
      if (isRefused(request.url)) return { status: null, error: new RefusedAddressError(host).message }
      return await attempt(request, false)
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}
