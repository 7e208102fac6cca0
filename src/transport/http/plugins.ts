import { Readable } from 'node:stream'
import type { ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { isAsyncIterable, mapAsyncIterator, processRegularResult, type GraphQLParams, type Plugin } from 'graphql-yoga'
import type { Viewer } from '../../domain/viewer.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { badRequest, isUnavailable, presentErrors } from '../errors.ts'
import { isJson, maxBodyBytes, readBody } from './request-body.ts'

/** What each HTTP request brings along. The context's own fields are added once it is built. */
export interface ServerContext extends Partial<TransportContext> {
  init: ContextInit
  /** Absent on a WebSocket. */
  response?: ServerResponse
  /** The body of a POST, where it was read already; a null in it stands for one that is too large. */
  body?: { text: string | null }
}

/** Takes JSON by POST and query parameters by GET, and says plainly what is wrong with anything else. */
export function useStrictRequests(): Plugin<object, ServerContext> {
  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext }) {
      if (request.method === 'POST') {
        if (!isJson(request.headers.get('content-type'))) {
          throw badRequest(415, 'Send the operation as JSON, with the header "content-type: application/json".')
        }
        const { body } = serverContext
        setRequestParser(async () => paramsOf(body ? body.text : await readBody(Readable.from(chunksOf(request)))))
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

// The type of the DOM's streams lacks the iterator that those of Node and of Yoga have.
const chunksOf = (request: Request) => (request.body ?? []) as unknown as AsyncIterable<Uint8Array>

function paramsOf(text: string | null): GraphQLParams {
  if (text === null) {
    throw badRequest(413, `The body is over 1 MB (${maxBodyBytes} bytes). Send less, or split the operation.`)
  }
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

/** Presents the errors of every HTTP answer, and of every event of a stream. */
export function useHttpResults(
  logger: Logger,
  onStream: (response: ServerResponse, viewer: Viewer | null) => void,
): Plugin<object, ServerContext> {
  return {
    onResultProcess(payload) {
      const { result, resultProcessor, serverContext } = payload
      const { init, response, viewer } = serverContext
      const { traceId } = init
      const presented = <Result extends ExecutionResult>(one: Result): Result =>
        one.errors ? { ...one, errors: presentErrors(one.errors, { traceId, logger, http: true }) } : one

      if (!resultProcessor) {
        // Yoga would answer 406 with an empty body, and leave the subscription it has started running.
        if (isAsyncIterable(result)) void untilRepeated(result).return?.()
        const error = badRequest(406, 'Accept application/json or, for a subscription, text/event-stream.')
        payload.setResult(presented({ errors: [error] }))
        payload.setResultProcessor(processRegularResult, 'application/json')
      } else if (isAsyncIterable(result)) {
        if (response) onStream(response, viewer ?? null)
        const presentedOrCut = (one: ExecutionResult) => {
          if (!one.errors) return one
          const event = { ...one, errors: presentErrors(one.errors, { traceId, logger, ofEvent: true }) }
          // Told as an error the event would be lost to the reader: cut off, the client comes back with its cursor.
          if (isUnavailable(event.errors)) response?.destroy()
          return event
        }
        payload.setResult(mapAsyncIterator(untilRepeated(result), presentedOrCut))
      } else {
        payload.setResult(Array.isArray(result) ? result.map(presented) : presented(result))
      }
    },
  }
}

/**
 * A stream that throws is turned by Yoga into one that gives the same error object again and again, without an end,
 * unless the source reports its own end after the error. The first repetition ends it.
 */
function untilRepeated<Item>(source: AsyncIterable<Item>): AsyncIterableIterator<Item> {
  const iterator = source[Symbol.asyncIterator]()
  const end = { value: undefined, done: true } as const
  let last: Item | undefined
  // Not an async generator: its return() would wait for the next event, and a client that has gone would stay.
  return {
    async next() {
      const step = await iterator.next()
      if (step.done || step.value === last) return end
      last = step.value
      return step
    },
    async return() {
      // Yoga's own wrapper around the source has turned a failure of this into a value.
      await iterator.return?.()
      return end
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
