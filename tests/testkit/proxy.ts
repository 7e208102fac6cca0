import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { atEndOfEachFile } from './at-end.ts'
import { isPublished, RespSplitter } from './resp.ts'

export interface ProxyOptions {
  /** The server speaks Redis' protocol: messages that were published can be lost, repeated and reordered. */
  redis?: boolean
  /** Returns numbers from 0 to 1 for its choices; a seeded source makes them repeatable. */
  random?: () => number
}

/** A TCP proxy that makes the network between two programs as bad as a test needs. */
export interface Proxy {
  readonly port: number
  readonly connectionCount: number
  /** Drops all connections without a close, and refuses new ones until heal(). */
  cut(): void
  /** Keeps connections, also new ones, and moves no bytes. */
  stall(): void
  resume(): void
  /** New connections go to another port. */
  redirect(port: number): void
  /** Delays every byte by this many milliseconds, in each direction. */
  delay(ms: number): void
  /** Published messages are lost with this probability. */
  lose(probability: number): void
  /** Published messages are repeated with this probability. */
  repeat(probability: number): void
  /** With this probability a published message is delivered after the next one. */
  reorder(probability: number): void
  /** New connections go to another port of this machine. */
  retarget(port: number): void
  /** Frames of a Redis server that match are lost. */
  swallow(fits: (frame: Buffer) => boolean): void
  /**
   * From now on, a connection on which a client sends these words moves no more bytes, as if the statement hung. At most
   * `count` connections.
   */
  freeze(words: string, count?: number): void
  /** How many connections were frozen since the last freeze(). */
  readonly frozenCount: number
  /** Ends all of the above, except the new ports; closes frozen connections. */
  heal(): void
  close(): Promise<void>
}

interface Weather {
  stalled: boolean
  delayMs: number
  lose: number
  repeat: number
  reorder: number
  swallow: ((frame: Buffer) => boolean) | null
  freeze: { words: string; left: number } | null
}

/** Bytes that may wait in one direction of one connection; with more the proxy stops reading from its source. */
const maxQueuedBytes = 1_048_576
const calm: Weather = { stalled: false, delayMs: 0, lose: 0, repeat: 0, reorder: 0, swallow: null, freeze: null }

/** Applies loss, repetition and reordering to the messages published to one client. */
class Messages {
  private readonly splitter = new RespSplitter()
  private held: Buffer | null = null

  constructor(
    private readonly weather: Weather,
    private readonly random: () => number,
  ) {}

  pass(chunk: Buffer): Buffer[] {
    return this.splitter.push(chunk).flatMap((frame) => {
      if (this.weather.swallow?.(frame)) return []
      if (!isPublished(frame)) return [frame]
      if (this.random() < this.weather.lose) return []
      const copies = this.random() < this.weather.repeat ? [frame, frame] : [frame]
      if (this.held) return [...copies, ...this.release()]
      if (this.random() >= this.weather.reorder) return copies
      this.held = frame
      return copies.slice(1)
    })
  }

  /** Returns the message that is held back, when no other message will follow. */
  release(): Buffer[] {
    const frames = this.held ? [this.held] : []
    this.held = null
    return frames
  }
}

/** One direction of a connection. */
class Lane {
  private readonly queue: { bytes: Buffer; dueMs: number }[] = []
  private queuedBytes = 0
  private sourceEnded = false
  private timer: NodeJS.Timeout | null = null
  private draining = false

  constructor(
    private readonly source: Socket,
    private readonly sink: Socket,
    private readonly weather: Weather,
    private readonly messages: Messages | null,
    /** Whether the connection is frozen, perhaps by this chunk. */
    private readonly isFrozen: (chunk?: Buffer) => boolean,
  ) {
    source.on('data', (chunk: Buffer) => {
      if (this.isFrozen(chunk)) return
      for (const bytes of messages?.pass(chunk) ?? [chunk]) this.add(bytes)
      this.move()
    })
    source.on('end', () => {
      this.sourceEnded = true
      this.move()
    })
    sink.on('drain', () => {
      this.draining = false
      this.move()
    })
  }

  heal(): void {
    for (const bytes of this.messages?.release() ?? []) this.add(bytes)
    this.move()
  }

  move(): void {
    if (this.isFrozen()) return
    if (this.weather.stalled || this.queuedBytes > maxQueuedBytes) this.source.pause()
    else this.source.resume()
    if (this.weather.stalled || this.draining || this.timer) return
    for (let next = this.queue[0]; next && !this.draining; next = this.queue[0]) {
      const waitMs = next.dueMs - Date.now()
      if (waitMs > 0) {
        this.moveAfter(waitMs)
        return
      }
      this.queue.shift()
      this.queuedBytes -= next.bytes.length
      this.draining = !this.sink.write(next.bytes)
    }
    if (this.queue.length === 0 && this.sourceEnded) this.sink.end()
    else if (this.queuedBytes <= maxQueuedBytes) this.source.resume()
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer)
  }

  private add(bytes: Buffer): void {
    this.queue.push({ bytes, dueMs: Date.now() + this.weather.delayMs })
    this.queuedBytes += bytes.length
  }

  private moveAfter(waitMs: number): void {
    this.timer = setTimeout(() => {
      this.timer = null
      this.move()
    }, waitMs)
  }
}

interface Connection {
  sockets: [Socket, Socket]
  lanes: [Lane, Lane]
}

const running = new Set<Proxy>()

atEndOfEachFile(async () => {
  for (const proxy of running) await proxy.close()
})

/** Starts a proxy on a free port of this machine in front of `targetPort` of this machine. */
export async function startProxy(targetPort: number, options: ProxyOptions = {}): Promise<Proxy> {
  const { redis = false, random = Math.random } = options
  const weather = { ...calm }
  const connections = new Set<Connection>()
  const frozen = new Set<Connection>()
  let frozenCount = 0
  let refusing = false
  let target = targetPort

  const accept = (client: Socket): void => {
    // Without a listener an error would end the process. The other end sees that the connection is gone.
    client.on('error', () => undefined)
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    server.on('error', () => client.resetAndDestroy())
    client.setNoDelay(true)
    const messages = redis ? new Messages(weather, random) : null
    let isFrozen = false
    const freezing = (chunk?: Buffer): boolean => {
      if (isFrozen || !chunk || !weather.freeze || weather.freeze.left === 0) return isFrozen
      if (!chunk.includes(weather.freeze.words)) return false
      weather.freeze.left--
      frozenCount++
      frozen.add(connection)
      return (isFrozen = true)
    }
    const lanes: Connection['lanes'] = [
      new Lane(client, server, weather, null, freezing),
      new Lane(server, client, weather, messages, () => isFrozen),
    ]
    const connection: Connection = { sockets: [client, server], lanes }
    connections.add(connection)
    // An orderly end is forwarded by its lane, after the bytes before it; any other end is forwarded at once.
    const closed = (socket: Socket, other: Socket) => {
      if (!socket.readableEnded || !socket.writableFinished) other.destroy()
      if (!client.closed || !server.closed) return
      connections.delete(connection)
      frozen.delete(connection)
      for (const lane of lanes) lane.close()
    }
    client.on('close', () => closed(client, server))
    server.on('close', () => closed(server, client))
    for (const lane of lanes) lane.move()
  }

  const drop = (which: Iterable<Connection> = connections): void => {
    for (const { sockets } of [...which]) for (const socket of sockets) socket.resetAndDestroy()
  }
  const moveAll = (): void => {
    for (const { lanes } of connections) for (const lane of lanes) lane.move()
  }

  const listener = createServer({ allowHalfOpen: true }, accept).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const proxy: Proxy = {
    port: (listener.address() as AddressInfo).port,
    get connectionCount() {
      return connections.size
    },
    cut() {
      refusing = true
      drop()
    },
    stall() {
      weather.stalled = true
      moveAll()
    },
    resume() {
      weather.stalled = false
      moveAll()
    },
    redirect(port) {
      target = port
    },
    delay(ms) {
      weather.delayMs = ms
    },
    lose(probability) {
      weather.lose = probability
    },
    repeat(probability) {
      weather.repeat = probability
    },
    reorder(probability) {
      weather.reorder = probability
    },
    retarget(port) {
      target = port
    },
    swallow(fits) {
      weather.swallow = fits
    },
    freeze(words, count = Infinity) {
      weather.freeze = { words, left: count }
      frozenCount = 0
    },
    get frozenCount() {
      return frozenCount
    },
    heal() {
      refusing = false
      Object.assign(weather, calm)
      drop(frozen)
      for (const { lanes } of connections) for (const lane of lanes) lane.heal()
    },
    async close() {
      running.delete(proxy)
      if (!listener.listening) return
      listener.close()
      refusing = true
      drop()
      await once(listener, 'close')
    },
  }
  running.add(proxy)
  return proxy
}
