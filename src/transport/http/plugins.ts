import type { ExecutionResult } from 'graphql'
import { processRegularResult, type GraphQLParams, type Plugin } from 'graphql-yoga'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { badRequest, presentErrors } from '../errors.ts'
import { isJson } from './bodies/request-body.ts'

/** What each HTTP request brings along. The context's own fields are added once it is built. */
export interface ServerContext extends Partial<TransportContext> {
  init: ContextInit
  /** The text of a POST's body, where it is JSON. */
  body: string | null
}

/** Takes JSON by POST and query parameters by GET, and says plainly what is wrong with anything else. */
export function useStrictRequests(): Plugin<object, ServerContext> {
  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext }) {
      if (request.method === 'POST') {
        const { body } = serverContext
        if (body === null || !isJson(request.headers.get('content-type'))) {
          throw badRequest(415, 'Send the operation as JSON, with the header "content-type: application/json".')
        }
        setRequestParser(() => paramsOf(body))
      } else if (request.method === 'GET' && requestParser) {
        setRequestParser(async (getRequest) => {
          try {
            return await requestParser(getRequest)
          } catch {
            throw badRequest(400, 'The query parameters "variables" and "extensions" must be JSON objects.')
          }
        })
      }
    },
  }
}

function paramsOf(text: string): GraphQLParams {
  let params: unknown
  try {
    params = JSON.parse(text)
  } catch {
    throw badRequest(400, 'The body is not valid JSON. Send an object like {"query": "{ viewer { user { id } } }"}.')
  }
  if (Array.isArray(params)) throw badRequest(400, 'Send one operation per request: the body must be an object.')
  if (typeof params !== 'object' || params === null) throw badRequest(400, 'The body must be a JSON object.')
  return params
}

/** Presents the errors of every answer. */
export function useHttpResults(logger: Logger): Plugin<object, ServerContext> {
  return {
    onResultProcess(payload) {
      const { result, resultProcessor, serverContext } = payload
      const { traceId } = serverContext.init
      const presented = <Result extends ExecutionResult>(one: Result): Result =>
        one.errors ? { ...one, errors: presentErrors(one.errors, { traceId, logger, http: true }) } : one

      if (!resultProcessor) {
        // Yoga would answer 406 with an empty body.
        payload.setResult(presented({ errors: [notAcceptable()] }))
        payload.setResultProcessor(processRegularResult, 'application/json')
      } else {
        // Subscriptions, the only streams, are answered elsewhere.
        payload.setResult(presented(result as ExecutionResult))
      }
    },
  }
}

export const notAcceptable = () => badRequest(406, 'Accept application/json or, for a subscription, text/event-stream.')
