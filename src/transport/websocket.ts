import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GraphQLError, OperationTypeNode, getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { useServer, type Extra } from 'graphql-ws/use/ws'
import { isAsyncIterable } from 'graphql-yoga'
import { WebSocketServer, type WebSocket } from 'ws'
import { AppError, QueryTooComplexError } from '../domain/errors.ts'
import type { Viewer } from '../domain/viewer.ts'
import type { Logger } from '../telemetry/logger.ts'
import { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { ContextInit, TransportContext } from './context.ts'
import { asGraphQLError, isUnavailable, presentErrors } from './errors.ts'
import type { Engine, Enveloped } from './yoga.ts'

const maxMessageBytes = 1_048_576
const maxOperationsPerSocket = 100
const connectionInitTimeoutMs = 10_000
const keepAliveMs = 12_000
/** Milliseconds by which each socket adds to the time over which a stopping server closes them, and the longest. */
const farewellPerSocketMs = 5
const maxFarewellMs = 3_000
/** How long a stopping server keeps a socket whose queries and mutations are not answered yet. */
const maxAnswerMs = 2_000
const answerPollMs = 25

export interface WebSocketOptions {
  engine: Engine
  logger: Logger
  initOf: (request: IncomingMessage, authorization: string | null) => ConnectionInit
  createContext: (init: ContextInit) => Promise<TransportContext>
  onSessionEnded: (sessionId: string, listener: () => void) => () => void
}

type ConnectionInit = Omit<ContextInit, 'traceId' | 'viewer'>

// A type, not an interface: graphql-ws wants an index signature.
type Connection = {
  init: ConnectionInit
  /** Whose token was checked when the socket opened; stays the viewer until the session ends. */
  viewer: Viewer | null
  closed: Promise<void>
}

type Operation = ExecutionArgs & Pick<Enveloped, 'execute' | 'subscribe'>

export function createWebSocketServer({ engine, logger, initOf, createContext, onSessionEnded }: WebSocketOptions) {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    WebSocket: BoundedSocket,
  })
  // By the payload of the operation's `subscribe` message, the one object that all hooks are given.
  const traceIds = new WeakMap<object, string>()
  // Of each socket graphql-ws's own record of what runs on it: null stands for an operation that is not a stream (yet).
  const operations = new WeakMap<WebSocket, Readonly<Record<string, unknown>>>()
  const presented = (errors: readonly unknown[], payload: object, ofEvent = false) =>
    presentErrors(errors, { traceId: traceIds.get(payload) ?? randomUUID(), logger, ofEvent }).map((error) =>
      error.toJSON(),
    )

  function endWithSession(sessionId: string, socket: WebSocket, closed: Promise<void>) {
    // Closed while its token was checked: nobody would stop the listening.
    if (socket.readyState !== socket.OPEN) return
    const stopListening = onSessionEnded(sessionId, () => socket.close(closeCodes.SESSION_ENDED, 'Session ended'))
    void closed.then(stopListening)
  }

  useServer<Record<string, unknown>, Connection>(
    {
      connectionInitWaitTimeout: connectionInitTimeoutMs,

      async onConnect({ connectionParams, subscriptions, extra }) {
        const { socket, request } = extra
        operations.set(socket, subscriptions)
        const init = initOf(request, authorizationIn(connectionParams))
        const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
        try {
          const { viewer } = await createContext({ ...init, traceId: randomUUID() })
          Object.assign(extra, { init, viewer, closed } satisfies Connection)
          if (viewer) endWithSession(viewer.sessionId, socket, closed)
          return true
        } catch (error) {
          refuse(socket, error)
          return false
        }
      },

      async onSubscribe({ subscriptions, extra }, _id, payload) {
        const traceId = randomUUID()
        traceIds.set(payload, traceId)
        try {
          // As after the end of its session: what still arrives must have no effect.
          if (extra.socket.readyState !== extra.socket.OPEN) throw new GraphQLError('This socket is closing.')
          // This one is counted already.
          if (Object.keys(subscriptions).length > maxOperationsPerSocket) {
            throw new QueryTooComplexError(
              `At most ${maxOperationsPerSocket} operations run at once on one socket. Complete one first.`,
            )
          }
          const { init: connectionInit, viewer } = extra as Connection
          const init = { ...connectionInit, traceId, viewer }
          const enveloped = engine.getEnveloped({ init }) as Enveloped
          const { schema, parse, validate, contextFactory, execute, subscribe } = enveloped
          const document = parse(payload.query)
          if (!getOperationAST(document, payload.operationName)) {
            throw new GraphQLError('Could not determine what operation to execute.')
          }
          const mistakes = validate(schema, document)
          if (mistakes.length > 0) return mistakes
          const operation: Operation = {
            schema,
            document,
            operationName: payload.operationName,
            variableValues: payload.variables,
            // A context for each operation: nothing it caches outlives the operation.
            contextValue: await contextFactory(),
            execute,
            subscribe,
          }
          return operation
        } catch (error) {
          return [asGraphQLError(error)]
        }
      },

      execute: (args) => (args as Operation).execute(args),
      subscribe: (args) => (args as Operation).subscribe(args),

      onOperation(_context, _id, _payload, _args, result) {
        if (isAsyncIterable(result)) return withQuietReturn(result as AsyncIterable<ExecutionResult>, logger)
        // Not a result with errors but no result: the protocol has the `error` message for that.
        const { errors, data } = result as ExecutionResult
        return errors && data === undefined ? rejecting(new AggregateError(errors)) : undefined
      },

      async onNext({ extra }, _id, payload, { document, operationName }, result) {
        const { socket, closed } = extra as Extra & Connection
        const ofEvent = getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION
        const errors = result.errors && presented(result.errors, payload, ofEvent)
        // Told as an error the event would be lost to the reader, whose next one has a later cursor.
        if (ofEvent && errors && isUnavailable(errors)) {
          socket.close(closeCodes.TRY_AGAIN_LATER, 'Try again later: come back with your cursor')
        }
        // graphql-ws drops what is sent to a closing socket and asks for the next event at once: that would run
        // through the whole history of a stream for nobody.
        if (socket.readyState !== socket.OPEN) await closed
        return errors ? { ...result, errors } : undefined
      },

      onError: (_context, _id, payload, errors) => presented(errors, payload),
    },
    server,
    keepAliveMs,
  )

  server.on('connection', (socket) => {
    // graphql-ws handles the first error only, on the console; a second one would end the process. ws closes the
    // socket with the right code by itself.
    socket.removeAllListeners('error')
    socket.on('error', (error) => logger.debug({ err: error }, 'WebSocket error'))
  })

  return {
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request))
    },
    /** Spread over a while, so that the clients do not all come back at the same moment. Resolves when all were told. */
    async goAway() {
      const sockets = [...server.clients]
      const spreadMs = Math.min(maxFarewellMs, sockets.length * farewellPerSocketMs)
      const goodbye = async (socket: WebSocket) => {
        await answersOf(operations.get(socket) ?? {})
        socket.close(closeCodes.GOING_AWAY, 'Server is restarting')
      }
      await Promise.all(sockets.map((socket) => delay(Math.random() * spreadMs).then(() => goodbye(socket))))
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

function refuse(socket: WebSocket, error: unknown) {
  if (error instanceof AppError && error.code === 'UNAUTHENTICATED') {
    socket.close(closeCodes.FORBIDDEN, 'Access token is wrong or expired')
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

/** graphql-ws awaits return() where nobody catches: a source that fails to end would end the process. */
function withQuietReturn(source: AsyncIterable<ExecutionResult>, logger: Logger): AsyncGenerator<ExecutionResult> {
  const iterator = source[Symbol.asyncIterator]()
  const done = { value: undefined, done: true } as const
  return {
    next: () => iterator.next(),
    async return() {
      try {
        await iterator.return?.()
      } catch (error) {
        logger.error({ err: error }, 'A subscription could not be ended cleanly')
      }
      return done
    },
    throw: (error: unknown) => Promise.reject(asGraphQLError(error)),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function rejecting(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
}
