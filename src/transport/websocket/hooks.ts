import type { IncomingMessage } from 'node:http'
import { GraphQLError, OperationTypeNode, getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws'
import { isAsyncIterable } from 'graphql-yoga'
import { QueryTooComplexError } from '../../domain/errors.ts'
import type { OpenEventResults } from '../../execution/event-results.ts'
import type { Operations } from '../../execution/operations.ts'
import { asksForCost, withCost } from '../../execution/costs/told-cost.ts'
import { startStream, type OnOpened } from '../../execution/subscribe.ts'
import { byteSizeOf, declaredVariables } from '../../execution/kept-variables.ts'
import type { Watchdog } from '../../execution/watchdog.ts'
import type { Share, Shares } from '../../fairness/shares.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { newTraceId, saneTraceparent, traceIdIn } from '../trace-ids.ts'
import { asGraphQLError, isUnavailable, presentErrors } from '../errors.ts'
import { addressPayer } from '../../fairness/network.ts'
import { greeting } from '../../schema/greeting.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes, comeBack, tooMuch } from './close-codes.ts'
import { authorizationIn, refuse, type Connection, type ConnectionInit, type Operation } from './connection.ts'
import { Delivered, type Deliveries } from './delivered.ts'
import { Delivery } from './delivery.ts'
import { connectSocket, deviceIn, type ConnectDevice } from './device.ts'
import { clientId } from './incoming.ts'
import { liveSource } from './live-source.ts'

const maxOperationsPerSocket = 100
const connectionInitTimeoutMs = 10_000

export interface HookOptions {
  operations: Operations
  logger: Logger
  initOf: (request: IncomingMessage, authorization: string | null) => ConnectionInit
  createContext: (init: ContextInit) => Promise<TransportContext>
  openEventResults: OpenEventResults
  watchdog?: Watchdog
  /** Where what a device has acknowledged goes. */
  deliveries?: Deliveries
  onSessionEnded: (sessionId: string, listener: (how: 'REVOKED' | 'EXPIRED') => void) => () => void
  /** Calls the listener when the session ends soon unless its client sends a newer token. */
  onSessionEnding?: (sessionId: string, listener: (endsAt: Date) => void) => () => void
  connectDevice: ConnectDevice
  /** Who has what share of what sockets keep and do. */
  shares: Shares
  /** It is known whose socket it is. */
  onKnown: (connection: Connection) => void
}

type Trace = Pick<ContextInit, 'traceId' | 'traceparent'>
type Params = Record<string, unknown>
type Hooks = ServerOptions<Params, Connection>
type SocketContext = Context<Params, Connection>

/** What happens at each step of graphql-ws's protocol. */
export class ProtocolHooks implements Hooks {
  readonly connectionInitWaitTimeout = connectionInitTimeoutMs
  // By the payload of the operation's `subscribe` message, the one object that all hooks are given.
  private readonly traceIds = new WeakMap<object, string>()
  // Of each socket graphql-ws's own record of what runs on it: null stands for an operation that is not a stream (yet).
  private readonly running = new WeakMap<BoundedSocket, Readonly<Record<string, unknown>>>()

  constructor(private readonly options: HookOptions) {}

  /** By the client's names of the operations. */
  runningOn(socket: BoundedSocket): Readonly<Record<string, unknown>> {
    return this.running.get(socket) ?? {}
  }

  readonly onConnect = async (connection: SocketContext): Promise<false | Record<string, unknown>> => {
    const { connectionParams, subscriptions, extra } = connection
    const { socket, request } = extra
    this.running.set(socket, subscriptions)
    extra.request = null
    if (!request) return false
    const init = this.options.initOf(request, authorizationIn(connectionParams))
    try {
      const named = deviceIn(connectionParams)
      const { viewer } = await this.options.createContext({ ...init, traceId: newTraceId() })
      const isOpen = socket.readyState === socket.OPEN
      const device = viewer && named && isOpen ? connectSocket(viewer, named, socket, this.options.connectDevice) : null
      // From here on the viewer stands for the token; what an idle socket keeps counts thousands of times.
      Object.assign(extra, { init: { ...init, authorization: null }, viewer, device })
      Object.assign(connection, { connectionParams: undefined })
      if (viewer) this.endWithSession(viewer.sessionId, socket)
      if (viewer && isOpen) this.countFor(this.options.shares.of(viewer.userId), extra)
      if (isOpen) socket.connected(viewer?.userId, named?.kind)
      // The payload of connection_ack.
      return { ...greeting() }
    } catch (error) {
      refuse(socket, error)
      return false
    }
  }

  readonly onSubscribe = async (
    { subscriptions, extra }: SocketContext,
    id: string,
    payload: SubscribePayload,
  ): Promise<Operation | readonly GraphQLError[]> => {
    const traceparent = saneTraceparent(payload.extensions?.traceparent)
    const traceId = traceIdIn(traceparent) ?? newTraceId()
    this.traceIds.set(payload, traceId)
    try {
      // This one is counted already.
      if (Object.keys(subscriptions).length > maxOperationsPerSocket) {
        throw new QueryTooComplexError(
          `At most ${maxOperationsPerSocket} operations run at once on one socket. Complete one first.`,
        )
      }
      return await this.prepare(extra, id, payload, { traceId, ...(traceparent !== undefined && { traceparent }) })
    } catch (error) {
      return error instanceof AggregateError ? error.errors.map(asGraphQLError) : [asGraphQLError(error)]
    }
  }

  readonly execute = (args: ExecutionArgs) => {
    const { prepared, isCostTold } = args as Operation
    const result = prepared.execute(args)
    if (isCostTold !== true) return result
    return Promise.resolve(result).then((made) => withCost(made, prepared, args.variableValues))
  }

  readonly subscribe = (args: ExecutionArgs) => {
    const operation = args as Operation
    return operation.prepared.open(operation, (onOpened) => this.follow(operation, onOpened))
  }

  readonly onOperation: NonNullable<Hooks['onOperation']> = (_context, _id, _payload, _args, result) => {
    // Not a result with errors but no result: the protocol has the `error` message for that.
    const { errors, data } = result as ExecutionResult
    return errors && data === undefined ? rejecting(new AggregateError(errors)) : undefined
  }

  readonly onNext: NonNullable<Hooks['onNext']> = ({ extra }, _id, payload, { document, operationName }, result) => {
    if (!result.errors) return
    const ofEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION
    const errors = this.present(result.errors, payload, ofEvent)
    // Sent as an error the event would be lost to the reader, whose next one has a later cursor.
    if (ofEvent && isUnavailable(errors)) extra.socket.close(closeCodes.TRY_AGAIN_LATER, comeBack)
    return { ...result, errors }
  }

  readonly onError: NonNullable<Hooks['onError']> = ({ extra }, id, payload, errors) => {
    extra.incoming.ended(id)
    return this.present(errors, payload)
  }

  readonly onComplete: NonNullable<Hooks['onComplete']> = ({ extra }, id) => {
    extra.incoming.ended(id)
  }

  private async prepare(connection: Connection, id: string, payload: SubscribePayload, trace: Trace) {
    const { operations, createContext } = this.options
    const { socket, init, viewer, device } = connection
    // As after the end of its session: what still arrives must have no effect.
    if (socket.readyState !== socket.OPEN || !init) throw new GraphQLError('This socket is closing.')
    const payer = viewer?.userId ?? addressPayer(init.clientIp)
    const prepared = operations.known(payload) ?? operations.prepare(payload, payer)
    if (device && prepared.isActivity) device.used()
    const operation: Operation = {
      schema: operations.schema,
      document: prepared.document,
      operationName: payload.operationName,
      // Nothing that was not asked for is kept.
      variableValues: declaredVariables(prepared.operation, payload.variables),
      // A context for each operation: nothing it caches outlives the operation.
      contextValue: await createContext({ ...init, ...trace, viewer, connection: socket }),
      prepared,
      run: prepared.run,
      id: clientId(id),
      ownId: id,
      ...(asksForCost(payload.extensions) && { isCostTold: true }),
      connection,
      share: socket.share ?? undefined,
    }
    // graphql-ws keeps the payload as long as the subscription runs; it has been read.
    Object.assign(payload, { query: '', variables: undefined, extensions: undefined })
    return operation
  }

  /** What graphql-ws runs for an event stream: refused, or a delivery that writes past it. */
  private async follow(operation: Operation, onOpened: OnOpened): Promise<ExecutionResult | Delivery> {
    const { openEventResults, logger, watchdog } = this.options
    const { id, ownId, connection } = operation
    // Counts while it opens, too.
    const results = openEventResults(operation)
    const stream = await startStream(operation, onOpened)
    if (!isAsyncIterable(stream)) {
      results.close()
      return stream
    }
    connection.incoming.keepOnly(ownId, byteSizeOf(operation.variableValues))
    const delivered = this.deliveredOn(connection)
    const delivery = new Delivery(
      id,
      liveSource(stream),
      results,
      connection.outlet,
      logger,
      delivered,
      connection.socket.share,
      connection.viewer?.userId,
    )
    watchdog?.add(delivery)
    return delivery
  }

  private countFor(share: Share, connection: Connection): void {
    const { socket, incoming } = connection
    const isOneTooMany = !share.addSocket()
    if (isOneTooMany) {
      Object.assign(connection, { viewer: null })
      socket.close(closeCodes.TOO_MUCH_WORK, tooMuch)
      return
    }
    this.options.onKnown(connection)
    socket.trust(share)
    incoming.become(share)
  }

  private deliveredOn(connection: Connection): Delivered | null {
    const { deliveries, logger } = this.options
    const { socket, viewer, device } = connection
    if (!viewer || !device || !deliveries) return null
    return (connection.delivered ??= new Delivered(socket, viewer, deliveries, logger))
  }

  private endWithSession(sessionId: string, socket: BoundedSocket): void {
    // Closed while its token was checked: nobody would stop the listening.
    if (socket.readyState !== socket.OPEN) return
    const close = (how: 'REVOKED' | 'EXPIRED') =>
      how === 'EXPIRED'
        ? socket.close(closeCodes.FORBIDDEN, 'Access token has expired')
        : socket.close(closeCodes.SESSION_ENDED, 'Session ended')
    socket.once('close', this.options.onSessionEnded(sessionId, close))
    // In graphql-ws's own message for what is no result: its clients answer it and hand on what it says.
    const warn = (endsAt: Date) => {
      void socket.sendText(
        JSON.stringify({ type: 'ping', payload: { tokenExpired: true, closesAt: endsAt.toISOString() } }),
      )
    }
    const { onSessionEnding } = this.options
    if (onSessionEnding) socket.once('close', onSessionEnding(sessionId, warn))
  }

  private present(errors: readonly unknown[], payload: object, ofEvent = false) {
    const traceId = this.traceIds.get(payload) ?? newTraceId()
    return presentErrors(errors, { traceId, logger: this.options.logger, ofEvent }).map((error) => error.toJSON())
  }
}

function rejecting(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}
