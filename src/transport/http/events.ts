import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Viewer } from '../../domain/viewer.ts'
import type { OpenEventResults } from '../../execution/event-results.ts'
import type { Operations, Prepared } from '../../execution/operations.ts'
import { EventReader, openEventReader } from '../../execution/subscribe.ts'
import type { Watchdog } from '../../execution/watchdog.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { isUnavailable, presentErrors, refusalStatus } from '../errors.ts'
import type { AskedOperation } from './asked-operation.ts'
import { EventStream } from './event-stream.ts'
import { Requester } from './requester.ts'

/** Proxies commonly end a connection that was silent for 30 s or more, some phones' networks sooner. */
const defaultHeartbeatMs = 15_000
/** Milliseconds after which a client that was cut off comes back: between these two, so that not all come at once. */
const minRetryMs = 1_000
const maxRetryMs = 3_000

export interface EventsOptions {
  operations: Operations
  logger: Logger
  heartbeatMs?: number
  createContext: (init: ContextInit) => Promise<TransportContext>
  openEventResults: OpenEventResults
  watchdog?: Watchdog
  onSessionEnded: (sessionId: string, listener: () => void) => () => void
}

export interface EventsRequest {
  request: IncomingMessage
  response: ServerResponse
  init: ContextInit
  asked: AskedOperation
  /** What is to be run, or what is wrong with it. */
  prepared: Prepared | { errors: readonly unknown[] }
}

interface Asking extends EventsRequest {
  requester: Requester
  stream: EventStream
}

/** Answers operations with server-sent events: `next` and `complete`, as the distinct connections of graphql-sse have them. */
export function createEvents(options: EventsOptions) {
  const { operations, logger, createContext, openEventResults, watchdog, onSessionEnded } = options
  const { heartbeatMs = defaultHeartbeatMs } = options
  const open = new Set<EventStream>()
  let isStopping = false

  async function run(asking: Asking, prepared: Prepared): Promise<void> {
    const { asked, init, requester } = asking
    const contextValue = await createContext(init)
    if (requester.isGone) return
    const input = { contextValue, variableValues: asked.variables }
    if (!prepared.isSubscription) {
      answerOnce(asking, await prepared.execute(input))
      return
    }
    const reader = await openReader(asking, prepared, input)
    if (reader instanceof EventReader) await follow(asking, reader, contextValue.viewer)
    else refuse(asking, reader.errors ?? [])
  }

  function openReader({ asked }: Asking, prepared: Prepared, input: { contextValue: TransportContext }) {
    const error = prepared.rowsError(asked.variables)
    if (error) return { errors: [error] }
    const { document, run } = prepared
    const { operationName, variables: variableValues } = asked
    const { schema } = operations
    const args = { schema, document, operationName, ...input, variableValues, run }
    return openEventReader(args, openEventResults, watchdog)
  }

  /** Tells of each event from here on, until the source ends, or its requester, its session or the server does. */
  async function follow(asking: Asking, reader: EventReader, viewer: Viewer | null): Promise<void> {
    const { requester, stream } = asking
    // It took some time to open: they may have gone, and nothing else would ever close it.
    if (requester.isGone || isStopping) {
      close(reader)
      if (isStopping) stream.cut()
      return
    }
    const leaves = [
      requester.onGone(() => {
        stream.close()
        close(reader)
      }),
    ]
    // A stream that is cut makes the client come back; one that is completed would say that nothing more will come.
    if (viewer) leaves.push(onSessionEnded(viewer.sessionId, () => stream.cut()))
    open.add(stream)
    stream.open(200, { retryMs: minRetryMs + Math.random() * (maxRetryMs - minRetryMs) })
    try {
      await deliver(asking, reader)
    } finally {
      open.delete(stream)
      for (const leave of leaves) leave()
      close(reader)
    }
  }

  async function deliver({ stream, init: { traceId } }: Asking, reader: EventReader): Promise<void> {
    try {
      for (let read = await reader.next(); read; read = await reader.next()) {
        const { result } = read
        const value = result.value ?? {}
        const errors = value.errors && presentErrors(value.errors, { traceId, logger, ofEvent: true })
        // Told as an error the event would be lost to the reader: cut off, the client comes back with its cursor.
        if (errors && isUnavailable(errors)) {
          stream.cut()
          return
        }
        const data = errors ? JSON.stringify({ ...value, errors }) : (result.text ??= JSON.stringify(value))
        await stream.send({ name: 'next', data })
      }
      complete(stream)
    } catch (error) {
      const errors = presentErrors([error], { traceId, logger, ofEvent: true })
      if (isUnavailable(errors)) stream.cut()
      else complete(stream, { errors })
    }
  }

  function close(reader: EventReader): void {
    reader.close().catch((error: unknown) => {
      logger.error({ err: error }, 'A subscription could not be ended cleanly')
    })
  }

  function answerOnce(asking: Asking, result: ExecutionResult): void {
    const { stream, init } = asking
    const { errors } = result
    if (errors && result.data === undefined) {
      refuse(asking, errors)
      return
    }
    stream.open(200)
    complete(stream, errors ? { ...result, errors: presentErrors(errors, { traceId: init.traceId, logger }) } : result)
  }

  /**
   * Mistakes are told as events with 200, since a browser's EventSource shows nothing of any other answer. A refusal has its
   * status, at which EventSource gives up, and the same events for who reads them.
   */
  function refuse({ stream, init: { traceId } }: Asking, errors: readonly unknown[]): void {
    const presented = presentErrors(errors, { traceId, logger })
    const status = refusalStatus(presented)
    stream.open(status, {
      headers: { ...retryAfter(presented), ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }) },
    })
    complete(stream, { errors: presented })
  }

  return {
    get count() {
      return open.size
    },
    async answer(given: EventsRequest): Promise<void> {
      const { request, response, prepared } = given
      const requester = new Requester(request)
      const asking = { ...given, requester, stream: new EventStream(response, requester, heartbeatMs) }
      try {
        if ('run' in prepared) await run(asking, prepared)
        else refuse(asking, prepared.errors)
      } catch (error) {
        refuse(asking, [error])
      }
    },
    /** Cuts all streams, and what opens from now on: their clients come back elsewhere. */
    stop(): void {
      isStopping = true
      for (const stream of open) stream.cut()
    },
  }
}

/** Ends the stream in order, after a last result where there is one. */
function complete(stream: EventStream, result?: ExecutionResult): void {
  if (result) void stream.send({ name: 'next', data: JSON.stringify(result) })
  void stream.send({ name: 'complete', data: '' })
  stream.end()
}

function retryAfter(errors: readonly GraphQLError[]): Record<string, string> {
  const waitMs = Math.max(...errors.map(({ extensions }) => Number(extensions.retryAfterMs ?? 0)))
  return waitMs > 0 ? { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } : {}
}
