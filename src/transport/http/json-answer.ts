import type { ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Logger } from '../../telemetry/logger.ts'
import { presentErrors, retryAfter } from '../errors.ts'
import type { JsonType } from './accept.ts'

interface Asked {
  mediaType: JsonType
  traceId: string
  logger: Logger
}

/** Answers with a result as one JSON text, its errors presented. */
export function answerJson(response: ServerResponse, result: ExecutionResult, { mediaType, ...asked }: Asked): void {
  const presented = result.errors && presentErrors(result.errors, { ...asked, http: true })
  const body = JSON.stringify(presented ? { ...result, errors: presented.map(withoutHint) } : result)
  const waitMs = result.data ? 0 : refusedForMs(presented ?? [])
  response.writeHead(waitMs > 0 ? 429 : statusOf(presented ?? [], mediaType), {
    ...presented?.reduce((headers, error) => ({ ...headers, ...hintOf(error)?.headers }), {}),
    ...(waitMs > 0 && retryAfter(waitMs)),
    'Content-Type': `${mediaType}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Milliseconds until it may be asked again, where all that came of it are refusals of who asked too much; else 0. */
const refusedForMs = (errors: readonly GraphQLError[]) =>
  errors.every(({ extensions }) => extensions.code === 'RATE_LIMITED')
    ? Math.max(0, ...errors.map(({ extensions }) => Number(extensions.retryAfterMs)))
    : 0

/** A result without errors that is JSON already. */
export function sendJsonText(response: ServerResponse, body: Buffer, mediaType: JsonType): void {
  response.writeHead(200, { 'Content-Type': `${mediaType}; charset=utf-8`, 'content-length': body.byteLength })
  response.end(body)
}

const hintOf = (error: GraphQLError) => error.extensions.http

/** As the specification of GraphQL over HTTP has it: 200 for who knows of no other media type than JSON's own. */
function statusOf(errors: readonly GraphQLError[], mediaType: JsonType): number {
  const statuses = errors.map((error) => {
    const hint = hintOf(error)
    return hint?.spec === true && mediaType === 'application/json' ? 0 : (hint?.status ?? 0)
  })
  return Math.max(0, ...statuses) || 200
}

function withoutHint(error: GraphQLError) {
  const shown = { ...error.extensions }
  delete shown.http
  return { ...error.toJSON(), extensions: shown }
}
