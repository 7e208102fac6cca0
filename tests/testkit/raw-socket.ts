import { WebSocket } from 'ws'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import { atEndOfEachFile } from './at-end.ts'
import type { Person } from './person.ts'

const open = new Set<WebSocket>()

atEndOfEachFile(() => {
  for (const socket of open) socket.terminate()
})

export interface RawSocketOptions {
  /** Id of the device that the socket names. */
  deviceId?: string
  /** False: the test answers pings itself. */
  autoPong?: boolean
}

interface Frame {
  type: string
  id?: string
  payload?: { data?: Record<string, unknown> }
}

/**
 * A socket that speaks the protocol by hand. It passes messages on and does not keep them, so that hundreds of sockets can
 * receive a lot. A paused one reports how it ended once it reads again.
 */
export class RawSocket {
  /** Called with each result of an operation: the operation's id and the data. */
  onData: (id: string, data: Record<string, unknown>) => void = () => undefined
  onComplete: (id: string) => void = () => undefined
  /** Resolves with the close code. */
  readonly closed: Promise<number>
  closeCode: number | null = null

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        open.delete(socket)
        this.closeCode = code
        resolve(code)
      })
    })
    socket.on('error', () => undefined)
    socket.on('message', (bytes: Buffer) => {
      const { type, id = '', payload } = JSON.parse(bytes.toString()) as Frame
      if (type === 'next' && payload?.data) this.onData(id, payload.data)
      if (type === 'complete' || type === 'error') this.onComplete(id)
    })
  }

  /** Resolves when the server has acknowledged the connection. */
  static async connect(
    { url, connectionParams }: Person,
    { deviceId, autoPong = true }: RawSocketOptions = {},
  ): Promise<RawSocket> {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { autoPong })
    open.add(socket)
    const raw = new RawSocket(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => {
        raw.send({
          type: 'connection_init',
          payload: { ...connectionParams, ...(deviceId !== undefined && { deviceId }) },
        })
      })
      socket.once('message', () => {
        resolve()
      })
      void raw.closed.then((code) => {
        reject(new Error(`closed with ${code}`))
      })
    })
    return raw
  }

  /** Begins an operation. The caller chooses the id, which must be unique among the socket's running operations. */
  begin(id: string, document: TypedDocument, variables: object): void {
    this.send({ id, type: 'subscribe', payload: { query: textOf(document), variables } })
  }

  /** Unsubscribes. */
  end(id: string): void {
    this.send({ id, type: 'complete' })
  }

  private send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }
}
