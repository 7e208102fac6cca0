import type { LinkListener, LinkOptions, OpenLink, Sink } from '../src/connection/link.ts'

/** One socket as the server has it. */
export interface FakeSocket {
  readonly options: LinkOptions
  readonly subscriptions: Set<{ query: string; variables: object; sink: Sink }>
  readonly listener: LinkListener
  isClosed: boolean
  /** Pings that have come. */
  readonly pings: object[]
}

/** A server without a network: it answers at once, unless it is told to be silent. */
export class FakeServer {
  readonly sockets: FakeSocket[] = []
  /** Neither acknowledges nor answers. */
  isSilent = false
  /** Closes each new socket with this code. */
  refusal: number | null = null

  get open(): FakeSocket[] {
    return this.sockets.filter(({ isClosed }) => !isClosed)
  }

  readonly openLink: OpenLink = (options, listener) => {
    const socket: FakeSocket = { options, listener, subscriptions: new Set(), isClosed: false, pings: [] }
    this.sockets.push(socket)
    const soon = (run: () => void) => void Promise.resolve().then(() => socket.isClosed || run())
    soon(() => {
      if (this.refusal !== null) this.close(socket, this.refusal)
      else if (!this.isSilent) listener.acknowledged(undefined)
    })
    const end = () => {
      socket.isClosed = true
      socket.subscriptions.clear()
    }
    return {
      subscribe(query, variables, sink) {
        const subscription = { query, variables, sink }
        socket.subscriptions.add(subscription)
        return () => socket.subscriptions.delete(subscription)
      },
      ping: (payload) => {
        socket.pings.push(payload)
        soon(() => this.isSilent || listener.pong(payload))
      },
      close: end,
      terminate: end,
    }
  }

  close(socket: FakeSocket, code: number): void {
    if (socket.isClosed) return
    socket.isClosed = true
    socket.subscriptions.clear()
    socket.listener.closed(code, '')
  }
}
