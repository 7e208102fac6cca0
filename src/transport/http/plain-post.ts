import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { corsHeaders, type AllowedOrigins } from './cors.ts'
import { presentErrors } from '../errors.ts'
import type { OperationRequest, Operations, Prepared } from '../../execution/operations.ts'
import { isJson, readBody } from './request-body.ts'

export interface PlainPostOptions {
  operations: Operations
  logger: Logger
  corsOrigins: AllowedOrigins
  createContext: (init: ContextInit) => Promise<TransportContext>
}

/** What was read of a request that has to go on to Yoga. Undefined: answered. */
export type Rest = { body?: { text: string | null } } | undefined

/**
 * The short path for what nearly all requests are: a query or mutation by POST, answered as JSON. Without the Request,
 * the Response and the hooks of Yoga, and with the same answer to the byte; what is unusual goes on to Yoga.
 */
export function createPlainPost({ operations, logger, corsOrigins, createContext }: PlainPostOptions) {
  return async (request: IncomingMessage, response: ServerResponse, init: ContextInit): Promise<Rest> => {
    const { headers, method } = request
    const mediaType = method === 'POST' && isJson(headers['content-type']) ? answerTypeFor(headers.accept) : null
    if (mediaType === null) return {}
    const text = await readBody(request)
    const params = text === null ? null : operationIn(text)
    if (!params) return { body: { text } }

    const { traceId } = init
    const result = await resultOf(params, init)
    if (result === null) return { body: { text } }
    const { errors } = result
    const presented = errors && presentErrors(errors, { traceId, logger, http: true })
    const body = JSON.stringify(presented ? { ...result, errors: presented.map(withoutHint) } : result)
    response.writeHead(statusOf(presented ?? [], mediaType), {
      'Content-Type': `${mediaType}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      ...corsHeaders(headers.origin, headers['access-control-request-headers'], corsOrigins),
    })
    response.end(body)
    return undefined
  }

  /** Null for a subscription. */
  async function resultOf(params: OperationRequest & Variables, init: ContextInit): Promise<ExecutionResult | null> {
    let prepared: Prepared
    try {
      prepared = operations.prepare(params)
      if (prepared.isSubscription) return null
      const contextValue = await createContext(init)
      return await prepared.execute({ contextValue, variableValues: params.variables })
    } catch (error) {
      return { errors: [error as GraphQLError] }
    }
  }
}

interface Variables {
  variables?: Record<string, unknown> | null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isObjectOrNone = (value: unknown) => value === undefined || value === null || isObject(value)
const known = new Set(['query', 'variables', 'operationName', 'extensions'])

/** Null for a body that is no operation: what is wrong with it is for Yoga to say. */
function operationIn(text: string): (OperationRequest & Variables) | null {
  let params: unknown
  try {
    params = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(params)) return null
  const { query, variables, extensions } = params
  const wellFormed =
    isObjectOrNone(variables) &&
    isObjectOrNone(extensions) &&
    (typeof query === 'string' || (query == null && isObject(extensions) && isObject(extensions.persistedQuery))) &&
    Object.keys(params).every((key) => known.has(key) || params[key] == null)
  return wellFormed ? params : null
}

const json = 'application/json'
const graphqlJson = 'application/graphql-response+json'
type AnswerType = typeof json | typeof graphqlJson

/** The first of the accepted media types that a plain answer can have, or null. */
export function answerTypeFor(accept: string | undefined): AnswerType | null {
  if (accept === undefined || accept === json || accept === '*/*') return json
  for (const range of accept.replace(/\s/g, '').toLowerCase().split(',')) {
    const [mediaType = '', ...parameters] = range.split(';')
    const charset = parameters.find((parameter) => parameter.includes('charset='))
    if (charset !== undefined && charset !== 'charset=utf-8') continue
    const [type, subtype] = mediaType.split('/')
    if (type !== '*' && type !== 'application') continue
    if (subtype === '*' || subtype === 'json') return json
    if (subtype === 'graphql-response+json') return graphqlJson
  }
  return accept === '' ? json : null
}

const hintOf = (error: GraphQLError) => error.extensions.http

/** As the specification of GraphQL over HTTP has it: 200 for who knows of no other media type than JSON's own. */
function statusOf(errors: readonly GraphQLError[], mediaType: AnswerType): number {
  const statuses = errors.map((error) => {
    const hint = hintOf(error)
    return hint?.spec === true && mediaType === json ? 0 : (hint?.status ?? 0)
  })
  return Math.max(0, ...statuses) || 200
}

function withoutHint(error: GraphQLError) {
  const shown = { ...error.extensions }
  delete shown.http
  return { ...error.toJSON(), extensions: shown }
}
