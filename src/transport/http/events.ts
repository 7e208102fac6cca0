import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Viewer } from '../../domain/viewer.ts'
import type { OpenEventResults } from '../../execution/event-results.ts'
import type { Operations, Prepared } from '../../execution/operations.ts'
import { EventReader, openEventReader } from '../../execution/subscribe.ts'
import { resumeOf, withToken } from '../../execution/resume-text.ts'
import type { Watchdog } from '../../execution/watchdog.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { ForbiddenError } from '../../domain/errors.ts'
import { isPassing, isUnavailable, presentErrors, refusalStatus } from '../errors.ts'
import type { AskedOperation } from './asked-operation.ts'
import { EventStream } from './event-stream.ts'
import { endPlace, idOf, lastEventIn, openPlace, type LastEvent } from './last-event.ts'
import { Requester } from './requester.ts'
import type { StreamTickets } from './tickets.ts'

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
  /** None are taken without. */
  streamTickets?: StreamTickets
}

export interface EventsRequest {
  request: IncomingMessage
  response: ServerResponse
  init: ContextInit
  asked: AskedOperation
  /** Of the address; null when it has none. */
  ticket: string | null
  /** What is to be run, or what is wrong with it. */
  prepared: Prepared | { errors: readonly unknown[] }
}

interface Asking extends EventsRequest {
  requester: Requester
  stream: EventStream
  /** What the client got last; null when it comes for the first time. */
  lastEvent: LastEvent | null
  /** The id that tells a place. */
  idAt: (place: string) => string
}

/** Answers operations with server-sent events: `next` and `complete`, as the distinct connections of graphql-sse have them. */
export function createEvents(options: EventsOptions) {
  const { operations, logger, createContext, openEventResults, watchdog, onSessionEnded, streamTickets } = options
  const { heartbeatMs = defaultHeartbeatMs } = options
  const open = new Set<EventStream>()
  let isStopping = false

  async function run(asking: Asking, prepared: Prepared): Promise<void> {
    const { asked, ticket, requester, lastEvent } = asking
    let { init } = asking
    if (prepared.isSubscription) {
      if (isStopping) {
        sendBack(asking)
        return
      }
      if (ticket !== null) init = { ...init, viewer: await ownerOf(asking, ticket) }
      if (lastEvent && lastEvent.place !== openPlace) init = { ...init, goOnFrom: lastEvent.place }
    } else if (ticket !== null)
      throw new ForbiddenError('A ticket opens the subscription it was made for, and nothing else.')
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

  function ownerOf({ asked, lastEvent, prepared }: Asking, ticket: string): Promise<Viewer> {
    const { variables, operationName } = asked
    const query = operations.textOf(asked)
    if (!streamTickets || query === undefined || !('run' in prepared))
      throw new ForbiddenError('No tickets are taken here.')
    return streamTickets.open(ticket, { query, variables, operationName }, lastEvent)
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
    const { requester, stream, lastEvent, idAt } = asking
    // It took some time to open: they may have gone, and nothing else would ever close it.
    if (requester.isGone || isStopping) {
      close(reader)
      if (isStopping) sendBack(asking)
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
    // Cut off before its first event, a client comes back to where it would have begun.
    stream.open(200, { retryMs: retryMs(), id: idAt(reader.placeAfter(null) ?? lastEvent?.place ?? openPlace) })
    try {
      await deliver(asking, reader)
    } finally {
      open.delete(stream)
      for (const leave of leaves) leave()
      close(reader)
    }
  }

  async function deliver(asking: Asking, reader: EventReader): Promise<void> {
    const { stream, idAt, init } = asking
    const { traceId } = init
    try {
      for (let read = await reader.next(); read; read = await reader.next()) {
        const { item, result } = read
        const value = result.value ?? {}
        const errors = value.errors && presentErrors(value.errors, { traceId, logger, ofEvent: true })
        // Told as an error the event would be lost to the reader: cut off, the client comes back with its cursor.
        if (errors && isUnavailable(errors)) {
          stream.cut()
          return
        }
        const shared = errors ? JSON.stringify({ ...value, errors }) : (result.text ??= JSON.stringify(value))
        const data = withToken(shared, resumeOf(item))
        const place = reader.placeAfter(item)
        await stream.send({ name: 'next', data, id: place === null ? null : idAt(place) })
      }
      complete(asking)
    } catch (error) {
      const errors = presentErrors([error], { traceId, logger, ofEvent: true })
      if (isUnavailable(errors)) stream.cut()
      else complete(asking, { errors })
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
    complete(asking, errors ? { ...result, errors: presentErrors(errors, { traceId: init.traceId, logger }) } : result)
  }

  /**
   * Mistakes are told as events with 200, since a browser's EventSource shows nothing of any other answer. A refusal has its
   * status, at which EventSource gives up, and the same events for who reads them. What passes must not end one that was
   * cut off and comes back.
   */
  function refuse(asking: Asking, errors: readonly unknown[]): void {
    const { stream, init, lastEvent } = asking
    const presented = presentErrors(errors, { traceId: init.traceId, logger })
    if (lastEvent && isPassing(presented)) {
      sendBack(asking, longestWaitMs(presented))
      return
    }
    const status = refusalStatus(presented)
    stream.open(status, {
      headers: { ...retryAfter(presented), ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }) },
    })
    complete(asking, { errors: presented })
  }

  return {
    get count() {
      return open.size
    },
    async answer(given: EventsRequest): Promise<void> {
      const { request, response, prepared, ticket } = given
      const requester = new Requester(request)
      const stream = new EventStream(response, requester, heartbeatMs)
      const sign = (place: string) => (ticket === null ? '' : (streamTickets?.sign(ticket, place) ?? ''))
      const idAt = (place: string) => idOf({ place, signature: sign(place) })
      const asking: Asking = { ...given, requester, stream, lastEvent: null, idAt }
      try {
        asking.lastEvent = lastEventIn(request.headers)
        if (asking.lastEvent?.place === endPlace) {
          // The one answer at which an EventSource stays away without an error.
          response.writeHead(204).end()
          return
        }
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
function complete({ stream, idAt }: Asking, result?: ExecutionResult): void {
  if (result) void stream.send({ name: 'next', data: JSON.stringify(result) })
  void stream.send({ name: 'complete', data: '', id: idAt(endPlace) })
  stream.end()
}

/** Has the client come back to the same place a little later. Any other answer would be the end of an EventSource. */
function sendBack({ stream }: Asking, waitMs = 0): void {
  stream.open(200, { retryMs: waitMs + retryMs() })
  stream.end()
}

const retryMs = () => minRetryMs + Math.random() * (maxRetryMs - minRetryMs)

const longestWaitMs = (errors: readonly GraphQLError[]) =>
  Math.max(0, ...errors.map(({ extensions }) => Number(extensions.retryAfterMs ?? 0)))

function retryAfter(errors: readonly GraphQLError[]): Record<string, string> {
  const waitMs = longestWaitMs(errors)
  return waitMs > 0 ? { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } : {}
}
