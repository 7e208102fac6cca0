import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { handleProtocols, makeServer, type Server } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { Shares } from '../../fairness/shares.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { Connection } from './connection.ts'
import { FanOut } from './fan-out.ts'
import { ProtocolHooks, type HookOptions } from './hooks.ts'
import { Incoming, outward } from './incoming.ts'
import { startKeepAlive } from './keep-alive.ts'
import { Outlet } from './outlet.ts'
import { Pacer } from './pacer.ts'
import { SocketCaps, type Refusal, type SocketCapsOptions } from './socket-caps.ts'

/** The largest message of somebody who has not said who they are: bounded-socket.ts has the other one. */
const maxStrangersMessageBytes = 16_384
/** Frames that a message may come in, and readings of the network that a frame may: each keeps more than its own bytes. */
const maxFragments = 256
const maxBufferedChunks = 4_096
/** Milliseconds by which each socket adds to the time over which a stopping server closes them, and the longest. */
const farewellPerSocketMs = 5
const maxFarewellMs = 3_000
/** How long a stopping server keeps a socket whose queries and mutations are not answered yet. */
const maxAnswerMs = 2_000
const answerPollMs = 25

export interface WebSocketOptions
  extends Omit<HookOptions, 'shares' | 'onKnown'>, Pick<SocketCapsOptions, 'trustProxy'> {
  shares?: Shares
  socketLimits?: SocketCapsOptions['limits']
}

export const createWebSocketServer = (options: WebSocketOptions): Sockets => new Sockets(options)

/** The open WebSockets of this process. */
export class Sockets {
  private readonly server = new WebSocketServer<typeof BoundedSocket>({
    noServer: true,
    maxPayload: maxStrangersMessageBytes,
    maxFragments,
    maxBufferedChunks,
    perMessageDeflate: false,
    // Not for each of any number of pings: bounded-socket.ts.
    autoPong: false,
    handleProtocols,
    WebSocket: BoundedSocket,
  })
  private readonly fanOut = new FanOut()
  private readonly pacer = new Pacer()
  private readonly caps: SocketCaps
  private readonly shares: Shares
  private readonly stopKeepAlive: () => void
  private readonly hooks: ProtocolHooks
  private readonly protocol: Server<Connection>
  private readonly logger: Logger

  constructor(options: WebSocketOptions) {
    this.logger = options.logger
    const { trustProxy, socketLimits: limits, shares = new Shares() } = options
    this.shares = shares
    const caps = (this.caps = new SocketCaps({ trustProxy, limits }))
    this.stopKeepAlive = startKeepAlive(this.server.clients, () => caps.sweep())
    this.hooks = new ProtocolHooks({
      ...options,
      shares,
      onKnown: ({ socket, network }) => caps.known(socket, network),
    })
    this.protocol = makeServer<Record<string, unknown>, Connection>(this.hooks)
  }

  get count(): number {
    return this.server.clients.size
  }

  /** Null: it is handled; else why it is not. */
  handleUpgrade(request: IncomingMessage, duplex: Duplex, head: Buffer, address: string): Refusal | null {
    const network = this.caps.networkOf(address)
    const refusal = this.caps.refusalFor(network)
    if (refusal) return refusal
    this.server.handleUpgrade(request, duplex, head, (socket) => {
      socket.connect(duplex, this.shares.nobody)
      this.open(socket, request, network)
    })
    return null
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

  private open(socket: BoundedSocket, request: IncomingMessage, network: string | null): void {
    // ws closes the socket with the right code by itself.
    socket.on('error', (error) => this.logger.debug({ err: error }, 'WebSocket error'))
    const outlet = new Outlet(socket, this.fanOut)
    const incoming = new Incoming(socket, this.logger, this.pacer, this.shares.nobody)
    const unknown = { init: null, viewer: null, device: null, delivered: null }
    const connection: Connection = { socket, network, request, outlet, incoming, ...unknown }
    this.caps.add(socket, network)
    const closed = this.protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => socket.sendText(outward(text)),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) => socket.on('message', (data) => incoming.receive((data as Buffer).toString(), take)),
      },
      connection,
    )
    socket.once('close', (code, reason) => {
      this.caps.remove(socket, network)
      socket.countUnfinished()
      if (socket.share?.personId != null) socket.share.removeSocket()
      void closed(code, reason.toString())
    })
  }
}

/** Resolves when what runs now has its answer: whoever waits for a write should not have to ask what became of it. */
async function answersOf(running: Readonly<Record<string, unknown>>) {
  const unanswered = Object.keys(running).filter((id) => running[id] === null)
  const isWaiting = () => unanswered.some((id) => running[id] === null)
  for (let waitedMs = 0; isWaiting() && waitedMs < maxAnswerMs; waitedMs += answerPollMs) await delay(answerPollMs)
}
