import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, OperationTypeNode } from 'graphql'
import type { Prepared } from '../../execution/operations.ts'
import type { ContextInit } from '../context.ts'
import type { ClientNetwork } from '../client-network.ts'
import { acceptedBy, acceptForYoga, type Accepted } from './accept.ts'
import { operationInBody, operationInUrl, type AskedOperation } from './asked-operation.ts'
import { answerPreflight, setApiHeaders, type AllowedOrigins } from './cors.ts'
import { createEngine, graphqlPath, type EngineOptions } from './engine.ts'
import { assetIn } from '../graphiql/assets.ts'
import { renderGraphiqlPage, type GraphiqlMode, type GraphiqlPage } from '../graphiql/page.ts'
import type { EventsOptions } from './events/event-answer.ts'
import { Events } from './events/events.ts'
import { answerJson } from './json-answer.ts'
import { createPlainPost, type KeptReads } from './plain-post.ts'
import { notAcceptable } from './plugins.ts'
import { badRequest, refusedUnread } from '../errors.ts'
import { limited } from '../../telemetry/facts.ts'
import { RateLimitedError } from '../../domain/errors.ts'
import { inTurn, type Fairness } from '../../fairness/fairness.ts'
import { addressPayer, networkPayer } from '../../fairness/network.ts'
import type { HttpLimits } from './limits.ts'
import { tellRate, type RateOf } from './rate-headers.ts'
import { maxSmallBodyByteSize, RequestBodies, type Body, type Sender } from './bodies/request-bodies.ts'
import { isJson } from './bodies/request-body.ts'
import { ticketIn } from './events/tickets.ts'

export interface ApiOptions extends EngineOptions, EventsOptions {
  corsOrigins: AllowedOrigins
  graphiql: GraphiqlMode
  httpLimits: HttpLimits
  clientNetwork: ClientNetwork
  fairness: Fairness
  /** How a payer stands at what is counted; without it nobody is told. */
  rateOf?: RateOf | null
  reads?: KeptReads | null
  /** Whether plain requests go past Yoga. False only to compare the answers. */
  plainPosts?: boolean
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  init: ContextInit
  accepted: Accepted
  isRead: boolean
}

/** The API by HTTP: finds out what is asked and how it is to be answered, and hands it to who does. */
export class Api {
  private readonly engine: ReturnType<typeof createEngine>
  private readonly plainPost: ReturnType<typeof createPlainPost>
  private readonly events: Events
  private readonly bodies: RequestBodies
  private page: Promise<GraphiqlPage> | undefined

  constructor(private readonly options: ApiOptions) {
    this.engine = createEngine(options)
    this.plainPost = createPlainPost(options)
    this.events = new Events(options)
    this.bodies = new RequestBodies(options.httpLimits)
  }

  /** Streams of server-sent events that run. */
  get streamCount(): number {
    return this.events.count
  }

  stop(): void {
    this.events.stop()
  }

  async answer(request: IncomingMessage, response: ServerResponse, init: ContextInit): Promise<void> {
    const { graphiql, corsOrigins, logger } = this.options
    const { method, headers } = request
    const isRead = method === 'GET' || method === 'HEAD'
    const assetName = graphiql !== 'off' && isRead ? assetIn(request.url ?? '') : null
    if (assetName !== null) {
      const asset = (await this.readPage()).assets.get(assetName)
      if (asset) await asset.answer(request, response)
      else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('It is of another version of this page.')
      return
    }
    setApiHeaders(request, response, corsOrigins)
    if (this.options.rateOf) tellRate(response, init, this.options.rateOf)
    if (method === 'OPTIONS') {
      answerPreflight(request, response, corsOrigins)
      return
    }
    const accepted = acceptedBy(headers.accept)
    const exchange: Exchange = { request, response, init, accepted, isRead }
    let body: Body | null = null
    try {
      if (method === 'POST' && isJson(headers['content-type'])) {
        body = await this.bodies.read(request, await this.senderOf(request, init))
      }
      await this.answerBody(exchange, body)
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      const mediaType = accepted.json ?? 'application/json'
      answerJson(response, { errors: [error] }, { mediaType, traceId: init.traceId, logger })
    } finally {
      body?.release()
    }
  }

  /** Throws what is wrong with the request itself. */
  private async answerBody(exchange: Exchange, body: Body | null): Promise<void> {
    const { request, response, init, accepted, isRead } = exchange
    const { graphiql, plainPosts = true } = this.options
    const { method, headers } = request
    const isPost = method === 'POST'
    let asked: AskedOperation | null = null
    if (body !== null) asked = this.parse(body, init)
    else if (method === 'GET') asked = operationInUrl(request.url ?? '')
    const prepared = asked && (await this.prepare(asked, init))
    const ticket = method === 'GET' ? ticketIn(request.url ?? '') : null
    if (graphiql !== 'off' && accepted.html && isRead) {
      const page = await this.readPage()
      response.writeHead(200, page.headers).end(page.html)
      return
    }
    if (asked && prepared) {
      const isSubscription = 'run' in prepared && prepared.isSubscription
      const isEventful = isSubscription || !accepted.json
      if (isEventful && accepted.events && (isPost || !isMutation(prepared))) {
        // A stream stays for hours, and keeps what it needs.
        body?.release()
        await this.events.answer({ request, response, init, asked, ticket, prepared })
        return
      }
      if (ticket !== null) {
        const message = 'A ticket opens the subscription it was made for, by server-sent events, and nothing else.'
        throw badRequest(400, message)
      }
      if (isSubscription) throw notAcceptable()
      if (isPost && plainPosts && accepted.json) {
        await this.plainPost({ response, init, mediaType: accepted.json, asked, prepared })
        return
      }
    }
    headers.accept = acceptForYoga(accepted)
    useYogasUrl(request)
    await this.engine(request, response, { init, body: body?.text ?? null })
  }

  /** A large body takes its time, which is charged before it is known whether it asks for anything. */
  private parse(body: Body, { clientIp }: ContextInit): AskedOperation | null {
    if (body.byteSize <= maxSmallBodyByteSize) return operationInBody(body.text)
    const { sender } = body
    const { work } = this.options.fairness
    const payer = sender.isKnown ? sender.payer : addressPayer(clientIp)
    const account = `bodies of ${String(payer)}`
    if (work.debtMs(account) > 0) {
      if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'parsing-bodies' })
      throw refusedUnread(429, new RateLimitedError(work.waitMs(account), 'Too many large requests.'))
    }
    const startMs = performance.now()
    try {
      return operationInBody(body.text)
    } finally {
      work.charge(account, performance.now() - startMs)
    }
  }

  private async prepare(
    asked: AskedOperation,
    init: ContextInit,
  ): Promise<Prepared | { errors: readonly GraphQLError[] }> {
    const { operations } = this.options
    try {
      const known = operations.known(asked)
      if (known) return known
      const payer = await this.payerOf(init)
      // In one turn of the loop as little of this as of all else that can wait.
      return await inTurn(this.options.fairness.work, payer, () => operations.prepare(asked, payer))
    } catch (error) {
      return { errors: [error as GraphQLError] }
    }
  }

  /** Who sent it is asked only where it makes work. */
  private async payerOf(init: ContextInit): Promise<string> {
    const { payer } = init.authorization === null ? {} : await this.options.createContext(init)
    return payer ?? addressPayer(init.clientIp)
  }

  /** Whether the token is valid is asked only where a body may be larger than one without a token. */
  private async senderOf({ headers }: IncomingMessage, init: ContextInit): Promise<Sender> {
    const byteSize =
      headers['content-encoding'] === undefined ? Number(headers['content-length'] ?? Infinity) : Infinity
    if (init.authorization !== null && byteSize > maxSmallBodyByteSize) {
      // What is wrong with the token is said by what needs it.
      const context = await this.options.createContext(init).catch(() => null)
      if (context?.viewer) return { payer: context.viewer.userId, isKnown: true }
    }
    const network = this.options.clientNetwork(init.clientIp)
    return { payer: network === null ? null : networkPayer(network), isKnown: false }
  }

  private readPage(): Promise<GraphiqlPage> {
    return (this.page ??= renderGraphiqlPage(this.options.graphiql))
  }
}

const isMutation = (prepared: Prepared | { errors: unknown }) =>
  'run' in prepared && prepared.operation.operation === OperationTypeNode.MUTATION

/** Of all it is told only the query counts; a strange Host header would not make a URL, and Yoga would answer with a stack. */
function useYogasUrl(request: IncomingMessage): void {
  const { url = '' } = request
  const queryAt = url.indexOf('?')
  request.url = graphqlPath + (queryAt < 0 ? '' : url.slice(queryAt))
  request.headers.host = 'localhost'
}
