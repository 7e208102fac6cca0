import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GraphQLError, OperationTypeNode, getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { handleProtocols, makeServer } from 'graphql-ws'
import { isAsyncIterable } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { AppError, QueryTooComplexError, ValidationError } from '../../domain/errors.ts'
import type { ConnectedDevice, Viewer } from '../../domain/viewer.ts'
import type { EventArgs, OpenEventResults } from '../../execution/event-results.ts'
import { startStream } from '../../execution/subscribe.ts'
import type { Watchdog } from '../../execution/watchdog.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { BoundedSocket } from './bounded-socket.ts'
import { closeCodes, comeBack } from './close-codes.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { Delivered, type Deliveries } from './delivered.ts'
import { Delivery } from './delivery.ts'
import { connectSocket, deviceIn, type ConnectDevice } from './device.ts'
import { asGraphQLError, isUnavailable, presentErrors } from '../errors.ts'
import { FanOut } from './fan-out.ts'
import { Incoming, clientId, outward } from './incoming.ts'
import { startKeepAlive } from './keep-alive.ts'
import { liveSource } from './live-source.ts'
import type { Operations, Prepared } from '../../execution/operations.ts'
import { Outlet } from './outlet.ts'

const maxMessageBytes = 1_048_576
const maxOperationsPerSocket = 100
const connectionInitTimeoutMs = 10_000
/** Milliseconds by which each socket adds to the time over which a stopping server closes them, and the longest. */
const farewellPerSocketMs = 5
const maxFarewellMs = 3_000
/** How long a stopping server keeps a socket whose queries and mutations are not answered yet. */
const maxAnswerMs = 2_000
const answerPollMs = 25

export interface WebSocketOptions {
  operations: Operations
  logger: Logger
  initOf: (request: IncomingMessage, authorization: string | null) => ConnectionInit
  createContext: (init: ContextInit) => Promise<TransportContext>
  openEventResults: OpenEventResults
  watchdog?: Watchdog
  /** Where what a device has acknowledged goes. */
  deliveries?: Deliveries
  onSessionEnded: (sessionId: string, listener: () => void) => () => void
  connectDevice: ConnectDevice
}

type ConnectionInit = Omit<ContextInit, 'traceId' | 'viewer'>

/** What is known of a socket. */
interface Connection {
  socket: BoundedSocket
  /** For the hook that opens it; null afterwards, so that an idle socket does not keep its request. */
  request: IncomingMessage | null
  outlet: Outlet
  incoming: Incoming
  init: ConnectionInit | null
  /** Whose token was checked when the socket opened; stays the viewer until the session ends. */
  viewer: Viewer | null
  /** What the viewer's client said it is; null when it did not. */
  device: ConnectedDevice | null
  /** Null until a device has a subscription. */
  delivered: Delivered | null
}

interface Operation extends ExecutionArgs, EventArgs {
  prepared: Prepared
  /** The client's name for it. */
  id: string
  connection: Connection
}

export function createWebSocketServer(options: WebSocketOptions) {
  const { operations, logger, initOf, createContext, openEventResults, deliveries, onSessionEnded, connectDevice } =
    options
  const { watchdog } = options
  const server = new WebSocketServer<typeof BoundedSocket>({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols,
    WebSocket: BoundedSocket,
  })
  const fanOut = new FanOut()
  const stopKeepAlive = startKeepAlive(server.clients)
  // By the payload of the operation's `subscribe` message, the one object that all hooks are given.
  const traceIds = new WeakMap<object, string>()
  // Of each socket graphql-ws's own record of what runs on it: null stands for an operation that is not a stream (yet).
  const running = new WeakMap<BoundedSocket, Readonly<Record<string, unknown>>>()
  const presented = (errors: readonly unknown[], payload: object, ofEvent = false) =>
    presentErrors(errors, { traceId: traceIds.get(payload) ?? randomUUID(), logger, ofEvent }).map((error) =>
      error.toJSON(),
    )

  function endWithSession(sessionId: string, socket: BoundedSocket) {
    // Closed while its token was checked: nobody would stop the listening.
    if (socket.readyState !== socket.OPEN) return
    socket.once(
      'close',
      onSessionEnded(sessionId, () => socket.close(closeCodes.SESSION_ENDED, 'Session ended')),
    )
  }

  /** What graphql-ws runs for an event stream: refused, or a delivery that writes past it. */
  async function follow(operation: Operation): Promise<ExecutionResult | Delivery> {
    const stream = await startStream(operation)
    if (!isAsyncIterable(stream)) return stream
    const { id, connection } = operation
    const results = openEventResults(operation)
    const delivery = new Delivery(id, liveSource(stream), results, connection.outlet, logger, deliveredOn(connection))
    watchdog?.add(delivery)
    return delivery
  }

  function deliveredOn(connection: Connection): Delivered | null {
    const { socket, viewer, device } = connection
    if (!viewer || !device || !deliveries) return null
    return (connection.delivered ??= new Delivered(socket, viewer, deliveries, logger))
  }

  const protocol = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: connectionInitTimeoutMs,

    async onConnect(connection) {
      const { connectionParams, subscriptions, extra } = connection
      const { socket, request } = extra
      running.set(socket, subscriptions)
      extra.request = null
      if (!request) return false
      const init = initOf(request, authorizationIn(connectionParams))
      try {
        const named = deviceIn(connectionParams)
        const { viewer } = await createContext({ ...init, traceId: randomUUID() })
        const device =
          viewer && named && socket.readyState === socket.OPEN
            ? connectSocket(viewer, named, socket, connectDevice)
            : null
        // From here on the viewer stands for the token; what an idle socket keeps counts thousands of times.
        Object.assign(extra, { init: { ...init, authorization: null }, viewer, device })
        Object.assign(connection, { connectionParams: undefined })
        if (viewer) endWithSession(viewer.sessionId, socket)
        return true
      } catch (error) {
        refuse(socket, error)
        return false
      }
    },

    async onSubscribe({ subscriptions, extra }, id, payload) {
      const traceId = flat(randomUUID())
      traceIds.set(payload, traceId)
      try {
        const { socket, init: connectionInit, viewer, device } = extra
        // As after the end of its session: what still arrives must have no effect.
        if (socket.readyState !== socket.OPEN || !connectionInit) throw new GraphQLError('This socket is closing.')
        // This one is counted already.
        if (Object.keys(subscriptions).length > maxOperationsPerSocket) {
          throw new QueryTooComplexError(
            `At most ${maxOperationsPerSocket} operations run at once on one socket. Complete one first.`,
          )
        }
        const prepared = operations.prepare(payload)
        if (device && prepared.isActivity) device.used()
        const operation: Operation = {
          schema: operations.schema,
          document: prepared.document,
          operationName: payload.operationName,
          variableValues: payload.variables,
          // A context for each operation: nothing it caches outlives the operation.
          contextValue: await createContext({ ...connectionInit, traceId, viewer, connection: socket }),
          prepared,
          run: prepared.run,
          id: clientId(id),
          connection: extra,
        }
        // graphql-ws keeps the payload as long as the subscription runs; the document is known by now.
        Object.assign(payload, { query: '' })
        return operation
      } catch (error) {
        return error instanceof AggregateError ? error.errors.map(asGraphQLError) : [asGraphQLError(error)]
      }
    },

    execute: (args) => (args as Operation).prepared.execute(args),
    subscribe: (args) => {
      const operation = args as Operation
      const error = operation.prepared.rowsError(operation.variableValues)
      return error ? { errors: [error] } : follow(operation)
    },

    onOperation(_context, _id, _payload, _args, result) {
      // Not a result with errors but no result: the protocol has the `error` message for that.
      const { errors, data } = result as ExecutionResult
      return errors && data === undefined ? rejecting(new AggregateError(errors)) : undefined
    },

    onNext({ extra }, _id, payload, { document, operationName }, result) {
      if (!result.errors) return
      const ofEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION
      const errors = presented(result.errors, payload, ofEvent)
      // Told as an error the event would be lost to the reader, whose next one has a later cursor.
      if (ofEvent && isUnavailable(errors)) {
        extra.socket.close(closeCodes.TRY_AGAIN_LATER, comeBack)
      }
      return { ...result, errors }
    },

    onError({ extra }, id, payload, errors) {
      extra.incoming.ended(id)
      return presented(errors, payload)
    },

    onComplete({ extra }, id) {
      extra.incoming.ended(id)
    },
  })

  function open(socket: BoundedSocket, request: IncomingMessage) {
    // ws closes the socket with the right code by itself.
    socket.on('error', (error) => logger.debug({ err: error }, 'WebSocket error'))
    const outlet = new Outlet(socket, fanOut)
    const incoming = new Incoming(socket, logger)
    const unknown = { init: null, viewer: null, device: null, delivered: null }
    const connection: Connection = { socket, request, outlet, incoming, ...unknown }
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => socket.sendText(outward(text)),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) => socket.on('message', (data) => incoming.receive((data as Buffer).toString(), take)),
      },
      connection,
    )
    socket.once('close', (code, reason) => void closed(code, reason.toString()))
  }

  return {
    handleUpgrade(request: IncomingMessage, network: Duplex, head: Buffer) {
      server.handleUpgrade(request, network, head, (socket) => {
        socket.connect(network)
        open(socket, request)
      })
    },
    /** Spread over a while, so that the clients do not all come back at the same moment. Resolves when all were told. */
    async goAway() {
      const sockets = [...server.clients]
      const spreadMs = Math.min(maxFarewellMs, sockets.length * farewellPerSocketMs)
      const goodbye = async (socket: BoundedSocket) => {
        await answersOf(running.get(socket) ?? {})
        socket.close(closeCodes.GOING_AWAY, 'Server is restarting')
      }
      await Promise.all(sockets.map((socket) => delay(Math.random() * spreadMs).then(() => goodbye(socket))))
      stopKeepAlive()
    },
    get count() {
      return server.clients.size
    },
    terminate() {
      for (const socket of server.clients) socket.terminate()
    },
  }
}

/** Resolves when what is under way now has its answer: whoever waits for a write should not have to ask what became of it. */
async function answersOf(running: Readonly<Record<string, unknown>>) {
  const unanswered = Object.keys(running).filter((id) => running[id] === null)
  const isWaiting = () => unanswered.some((id) => running[id] === null)
  for (let waitedMs = 0; isWaiting() && waitedMs < maxAnswerMs; waitedMs += answerPollMs) await delay(answerPollMs)
}

function refuse(socket: BoundedSocket, error: unknown) {
  if (error instanceof AppError && error.code === 'UNAUTHENTICATED') {
    socket.close(closeCodes.FORBIDDEN, 'Access token is wrong or expired')
  } else if (error instanceof ValidationError) {
    socket.close(closeCodes.BAD_REQUEST, error.message)
  } else {
    socket.close(closeCodes.TRY_AGAIN_LATER, 'Try again later')
  }
}

function authorizationIn(connectionParams: Record<string, unknown> | undefined): string | null {
  const entry = Object.entries(connectionParams ?? {}).find(([key]) => key.toLowerCase() === 'authorization')
  if (entry === undefined || entry[1] === null) return null
  // Anything but text is refused like any other malformed token.
  return typeof entry[1] === 'string' ? entry[1] : 'malformed'
}

/** In one piece: node makes a UUID of 20 pieces, which take ten times the memory for as long as it is kept. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

function rejecting(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}
