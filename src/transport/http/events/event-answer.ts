import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Viewer } from '../../../domain/viewer.ts'
import type { OpenEventResults } from '../../../execution/event-results.ts'
import type { Operations, Prepared } from '../../../execution/operations.ts'
import type { Input } from '../../../execution/plan-operation.ts'
import { byteSizeOf, declaredVariables, variablesOfEvents } from '../../../execution/kept-variables.ts'
import { EventReader, openEventReader } from '../../../execution/subscribe.ts'
import { tellHandedOver } from '../../../execution/committed-at.ts'
import { resumeOf, withToken } from '../../../execution/resume-text.ts'
import type { Watchdog } from '../../../execution/watchdog.ts'
import type { Share, Shares } from '../../../fairness/shares.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../../context.ts'
import { ForbiddenError, UnavailableError } from '../../../domain/errors.ts'
import { isPassing, isUnavailable, presentErrors, refusalStatus } from '../../errors.ts'
import type { AskedOperation } from '../asked-operation.ts'
import { EventStream, type OpenStreams } from './event-stream.ts'
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
  /** Who has what share of what streams keep and do. */
  shares?: Shares
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

/** The answer to one operation as server-sent events: `next` and `complete`, as the distinct connections of graphql-sse have them. */
export class EventAnswer {
  private readonly requester: Requester
  private readonly stream: EventStream
  /** What the client got last; null when it comes for the first time. */
  private lastEvent: LastEvent | null = null

  constructor(
    private readonly given: EventsRequest,
    private readonly options: EventsOptions,
    private readonly open: OpenStreams,
  ) {
    this.requester = new Requester(given.request)
    this.stream = new EventStream(given.response, this.requester, options.heartbeatMs ?? defaultHeartbeatMs)
  }

  async write(): Promise<void> {
    const { request, response, prepared } = this.given
    try {
      this.lastEvent = lastEventIn(request.headers)
      if (this.lastEvent?.place === endPlace) {
        // The one answer at which an EventSource stays away without an error.
        response.writeHead(204).end()
        return
      }
      if ('run' in prepared) await this.run(prepared)
      else this.refuse(prepared.errors)
    } catch (error) {
      this.refuse([error])
    }
  }

  private async run(prepared: Prepared): Promise<void> {
    const { lastEvent } = this
    const { asked, ticket } = this.given
    let { init } = this.given
    if (prepared.isSubscription) {
      if (this.open.isStopping) {
        this.sendBack()
        return
      }
      if (ticket !== null) init = { ...init, viewer: await this.ownerOf(ticket) }
      if (lastEvent && lastEvent.place !== openPlace) init = { ...init, goOnFrom: lastEvent.place }
    } else if (ticket !== null)
      throw new ForbiddenError('A ticket opens the subscription it was made for, and nothing else.')
    const contextValue = await this.options.createContext(init)
    if (this.requester.isGone) return
    const input = { contextValue, variableValues: asked.variables }
    if (!prepared.isSubscription) {
      this.answerOnce(await prepared.execute(input))
      return
    }
    input.variableValues = declaredVariables(prepared.operation, asked.variables)
    await this.openAndFollow(prepared, input, contextValue.viewer)
  }

  private async openAndFollow(prepared: Prepared, input: Input, viewer: Viewer | null): Promise<void> {
    const share = this.options.shares?.of(viewer?.userId)
    let keptByteSize = byteSizeOf(input.variableValues)
    if (share?.keep(keptByteSize) === false)
      throw new UnavailableError('Too many subscriptions with large variables begin at once.', maxRetryMs)
    try {
      const reader = await this.openReader(prepared, input, share)
      const { operationName } = this.given.asked
      input.variableValues = variablesOfEvents({ ...input, operationName, document: prepared.document })
      share?.release(keptByteSize)
      keptByteSize = byteSizeOf(input.variableValues)
      // What is left of it was there before.
      if (share?.keep(keptByteSize) === false) keptByteSize = 0
      if (reader instanceof EventReader) await this.follow(reader, viewer)
      else this.refuse(reader.errors ?? [])
    } finally {
      share?.release(keptByteSize)
    }
  }

  private ownerOf(ticket: string): Promise<Viewer> {
    const { operations, streamTickets } = this.options
    const { asked, prepared } = this.given
    const { variables, operationName } = asked
    const query = operations.textOf(asked)
    if (!streamTickets || query === undefined || !('run' in prepared))
      throw new ForbiddenError('No tickets are taken here.')
    return streamTickets.open(ticket, { query, variables, operationName }, this.lastEvent)
  }

  private openReader(prepared: Prepared, input: Input, share: Share | undefined) {
    const { operations, openEventResults, watchdog } = this.options
    const { asked } = this.given
    const { document, run } = prepared
    const { operationName } = asked
    const { schema } = operations
    const args = { schema, document, operationName, ...input, run, share }
    // Read, and not kept as long as the stream runs.
    Object.assign(asked, { query: undefined, variables: undefined, extensions: undefined })
    return prepared.open(input, (onOpened) => openEventReader(args, openEventResults, onOpened, watchdog))
  }

  /** Tells of each event from here on, until the source ends, or its requester, its session or the server does. */
  private async follow(reader: EventReader, viewer: Viewer | null): Promise<void> {
    const { requester, stream, lastEvent, open } = this
    // It took some time to open: they may have gone, and nothing else would ever close it.
    if (requester.isGone || open.isStopping) {
      this.close(reader)
      if (open.isStopping) this.sendBack()
      return
    }
    const leaves = [
      requester.onGone(() => {
        stream.close()
        this.close(reader)
      }),
    ]
    // A stream that is cut makes the client come back; one that is completed would say that nothing more will come.
    if (viewer) leaves.push(this.options.onSessionEnded(viewer.sessionId, () => stream.cut()))
    open.add(stream)
    // Cut off before its first event, a client comes back to where it would have begun.
    stream.open(200, { retryMs: retryMs(), id: this.idAt(reader.placeAfter(null) ?? lastEvent?.place ?? openPlace) })
    try {
      await this.deliver(reader, viewer?.userId)
    } finally {
      open.delete(stream)
      for (const leave of leaves) leave()
      this.close(reader)
    }
  }

  private async deliver(reader: EventReader, viewerId: string | undefined): Promise<void> {
    const { stream } = this
    const { logger } = this.options
    const { traceId } = this.given.init
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
        tellHandedOver(item, viewerId)
        await stream.send({ name: 'next', data, id: place === null ? null : this.idAt(place) })
      }
      this.complete()
    } catch (error) {
      const errors = presentErrors([error], { traceId, logger, ofEvent: true })
      if (isUnavailable(errors)) stream.cut()
      else this.complete({ errors })
    }
  }

  private close(reader: EventReader): void {
    reader.close().catch((error: unknown) => {
      this.options.logger.error({ err: error }, 'A subscription could not be ended cleanly')
    })
  }

  private answerOnce(result: ExecutionResult): void {
    const { errors } = result
    if (errors && result.data === undefined) {
      this.refuse(errors)
      return
    }
    this.stream.open(200)
    this.complete(errors ? { ...result, errors: this.present(errors) } : result)
  }

  private present(errors: readonly unknown[]): GraphQLError[] {
    return presentErrors(errors, { traceId: this.given.init.traceId, logger: this.options.logger })
  }

  /**
   * Mistakes are told as events with 200, since a browser's EventSource shows nothing of any other answer. A refusal has its
   * status, at which EventSource gives up, and the same events for who reads them. What passes must not end one that was
   * cut off and comes back.
   */
  private refuse(errors: readonly unknown[]): void {
    const presented = this.present(errors)
    if (this.lastEvent && isPassing(presented)) {
      this.sendBack(longestWaitMs(presented))
      return
    }
    const status = refusalStatus(presented)
    this.stream.open(status, {
      headers: { ...retryAfter(presented), ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }) },
    })
    this.complete({ errors: presented })
  }

  /** Ends the stream in order, after a last result where there is one. */
  private complete(result?: ExecutionResult): void {
    const { stream } = this
    if (result) void stream.send({ name: 'next', data: JSON.stringify(result) })
    void stream.send({ name: 'complete', data: '', id: this.idAt(endPlace) })
    stream.end()
  }

  /** Has the client come back to the same place a little later. Any other answer would be the end of an EventSource. */
  private sendBack(waitMs = 0): void {
    this.stream.open(200, { retryMs: waitMs + retryMs() })
    this.stream.end()
  }

  /** The id that tells a place. */
  private idAt(place: string): string {
    const { ticket } = this.given
    const signature = ticket === null ? '' : (this.options.streamTickets?.sign(ticket, place) ?? '')
    return idOf({ place, signature })
  }
}

const retryMs = () => minRetryMs + Math.random() * (maxRetryMs - minRetryMs)

const longestWaitMs = (errors: readonly GraphQLError[]) =>
  Math.max(0, ...errors.map(({ extensions }) => Number(extensions.retryAfterMs ?? 0)))

function retryAfter(errors: readonly GraphQLError[]): Record<string, string> {
  const waitMs = longestWaitMs(errors)
  return waitMs > 0 ? { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } : {}
}
