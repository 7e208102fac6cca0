import { print, type DocumentNode } from 'graphql'
import { WebSocket } from 'ws'
import { atEndOfEachFile } from './at-end.ts'
import type { Person } from './person.ts'

const open = new Set<WebSocket>()

atEndOfEachFile(() => {
  for (const socket of open) socket.terminate()
})

export interface RawSocketOptions {
  /** Names a device. */
  deviceId?: string
  /** False: pings are for the test to answer. */
  autoPong?: boolean
}

interface Frame {
  type: string
  id?: string
  payload?: { data?: Record<string, unknown> }
}

/**
 * A socket that speaks the protocol by hand: what comes is handed on and not kept, so that hundreds of them can be sent a
 * lot, and one that was paused tells how it ended once it reads again.
 */
export class RawSocket {
  /** Answers to a person's operations: the operation's id and its data. */
  onData: (id: string, data: Record<string, unknown>) => void = () => undefined
  onComplete: (id: string) => void = () => undefined
  /** The code it was closed with. */
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

  /** Begins an operation. Ids are the caller's; one socket takes each once at a time. */
  begin(id: string, document: DocumentNode, variables: object): void {
    this.send({ id, type: 'subscribe', payload: { query: print(document), variables } })
  }

  /** Unsubscribes. */
  end(id: string): void {
    this.send({ id, type: 'complete' })
  }

  private send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }
}
