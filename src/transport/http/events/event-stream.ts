import type { ServerResponse } from 'node:http'
import type { Requester } from './requester.ts'

export interface ServerSentEvent {
  name: 'next' | 'complete'
  /** One line. */
  data: string
  /** The position to continue from after this event. */
  id?: string | null
}

interface Opening {
  headers?: Record<string, string>
  /** How long a client should wait before it comes back. */
  retryMs?: number
  /** The position to continue from until it has an event. */
  id?: string | null
}

/**
 * Server-sent events on one response, as the HTML standard has them. Says something at least every `heartbeatMs`, so that no
 * proxy takes the connection for idle, and gives up a client whose network has taken nothing for as long.
 */
export class EventStream {
  private heartbeat: NodeJS.Timeout | undefined
  /** While the network is behind: what it had taken at the last heartbeat, of those that came meanwhile. */
  private behind: { takenByteSize: number | null } | null = null
  private isOver = false

  constructor(
    private readonly response: ServerResponse,
    private readonly requester: Requester,
    private readonly heartbeatMs: number,
  ) {}

  open(status: number, { headers, retryMs, id }: Opening = {}): void {
    if (this.requester.isGone) return
    this.response.writeHead(status, {
      'Content-Type': 'text/event-stream',
      // Nothing on the way may keep it, gather it, or pack it. The second one is nginx's.
      'Cache-Control': 'private, no-store, no-transform',
      'X-Accel-Buffering': 'no',
      ...headers,
    })
    const retry = retryMs === undefined ? '' : `retry: ${String(Math.round(retryMs))}\n`
    this.response.write(`:\n${retry}${idLine(id)}\n`)
    this.heartbeat = setInterval(this.beat, this.heartbeatMs).unref()
  }

  /** Resolves when the network has room for more, or the requester is gone; undefined: at once. */
  send({ name, data, id }: ServerSentEvent): Promise<void> | undefined {
    const { response, requester } = this
    if (this.isOver || requester.isGone) return undefined
    this.heartbeat?.refresh()
    if (response.write(`event: ${name}\n${idLine(id)}data: ${data}\n\n`)) return undefined
    return new Promise((resolve) => {
      this.behind ??= { takenByteSize: null }
      const settle = () => {
        response.off('drain', settle)
        stayed()
        this.behind = null
        resolve()
      }
      response.once('drain', settle)
      const stayed = requester.onGone(settle)
    })
  }

  end(): void {
    this.close()
    if (!this.requester.isGone) this.response.end()
  }

  /** Without an end in order: a client then comes back and continues from its position. */
  cut(): void {
    this.close()
    this.requester.disconnect()
  }

  /** Writes nothing more. */
  close(): void {
    this.isOver = true
    clearInterval(this.heartbeat)
  }

  private readonly beat = () => {
    const { behind, response } = this
    if (!behind) response.write(':\n\n')
    else if (behind.takenByteSize === this.takenByteSize) this.cut()
    else behind.takenByteSize = this.takenByteSize
  }

  private get takenByteSize(): number {
    const { socket } = this.response
    return socket ? socket.bytesWritten - socket.writableLength : 0
  }
}

/** The streams of one process. */
export class OpenStreams extends Set<EventStream> {
  isStopping = false

  stop(): void {
    this.isStopping = true
    for (const stream of this) stream.cut()
  }
}

const idLine = (id: string | null | undefined) => (id == null ? '' : `id: ${id}\n`)
