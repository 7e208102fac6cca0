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

type Socket = new (url: string, protocols?: string | string[]) => WebSocket

interface Message {
  type: string
  id?: string
  payload?: unknown
}

const open = 1
const [lost, badResponse, terminated] = [1006, 4004, 4499]

/** A socket that speaks graphql-transport-ws, and never connects again: the table decides about that. */
export const openLink: OpenLink = ({ url, connectionParams, webSocketImpl }, listener) => {
  const Impl = (webSocketImpl ?? globalThis.WebSocket) as Socket
  const sinks = new Map<string, Sink>()
  let waiting: Message[] | null = []
  let socket: WebSocket | null = null
  let nth = 0
  let isOver = false

  const send = (message: Message) => {
    if (socket?.readyState === open) socket.send(JSON.stringify(message))
  }
  /** What an old socket still says is nobody's business. */
  const end = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    listener.closed(code, reason)
  }

  function take({ type, id = '', payload }: Message): void {
    const sink = sinks.get(id)
    if (type === 'connection_ack') {
      const held = waiting ?? []
      waiting = null
      listener.acknowledged(payload)
      for (const message of held) send(message)
    } else if (type === 'ping') {
      send({ type: 'pong', payload })
      if ((payload as { tokenExpired?: unknown } | undefined)?.tokenExpired === true) listener.tokenExpired()
    } else if (type === 'pong') listener.pong(payload)
    else if (type === 'next') {
      const { data, errors } = payload as { data?: unknown; errors?: AnsweredError[] }
      if (errors?.length) sink?.error(new ParleyError(errors))
      else sink?.next(data)
    } else if (type === 'error' || type === 'complete') {
      sinks.delete(id)
      if (type === 'error') sink?.error(new ParleyError(payload as AnsweredError[]))
      else sink?.complete()
    }
  }

  function terminate(): void {
    end(terminated, 'Terminated')
    socket?.close(terminated, 'Terminated')
  }

  try {
    socket = new Impl(url, 'graphql-transport-ws')
    socket.onopen = () => send({ type: 'connection_init', payload: connectionParams })
    // It says nothing, and onclose comes after it. The package ws ends a program for an error that nobody listens to.
    socket.onerror = () => undefined
    socket.onclose = ({ code, reason }) => end(code, reason)
    socket.onmessage = ({ data }) => {
      if (isOver) return
      let message: Message
      try {
        message = JSON.parse(String(data)) as Message
      } catch {
        end(badResponse, 'The server sent something else than JSON')
        socket?.close(badResponse)
        return
      }
      take(message)
    }
  } catch {
    // As for an address that is none: told as for a socket that does not open, after this function has returned.
    setTimeout(() => end(lost, ''), 0)
  }

  return {
    subscribe(query, variables, sink) {
      const id = String(++nth)
      const message = { id, type: 'subscribe', payload: { query, variables } }
      sinks.set(id, sink)
      if (waiting) waiting.push(message)
      else send(message)
      return () => {
        if (!sinks.delete(id)) return
        if (waiting) waiting = waiting.filter((one) => one !== message)
        else send({ id, type: 'complete' })
      }
    },
    ping: (payload) => send({ type: 'ping', payload }),
    close() {
      // At once, as a page that is about to be hidden runs nothing later.
      if (socket?.readyState === open) socket.close(1000, 'Done')
      else terminate()
    },
    terminate,
  }
}
