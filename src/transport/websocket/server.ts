import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { handleProtocols, makeServer, type Server } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import type { Logger } from '../../telemetry/logger.ts'
import { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { Connection } from './connection.ts'
import { FanOut } from './fan-out.ts'
import { ProtocolHooks, type HookOptions } from './hooks.ts'
import { Incoming, outward } from './incoming.ts'
import { startKeepAlive } from './keep-alive.ts'
import { Outlet } from './outlet.ts'

const maxMessageBytes = 1_048_576
/** Milliseconds by which each socket adds to the time over which a stopping server closes them, and the longest. */
const farewellPerSocketMs = 5
const maxFarewellMs = 3_000
/** How long a stopping server keeps a socket whose queries and mutations are not answered yet. */
const maxAnswerMs = 2_000
const answerPollMs = 25

export type WebSocketOptions = HookOptions

export const createWebSocketServer = (options: WebSocketOptions): Sockets => new Sockets(options)

/** The open WebSockets of this process. */
export class Sockets {
  private readonly server = new WebSocketServer<typeof BoundedSocket>({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols,
    WebSocket: BoundedSocket,
  })
  private readonly fanOut = new FanOut()
  private readonly stopKeepAlive: () => void
  private readonly hooks: ProtocolHooks
  private readonly protocol: Server<Connection>
  private readonly logger: Logger

  constructor(options: WebSocketOptions) {
    this.logger = options.logger
    this.stopKeepAlive = startKeepAlive(this.server.clients)
    this.hooks = new ProtocolHooks(options)
    this.protocol = makeServer<Record<string, unknown>, Connection>(this.hooks)
  }

  get count(): number {
    return this.server.clients.size
  }

  handleUpgrade(request: IncomingMessage, network: Duplex, head: Buffer): void {
    this.server.handleUpgrade(request, network, head, (socket) => {
      socket.connect(network)
      this.open(socket, request)
    })
  }

  /** Spread over a while, so that the clients do not all come back at the same moment. Resolves when all were told. */
  async goAway(): Promise<void> {
    const sockets = [...this.server.clients]
    const spreadMs = Math.min(maxFarewellMs, sockets.length * farewellPerSocketMs)
    const goodbye = async (socket: BoundedSocket) => {
      await answersOf(this.hooks.runningOn(socket))
      socket.close(closeCodes.GOING_AWAY, 'Server is restarting')
    }
    await Promise.all(sockets.map((socket) => delay(Math.random() * spreadMs).then(() => goodbye(socket))))
    this.stopKeepAlive()
  }

  terminate(): void {
    for (const socket of this.server.clients) socket.terminate()
  }

  private open(socket: BoundedSocket, request: IncomingMessage): void {
    // ws closes the socket with the right code by itself.
    socket.on('error', (error) => this.logger.debug({ err: error }, 'WebSocket error'))
    const outlet = new Outlet(socket, this.fanOut)
    const incoming = new Incoming(socket, this.logger)
    const unknown = { init: null, viewer: null, device: null, delivered: null }
    const connection: Connection = { socket, request, outlet, incoming, ...unknown }
    const closed = this.protocol.opened(
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
}

/** Resolves when what runs now has its answer: whoever waits for a write should not have to ask what became of it. */
async function answersOf(running: Readonly<Record<string, unknown>>) {
  const unanswered = Object.keys(running).filter((id) => running[id] === null)
  const isWaiting = () => unanswered.some((id) => running[id] === null)
  for (let waitedMs = 0; isWaiting() && waitedMs < maxAnswerMs; waitedMs += answerPollMs) await delay(answerPollMs)
}
