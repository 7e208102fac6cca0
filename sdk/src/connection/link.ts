import { createClient } from 'graphql-ws'
import { ParleyError, type AnsweredError } from '../requests/errors.ts'

export interface Sink {
  next(data: unknown): void
  /** The subscription is over. A lost connection is none of its errors: the link's `closed` tells of it. */
  error(error: ParleyError): void
  complete(): void
}

/** One socket, from its opening to its end. */
export interface Link {
  subscribe(query: string, variables: object, sink: Sink): () => void
  ping(payload: object): void
  close(): void
  terminate(): void
}

export interface LinkOptions {
  url: string
  connectionParams: Record<string, unknown>
  webSocketImpl?: unknown
}

export interface LinkListener {
  acknowledged(payload: unknown): void
  pong(payload: unknown): void
  /** The server will close the socket soon unless it is told of a newer token. */
  tokenExpired(): void
  /** Once; nothing comes after it. */
  closed(code: number, reason: string): void
}

export type OpenLink = (options: LinkOptions, listener: LinkListener) => Link

const lost = 1006

/** The listener until it was told of the end: what an old socket still says is nobody's business. */
function once(listener: LinkListener): LinkListener {
  let isOver = false
  return {
    acknowledged: (payload) => isOver || listener.acknowledged(payload),
    pong: (payload) => isOver || listener.pong(payload),
    tokenExpired: () => isOver || listener.tokenExpired(),
    closed(code, reason) {
      if (isOver) return
      isOver = true
      listener.closed(code, reason)
    },
  }
}

type Socket = new (url: string, protocols?: string | string[]) => WebSocket

/**
 * graphql-ws takes its listeners away before it closes a socket. The package ws tells of a close before the connection was there
 * by an `error`, and an error that nobody listens to ends a Node program.
 */
const listenedTo = (Impl: Socket): Socket =>
  class extends Impl {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('error', () => undefined)
    }
  }

/** A socket by graphql-ws. Each has a client of its own, that never connects again: the table decides about that. */
export const openLink: OpenLink = ({ url, connectionParams, webSocketImpl }, givenListener) => {
  const listener = once(givenListener)
  let socket: WebSocket | null = null
  const client = createClient({
    url,
    connectionParams,
    ...(webSocketImpl !== undefined && { webSocketImpl: listenedTo(webSocketImpl as Socket) }),
    lazy: false,
    retryAttempts: 0,
    connectionAckWaitTimeout: 0,
    onNonLazyError: () => undefined,
  })
  client.on('opened', (opened) => (socket = opened as WebSocket))
  client.on('connected', (_, payload) => listener.acknowledged(payload))
  client.on('pong', (received, payload) => received && listener.pong(payload))
  client.on('ping', (received, payload) => received && payload?.tokenExpired === true && listener.tokenExpired())
  client.on('closed', (event) => {
    const { code = lost, reason = '' } = event as Partial<CloseEvent>
    listener.closed(code, reason)
  })
  // A browser's error event says nothing; `closed` comes after it, except where the socket could not even be made.
  client.on('error', () => setTimeout(() => listener.closed(lost, ''), 0))

  return {
    subscribe: (query, variables, sink) =>
      client.subscribe(
        { query, variables: variables as Record<string, unknown> },
        {
          next({ data, errors }) {
            if (errors?.length) sink.error(new ParleyError(errors))
            else sink.next(data)
          },
          error(error) {
            if (Array.isArray(error)) sink.error(new ParleyError(error as AnsweredError[]))
          },
          complete: () => sink.complete(),
        },
      ),
    ping(payload) {
      if (socket?.readyState === 1) socket.send(JSON.stringify({ type: 'ping', payload }))
    },
    close() {
      // At once, as a page that is about to be hidden runs nothing later. graphql-ws would wait for the acknowledgement.
      if (socket?.readyState === 1) socket.close(1000, 'Done')
      else client.terminate()
    },
    terminate: () => client.terminate(),
  }
}
