import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { GraphQLSchema } from 'graphql'
import type { ConnectedDevice, Device, Viewer } from '../../domain/viewer.ts'
import type { OpenEventResults } from '../../execution/event-results.ts'
import { Watchdog } from '../../execution/watchdog.ts'
import { createFairness, type Fairness } from '../../fairness/fairness.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createClientView, type ClientView, type ViewOf } from '../client-view.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import type { GraphiqlMode } from '../graphiql/page.ts'
import type { WebClient } from '../web/client.ts'
import type { Deliveries } from '../websocket/delivered.ts'
import { createOperations, type OperationsOptions } from '../../execution/operations.ts'
import type { TrustedDocuments } from '../../execution/documents/persisted.ts'
import { httpContextInit, socketContextInit, traceIdOf } from './request.ts'
import { Shares } from '../../fairness/shares.ts'
import type { SocketLimits } from '../websocket/socket-caps.ts'
import { createWebSocketServer, type Sockets, type WebSocketOptions } from '../websocket/server.ts'
import { createClientNetwork } from '../client-network.ts'
import { Api } from './api.ts'
import { answerClientErrors } from './connections/client-errors.ts'
import { Connections } from './connections/connections.ts'
import { isSocketAllowed } from './cors.ts'
import { Files, type FileTransfers } from './files/files.ts'
import { defaultHttpLimits, type HttpLimits } from './limits.ts'
import { countUnanswered } from './connections/pipelining.ts'
import { boundRest } from './rest.ts'
import { sendJson } from './send-json.ts'
import type { KeptReads } from './plain-post.ts'
import { UnreadAnswers } from './bodies/unread-answers.ts'
import { graphqlPath } from './engine.ts'
import type { StreamTickets } from './events/tickets.ts'
import { pathOf, useOrigin } from './target.ts'
import { Request, keepWhereNothingIsLost } from './upgrade.ts'
import { addressPayer } from '../../fairness/network.ts'
import type { Counting } from './rate-headers.ts'
import { refuseUncounted, refuseUpgrade } from './refused-upgrade.ts'

/** A request must have come whole by then, and its head; a connection on which nothing comes ends by that too. */
const requestTimeoutMs = 30_000
const headersTimeoutMs = 15_000
const timeoutCheckMs = 2_000
/** Milliseconds for which one answer of the health checks is the answer for all who ask. */
const healthReuseMs = 100
/** Of all addresses together; more are closed as they come. WebSockets have bounds of their own. */
const maxConnections = 60_000
/** Longer than the idle timeout of common load balancers (60 s), so that it is never us who hangs up first. */
const keepAliveTimeoutMs = 65_000
/**
 * Connections that the system holds until they are accepted, as far as it allows so many (net.core.somaxconn). Of thousands
 * that come back at once those beyond it would try again after a second, and then after three.
 */
const backlog = 4_096

/** What a document and an operation may come to, and what is kept of documents. */
type OperationBounds = Pick<OperationsOptions, 'operationLimits' | 'documentLimits' | 'documentCacheByteSize'>

export interface TransportOptions extends Counting, OperationBounds {
  schema: GraphQLSchema
  logger: Logger
  graphiql: GraphiqlMode
  /** The page at /; without it / leads to the API. */
  webClient?: WebClient | null
  introspection: boolean
  corsOrigins: readonly string[] | '*'
  /** Whether cookies are marked Secure where it is not known how the client reaches us: true outside development. */
  secure: boolean
  trustedDocuments?: TrustedDocuments | null
  /** Whether plain requests go past Yoga. False only to compare the answers. */
  plainPosts?: boolean
  /** Addresses and ranges of proxies whose Forwarded and X-Forwarded-* headers count. */
  trustProxy?: readonly string[]
  /** Where clients find us: https://chat.example.com/chat */
  publicUrl?: string | null
  /** Throws UnauthenticatedError for a token that is wrong or expired; a missing one gives a viewer of null. */
  createContext: (init: ContextInit) => Promise<TransportContext>
  reads?: KeptReads | null
  /** Who may have how much at once, and when; one of its own without. */
  fairness?: Fairness
  httpLimits?: Partial<HttpLimits>
  /** How the events of a subscription are executed. */
  openEventResults: OpenEventResults
  /** Where what a WebSocket's device has acknowledged goes. */
  deliveries?: Deliveries
  /** Milliseconds after which a stream of server-sent events that has nothing to tell says so. */
  heartbeatMs?: number
  /** For server-sent events where no header can be sent. */
  streamTickets?: StreamTickets
  /** Whose bytes may come and go; without it there are no files. */
  transfers?: FileTransfers
  /** Calls the listener when the session ends, also when it ended a moment ago. Returns the way out. */
  onSessionEnded: (sessionId: string, listener: (how: 'REVOKED' | 'EXPIRED') => void) => () => void
  /** Calls the listener when the session ends soon unless its client sends a newer token. */
  onSessionEnding?: (sessionId: string, listener: (endsAt: Date) => void) => () => void
  /** Called when a socket names its device: it is there from now on. */
  connectDevice: (viewer: Viewer, device: Device, silentMs: () => number) => ConnectedDevice
  health: () => Promise<{ ready: boolean; checks: Record<string, string> }>
  /** Who has what share of what sockets and streams keep and do. */
  shares?: Shares
  socketLimits?: Partial<SocketLimits>
}

export interface Transport {
  /** Resolves with the real port, or rejects with node's own error (EADDRINUSE). */
  listen(port: number, host: string): Promise<number>
  /**
   * Refuses what is new, sends WebSockets and event streams away so that they come back elsewhere, and finishes what
   * is under way; cuts off what is left after `graceMs`. Idempotent.
   */
  stop(graceMs: number): Promise<void>
  /** Open WebSockets. */
  readonly socketCount: number
  /** Streams of server-sent events that run. */
  readonly streamCount: number
}

export const createTransport = (options: TransportOptions): Transport => new HttpTransport(options)

class HttpTransport implements Transport {
  private readonly logger: Logger
  private readonly viewOf: ViewOf
  private readonly watchdog: Watchdog
  private readonly api: Api
  private readonly files: Files | null
  private readonly sockets: Sockets
  private readonly unread: UnreadAnswers
  private readonly server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    IncomingMessage: Request,
  })
  private stopped: Promise<void> | undefined
  private healthAskedAtMs = -Infinity
  private lastHealth: ReturnType<TransportOptions['health']> = Promise.resolve({ ready: false, checks: {} })

  constructor(private readonly options: TransportOptions) {
    const { logger } = options
    this.logger = logger
    this.viewOf = createClientView(options)
    const { fairness = createFairness(logger), shares = new Shares(), transfers } = options
    const clientNetwork = createClientNetwork(options.trustProxy ?? [])
    const operations = createOperations({ ...options, fairness, clientNetwork })
    const watchdog = (this.watchdog = new Watchdog(logger))
    const httpLimits = { ...defaultHttpLimits, ...options.httpLimits }
    this.unread = new UnreadAnswers(httpLimits)
    this.api = new Api({ ...options, operations, watchdog, httpLimits, clientNetwork, fairness, shares })
    this.files = transfers ? new Files({ ...options, transfers, clientNetwork }) : null
    const initOf: WebSocketOptions['initOf'] = (request, authorization) =>
      socketContextInit(authorization, this.viewOf(request))
    this.sockets = createWebSocketServer({ ...options, operations, watchdog, initOf, shares })
    this.server.maxConnections = maxConnections
    this.server.on('connection', new Connections(clientNetwork, httpLimits).admit)
    answerClientErrors(this.server)
    this.server.on('request', (request, response) => void this.answer(request, response))
    this.server.on('upgrade', this.upgrade)
  }

  listen(port: number, host: string): Promise<number> {
    const { server } = this
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host, backlog }, () => {
        server.off('error', reject)
        server.on('error', (error) => this.logger.error({ err: error }, 'HTTP server error'))
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  stop(graceMs: number): Promise<void> {
    return (this.stopped ??= this.close(graceMs))
  }

  get socketCount(): number {
    return this.sockets.count
  }

  get streamCount(): number {
    return this.api.streamCount
  }

  private readonly upgrade = (request: Request, socket: Duplex, head: Buffer): void => {
    socket.on('error', (error) => this.logger.debug({ err: error }, 'Socket error during upgrade'))
    useOrigin(request)
    const view = this.viewOf(request)
    request.url = view.target
    // It may be one of several that the client would speak.
    request.headers.upgrade = 'websocket'
    if (this.stopped) refuseUpgrade(socket, '503 Service Unavailable')
    else if (pathOf(request) !== graphqlPath) refuseUpgrade(socket, '404 Not Found')
    else if (!isSocketAllowed(request, view.baseUrl, this.options.corsOrigins)) refuseUpgrade(socket, '403 Forbidden')
    else {
      const { countConnects } = this.options
      const open = () => {
        if (socket.destroyed) return
        const refusal = this.sockets.handleUpgrade(request, socket, head, view.address)
        if (refusal) refuseUpgrade(socket, refusal.status, refusal.retryAfterSeconds)
      }
      if (!countConnects) open()
      else countConnects(addressPayer(view.address)).then(open, (error: unknown) => refuseUncounted(socket, error))
    }
  }

  private async answer(request: Request, response: ServerResponse): Promise<void> {
    if (!countUnanswered(request.socket, response)) return
    const traceId = traceIdOf(request)
    response.setHeader('x-trace-id', traceId)
    // Nearly all answers had a viewer, or could have.
    response.setHeader('cache-control', 'private, no-store')
    if (this.stopped) response.setHeader('connection', 'close')
    else if (request.isDeclining) keepWhereNothingIsLost(request, response)
    useOrigin(request)
    const view = this.viewOf(request)
    request.url = view.target
    try {
      await this.route(request, response, traceId, view)
    } catch (error) {
      // A client that went away in the middle of its request is no fault of ours.
      this.logger[request.complete ? 'error' : 'debug'](
        { err: error, traceId, clientIp: view.address },
        'A request could not be answered',
      )
      if (!response.headersSent) sendJson(response, 500, { error: `Something went wrong on our side: ${traceId}` })
      else response.destroy()
    }
    this.unread.watch(request.socket, response)
    boundRest(request)
  }

  private async route(
    request: IncomingMessage,
    response: ServerResponse,
    traceId: string,
    view: ClientView,
  ): Promise<void> {
    switch (pathOf(request)) {
      case graphqlPath:
        await this.api.answer(request, response, httpContextInit(request, response, traceId, view))
        break
      case '/health/live':
        sendJson(response, 200, { live: true, forwarding: view.forwarding })
        break
      case '/health/ready': {
        const stopping = { ready: false, checks: { process: 'stopping' } }
        const report = this.stopped ? stopping : await this.health()
        sendJson(response, report.ready ? 200 : 503, report)
        break
      }
      default:
        if (this.files && Files.isFor(request)) {
          await this.files.answer(request, response, view.address)
          break
        }
        if (this.options.webClient?.isFor(request)) {
          await this.options.webClient.answer(request, response, view.basePath)
          break
        }
        if (pathOf(request) === '/') {
          response.writeHead(302, { location: `${view.basePath}${graphqlPath}` }).end()
          break
        }
        sendJson(response, 404, { error: `Nothing is here. The GraphQL API is at ${view.basePath}${graphqlPath}.` })
    }
  }

  /** Anybody may ask, and as often as they like: the database is asked no more often for that. */
  private health(): ReturnType<TransportOptions['health']> {
    const nowMs = performance.now()
    if (nowMs - this.healthAskedAtMs >= healthReuseMs) {
      this.healthAskedAtMs = nowMs
      this.lastHealth = this.options.health()
    }
    return this.lastHealth
  }

  private async close(graceMs: number): Promise<void> {
    const { server, sockets } = this
    this.watchdog.stop()
    // Upgraded connections count too: this waits for the WebSockets as well.
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    void sockets.goAway()
    this.api.stop()
    // A kept-alive connection becomes idle when its last request is answered.
    const idling = setInterval(() => server.closeIdleConnections(), 25)
    const cutting = setTimeout(() => {
      sockets.terminate()
      server.closeAllConnections()
    }, graceMs)
    await closed
    this.unread.stop()
    clearInterval(idling)
    clearTimeout(cutting)
  }
}
