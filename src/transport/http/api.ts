import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, OperationTypeNode } from 'graphql'
import type { Prepared } from '../../execution/operations.ts'
import type { ContextInit } from '../context.ts'
import { acceptedBy, acceptForYoga, type JsonType } from './accept.ts'
import { operationInBody, operationInUrl, type AskedOperation } from './asked-operation.ts'
import { answerPreflight, setApiHeaders, type AllowedOrigins } from './cors.ts'
import { createEngine, graphqlPath, type EngineOptions } from './engine.ts'
import { assetIn } from '../graphiql/assets.ts'
import { renderGraphiqlPage, type GraphiqlMode, type GraphiqlPage } from '../graphiql/page.ts'
import type { EventsOptions } from './event-answer.ts'
import { Events } from './events.ts'
import { answerJson } from './json-answer.ts'
import { createPlainPost } from './plain-post.ts'
import { notAcceptable } from './plugins.ts'
import { badRequest } from '../errors.ts'
import { addressPayer } from '../payer.ts'
import { isJson, readBody } from './request-body.ts'
import { ticketIn } from './tickets.ts'

export interface ApiOptions extends EngineOptions, EventsOptions {
  corsOrigins: AllowedOrigins
  graphiql: GraphiqlMode
  /** Whether plain requests go past Yoga. False only to compare the answers. */
  plainPosts?: boolean
}

export type Api = ReturnType<typeof createApi>

/** The API by HTTP: finds out what is asked and how it is to be answered, and hands it to who does. */
export function createApi(options: ApiOptions) {
  const { operations, logger, createContext, graphiql, corsOrigins, plainPosts = true } = options
  const engine = createEngine(options)
  const plainPost = createPlainPost(options)
  const events = new Events(options)

  let page: Promise<GraphiqlPage> | undefined
  const readPage = () => (page ??= renderGraphiqlPage(graphiql))

  async function answer(request: IncomingMessage, response: ServerResponse, init: ContextInit): Promise<void> {
    const { method, headers } = request
    const isRead = method === 'GET' || method === 'HEAD'
    const assetName = graphiql !== 'off' && isRead ? assetIn(request.url ?? '') : null
    if (assetName !== null) {
      const asset = (await readPage()).assets.get(assetName)
      if (asset) await asset.answer(request, response)
      else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('It is of another version of this page.')
      return
    }
    setApiHeaders(request, response, corsOrigins)
    if (method === 'OPTIONS') {
      answerPreflight(request, response, corsOrigins)
      return
    }
    const accepted = acceptedBy(headers.accept)
    const isPost = method === 'POST'
    const refuse = (error: unknown, mediaType: JsonType = accepted.json ?? 'application/json') => {
      answerJson(response, { errors: [error as GraphQLError] }, { mediaType, traceId: init.traceId, logger })
    }
    let body: string | null = null
    let asked: AskedOperation | null = null
    try {
      if (isPost && isJson(headers['content-type'])) body = await readBody(request)
      if (body !== null) asked = operationInBody(body)
      else if (method === 'GET') asked = operationInUrl(request.url ?? '')
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      refuse(error)
      return
    }

    const prepared = asked && (await prepare(asked, init))
    const ticket = method === 'GET' ? ticketIn(request.url ?? '') : null
    if (graphiql !== 'off' && accepted.html && isRead) {
      const { html } = await readPage()
      response
        .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Referrer-Policy': 'no-referrer' })
        .end(html)
      return
    }
    if (asked && prepared) {
      const isSubscription = 'run' in prepared && prepared.isSubscription
      const isEventful = isSubscription || !accepted.json
      if (isEventful && accepted.events && (isPost || !isMutation(prepared))) {
        // Without an await, which would keep the body as long as a stream runs.
        return events.answer({ request, response, init, asked, ticket, prepared })
      }
      if (ticket !== null) {
        refuse(
          badRequest(400, 'A ticket opens the subscription it was made for, by server-sent events, and nothing else.'),
        )
        return
      }
      if (isSubscription) {
        refuse(notAcceptable())
        return
      }
      if (isPost && plainPosts && accepted.json) {
        await plainPost({ response, init, mediaType: accepted.json, asked, prepared })
        return
      }
    }
    headers.accept = acceptForYoga(accepted)
    useYogasUrl(request)
    await engine(request, response, { init, body })
  }

  async function prepare(
    asked: AskedOperation,
    init: ContextInit,
  ): Promise<Prepared | { errors: readonly GraphQLError[] }> {
    try {
      return operations.known(asked) ?? operations.prepare(asked, await payerOf(init))
    } catch (error) {
      return { errors: [error as GraphQLError] }
    }
  }

  /** Who sent it is asked only where it makes work. */
  async function payerOf(init: ContextInit): Promise<string> {
    const { payer } = init.authorization === null ? {} : await createContext(init)
    return payer ?? addressPayer(init.clientIp)
  }

  return {
    answer,
    stop: () => events.stop(),
    /** Streams of server-sent events that run. */
    get streamCount() {
      return events.count
    },
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
