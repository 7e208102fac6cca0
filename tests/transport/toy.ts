import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import SchemaBuilder, { PothosValidationError } from '@pothos/core'
import { createClient, type Client, type ClientOptions } from 'graphql-ws/client'
import { pino } from 'pino'
import { expect, vi } from 'vitest'
import { WebSocket } from 'ws'
import { NotFoundError, RateLimitedError, UnauthenticatedError, ValidationError } from '../../src/domain/errors.ts'
import { EventResult } from '../../src/execution/event-results.ts'
import { bearerToken } from '../../src/transport/authenticate.ts'
import type { ContextInit, TransportContext } from '../../src/transport/context.ts'
import { createTransport, type Transport, type TransportOptions } from '../../src/transport/http/server.ts'

export interface ToyContext extends TransportContext {
  init: ContextInit
}

export interface Answer {
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[]
}

interface PostInit {
  headers?: Record<string, string>
  variables?: object
  operationName?: string
}

/** A stream a test feeds by hand. It is no async generator: its return() settles at once. */
export class Source implements AsyncIterableIterator<string> {
  returned = false
  returnFails = false
  #waiting: ((step: IteratorResult<string>) => void) | undefined
  #failing: ((error: Error) => void) | undefined
  readonly #queue: string[] = []

  push(text: string) {
    if (this.#waiting) this.#waiting({ value: text, done: false })
    else this.#queue.push(text)
    this.#waiting = undefined
  }

  fail(error: Error) {
    this.#failing?.(error)
  }

  next(): Promise<IteratorResult<string>> {
    const queued = this.#queue.shift()
    if (queued !== undefined) return Promise.resolve({ value: queued, done: false })
    if (this.returned) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => {
      this.#waiting = resolve
      this.#failing = reject
    })
  }

  return(): Promise<IteratorResult<string>> {
    this.returned = true
    if (this.returnFails) return Promise.reject(new Error('clean-up failed'))
    this.#waiting?.({ value: undefined, done: true })
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator]() {
    return this
  }
}

const failures: Record<string, () => Error> = {
  unexpected: () => new TypeError('secret detail'),
  database: () => Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' }),
  notFound: () => new NotFoundError('No such conversation.'),
  invalid: () => new ValidationError('Too long.', [{ path: ['input', 'text'], reason: 'At most 4000 characters.' }]),
  limited: () => new RateLimitedError(2_500),
  pothos: () => new PothosValidationError('Invalid global ID: x'),
}

/** How long each source takes to open. */
interface Openings {
  openings: Promise<void> | undefined
}

function toySchema(sources: Source[], opening: Openings) {
  const builder = new SchemaBuilder<{
    Context: ToyContext
    Scalars: { Even: { Input: number; Output: number } }
    Objects: { Deep: object }
    // The real builder's plugins make their options obligatory for every builder the compiler sees.
  }>({} as never)
  builder.scalarType('Even', {
    serialize: (value) => value,
    parseValue: (value) => {
      if (Number(value) % 2 === 0) return Number(value)
      throw new Error('Even cannot be odd')
    },
  })
  builder.objectType('Deep', {
    fields: (t) => ({ deep: t.field({ type: 'Deep', resolve: () => ({}) }), name: t.string({ resolve: () => 'n' }) }),
  })
  builder.queryType({
    fields: (t) => ({
      hello: t.string({ args: { name: t.arg.string() }, resolve: (_root, { name }) => `Hello, ${name ?? 'you'}!` }),
      even: t.int({ args: { n: t.arg({ type: 'Even', required: true }) }, resolve: (_root, { n }) => n }),
      deep: t.field({ type: 'Deep', resolve: () => ({}) }),
      who: t.string({ resolve: (_root, _args, { viewer }) => viewer?.userId }),
      init: t.string({
        resolve: (_root, _args, { init }) =>
          JSON.stringify({
            ip: init.clientIp,
            cookie: init.refreshCookie,
            ws: init.isWebSocket,
            traceId: init.traceId,
          }),
      }),
      badInt: t.int({ resolve: () => 'not a number' as never }),
      fail: t.string({
        args: { how: t.arg.string({ required: true }) },
        resolve: (_root, { how }) => {
          throw failures[how]?.() ?? new Error(how)
        },
      }),
      slow: t.string({ resolve: () => delay(400, 'done') }),
    }),
  })
  builder.mutationType({
    fields: (t) => ({
      logIn: t.boolean({
        args: { token: t.arg.string() },
        resolve: (_root, { token }, { init }) => {
          init.setRefreshCookie(token ?? null, 3600)
          return true
        },
      }),
    }),
  })
  builder.subscriptionType({
    fields: (t) => ({
      events: t.string({
        args: { failAtStart: t.arg.string(), bigKilobytes: t.arg.int() },
        subscribe: (_root, { failAtStart, bigKilobytes }) => {
          if (failAtStart) throw failures[failAtStart]?.() ?? new Error(failAtStart)
          const source = new Source()
          if (bigKilobytes) source.next = () => Promise.resolve({ value: 'x'.repeat(bigKilobytes * 1024), done: false })
          sources.push(source)
          return opening.openings ? opening.openings.then(() => source) : source
        },
        resolve: (text) => {
          if (text === 'throw') throw new Error('secret detail')
          return text
        },
      }),
    }),
  })
  return builder.toSchema()
}

/** A transport on a toy schema. Tokens are "user:session"; the token "expired" is refused. */
export function createToy(overrides: Partial<TransportOptions> = {}) {
  const sources: Source[] = []
  const logLines: Record<string, unknown>[] = []
  const inits: ContextInit[] = []
  const sessionListeners = new Map<string, Set<(how: 'REVOKED' | 'EXPIRED') => void>>()
  const clients: Client[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => logLines.push(JSON.parse(line) as never) })
  const opening: Openings = { openings: undefined }
  const transport: Transport = createTransport({
    schema: toySchema(sources, opening),
    logger,
    graphiql: 'plain',
    introspection: true,
    corsOrigins: '*',
    secure: false,
    async createContext(init): Promise<ToyContext> {
      inits.push(init)
      if (init.viewer !== undefined) return { init, viewer: init.viewer }
      const token = bearerToken(init.authorization)
      if (token === 'broken') throw Object.assign(new Error('secret detail'), { code: '57P01' })
      if (token === 'expired') throw new UnauthenticatedError('The access token has expired.')
      const [userId, sessionId = ''] = token?.split('.') ?? []
      return { init, viewer: userId === undefined ? null : { userId, sessionId, role: 'USER' } }
    },
    openEventResults: (args) => ({
      of: (item) => new EventResult(args.run({ ...args, rootValue: item })),
      isOwn: () => true,
      close: () => undefined,
    }),
    connectDevice: (_, device) => ({ ...device, used: () => undefined, disconnected: () => undefined }),
    onSessionEnded(sessionId, listener) {
      const listeners = sessionListeners.get(sessionId) ?? new Set()
      sessionListeners.set(sessionId, listeners.add(listener))
      return () => listeners.delete(listener)
    },
    health: () => Promise.resolve({ ready: true, checks: { database: 'ok' } }),
    ...overrides,
  })
  let port = 0

  function post(query: string, { headers, ...rest }: PostInit = {}) {
    return fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, ...rest }),
    })
  }

  function client(options: Partial<ClientOptions> = {}) {
    const url = `ws://127.0.0.1:${port}/graphql`
    const made = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options })
    clients.push(made)
    return made
  }

  return {
    transport,
    sources,
    logLines,
    inits,
    /** Sources open when this has resolved. */
    set openings(openings: Promise<void>) {
      opening.openings = openings
    },
    get url() {
      return `http://127.0.0.1:${port}`
    },
    async start() {
      port = await transport.listen(0, '127.0.0.1')
    },
    async stop() {
      for (const client of clients.splice(0)) client.terminate()
      await transport.stop(500)
    },
    post,
    client,
    async ask(query: string, init?: PostInit): Promise<Answer> {
      return (await (await post(query, init)).json()) as Answer
    },
    /** The first result of an operation on a WebSocket; an `error` message comes as { errors }. */
    askSocket(query: string, variables?: Record<string, unknown>, operationName?: string): Promise<Answer> {
      return new Promise((resolve, reject) => {
        client().subscribe(
          { query, variables, operationName },
          {
            next: (result) => resolve(result as Answer),
            error: (errors) => (Array.isArray(errors) ? resolve({ errors }) : reject(errors as Error)),
            complete: () => undefined,
          },
        )
      })
    },
    /** A socket without a client library, which has sent its connection_init. */
    async openSocket(payload?: object) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws')
      const closed = once(socket, 'close').then(([code]) => code as number)
      await once(socket, 'open')
      const send = (message: object) => socket.send(JSON.stringify(message))
      const messages: { type: string; id?: string; payload: unknown }[] = []
      socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as never))
      send({ type: 'connection_init', payload })
      const acknowledged = vi.waitFor(() => expect(messages[0]?.type).toBe('connection_ack'))
      acknowledged.catch(() => undefined)
      return { socket, closed, send, messages, acknowledged }
    },
    endSession: (sessionId: string) => sessionListeners.get(sessionId)?.forEach((listener) => listener('REVOKED')),
    listenersOf: (sessionId: string) => sessionListeners.get(sessionId)?.size ?? 0,
  }
}

export type Toy = ReturnType<typeof createToy>
