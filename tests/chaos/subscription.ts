import { WebSocket } from 'ws'

export type Item<Event> = { event: Event } | { code: string; message: string }

interface Frame {
  type: string
  payload?: unknown
}

interface Result {
  data?: Record<string, unknown> | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

const pingIntervalMs = 1_000
/** Milliseconds of silence after which a socket counts as dead: its server may be frozen. */
const silenceMs = 3_000

/**
 * Close codes that a client must survive: network faults, a server that stops or cannot reach its database, a slow reader.
 */
const passingCodes = [1000, 1001, 1005, 1006, 1012, 1013, 4413]

/** One subscription on one socket, which can be cut and stalled. `next` returns the events one by one, and then null. */
export class Subscription<Event> {
  /** How it ended, if no fault explains that. */
  unexpectedEnd: string | null = null
  private readonly socket: WebSocket
  private readonly queue: Item<Event>[] = []
  private wake: (() => void) | null = null
  private ended = false
  private heardMs = Date.now()
  private readonly pinging: NodeJS.Timeout

  constructor(url: string, token: string, query: string, variables: object) {
    this.socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
    this.socket.on('open', () => {
      this.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    })
    this.socket.on('message', (data: Buffer) => {
      this.heardMs = Date.now()
      this.hear(JSON.parse(data.toString()) as Frame, { query, variables })
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', (code, reason) => {
      if (!passingCodes.includes(code) && !this.ended) this.unexpectedEnd = `closed with ${code} ${reason.toString()}`
      this.end()
    })
    this.pinging = setInterval(() => {
      if (Date.now() - this.heardMs > silenceMs) this.close()
      else this.send({ type: 'ping' })
    }, pingIntervalMs)
  }

  /** The next event or error; null after the last one. */
  async next(): Promise<Item<Event> | null> {
    while (this.queue.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    return this.queue.shift() ?? null
  }

  /** Ends the connection as a lost network does. Events that were not taken yet are lost with it. */
  close(): void {
    this.end()
    this.queue.length = 0
    this.socket.terminate()
  }

  stall(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  private send(frame: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame))
  }

  private hear({ type, payload }: Frame, operation: object): void {
    if (this.ended) return
    if (type === 'connection_ack') this.send({ id: '1', type: 'subscribe', payload: operation })
    if (type === 'ping') this.send({ type: 'pong' })
    if (type === 'complete') this.end()
    const errors = type === 'error' ? (payload as Result['errors']) : (payload as Result | undefined)?.errors
    if (errors?.[0]) {
      this.queue.push({ code: errors[0].extensions?.code ?? 'none', message: errors[0].message })
      this.end()
    } else if (type === 'next') {
      for (const event of Object.values((payload as Result).data ?? {})) this.queue.push({ event: event as Event })
    }
    this.wake?.()
  }

  private end(): void {
    if (this.ended) return
    this.ended = true
    clearInterval(this.pinging)
    this.wake?.()
    // After a complete there is nothing to wait for. After a close this does nothing.
    this.socket.terminate()
  }
}
