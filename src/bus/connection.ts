import { setTimeout as delay } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { within } from '../flow/deadline.ts'
import { isHealedByReconnecting, refusalIn, type RedisHealth, type RedisPart } from './health.ts'

const maxReconnectDelayMs = 1_000
/** From being connected until commands can be sent: the greeting is answered by then, or by nobody. */
const handshakeTimeoutMs = 2_000
const quitTimeoutMs = 500
/** Milliseconds in which what a part tries out must have worked. */
const probeTimeoutMs = 2_000
/** Milliseconds between two connections that are given up for a refusal, at first and at the most. */
const minDropIntervalMs = 1_000
const maxDropIntervalMs = 5_000

/**
 * One of the connections of a part. Nothing is queued in it: what it cannot do now is rejected, and what was under way when
 * it is lost as well. Its own `socketTimeout` is not used: in ioredis 5.11 it outlives its connection and ends the next one.
 */
const connectionOptions: RedisOptions = {
  connectTimeout: 5_000,
  keepAlive: 10_000,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  // A greeting that is lost with its connection would leave a client that says 'ready' for ever, without a connection.
  disableClientInfo: true,
  // Each part asks again for what it needs: of what ioredis sends again by itself some is lost without a word.
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(attempt * 100, maxReconnectDelayMs),
}

/** Ends a connection as it stands; ioredis makes the next one. Its own disconnect() waits for a server that says nothing. */
function drop(client: Redis): void {
  ;(client.stream as Redis['stream'] | undefined)?.destroy()
}

/**
 * The connections of one part of what uses Redis. That they are there proves nothing: the server may be the wrong one, or
 * refuse what it is asked. So the part tries out again and again what it needs. When that fails all connections are made
 * anew, at once and then less and less often: the others may be connected to the same server without an error.
 */
export class Connections {
  readonly clients: Redis[] = []
  /** Called when what is needed works, and has not before. `isBack`: not for the first time. */
  onWorking: (isBack: boolean) => void = () => undefined
  private attempt: () => Promise<unknown> = () => Promise.resolve()
  private probes: NodeJS.Timeout | undefined
  private endAttempt: () => void = () => undefined
  private isProbing = false
  private isWorking = false
  private hasWorked = false
  private closed = false
  private droppedAtMs = -Infinity
  private dropIntervalMs = minDropIntervalMs

  constructor(
    private readonly part: RedisPart,
    private readonly health: RedisHealth,
  ) {
    health.expect(part)
  }

  add(url: string, options: RedisOptions): Redis {
    const client = new Redis(url, {
      ...connectionOptions,
      ...options,
      // Asked about every error that Redis answers, whatever it is an answer to.
      reconnectOnError: (error) => {
        const refusal = refusalIn(error)
        if (refusal !== null) setImmediate(() => this.lost(error, isHealedByReconnecting(refusal)))
        return false
      },
    })
    this.clients.push(client)
    client.on('error', (error) => this.lost(error, false))
    client.on('close', () => {
      this.lost(new Error('connection closed'), false)
      // What is tried on it says nothing about the next one.
      this.endAttempt()
    })
    client.on('connect', () => {
      const { stream } = client
      setTimeout(() => {
        if (client.status === 'connect' && client.stream === stream) drop(client)
      }, handshakeTimeoutMs).unref()
    })
    return client
  }

  get areReady(): boolean {
    return this.clients.every((client) => client.status === 'ready')
  }

  /** Has `attempt` made every `intervalMs` and whenever there is a new connection. It rejects when something is not right. */
  probe(intervalMs: number, attempt: () => Promise<unknown>): void {
    this.attempt = attempt
    this.probes = setInterval(this.tryOut, intervalMs).unref()
    for (const client of this.clients) client.on('ready', this.tryOut)
  }

  readonly tryOut = (): void => void this.runProbe()

  /** Something is not as it should be. `isHealed`: new connections may be free of it. */
  lost({ message }: Error, isHealed: boolean): void {
    if (this.closed) return
    this.isWorking = false
    this.health.lost(this.part, message)
    const nowMs = performance.now()
    if (!isHealed || !this.areReady || nowMs - this.droppedAtMs < this.dropIntervalMs) return
    this.dropIntervalMs = Math.min(this.dropIntervalMs * 2, maxDropIntervalMs)
    this.droppedAtMs = nowMs
    for (const client of this.clients) drop(client)
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.probes)
    await Promise.all(this.clients.map(endConnection))
  }

  private async runProbe(): Promise<void> {
    if (this.isProbing || this.closed || !this.areReady) return
    this.isProbing = true
    const closed = new Promise<false>((resolve) => (this.endAttempt = () => resolve(false)))
    const attempt = within(probeTimeoutMs, this.attempt(), () => new Error('no answer'))
    try {
      if (await Promise.race([attempt.then(() => true), closed])) this.work()
    } catch (error) {
      const refusal = refusalIn(error as Error)
      this.lost(error as Error, refusal === null || isHealedByReconnecting(refusal))
    }
    this.isProbing = false
  }

  private work(): void {
    if (this.closed) return
    this.dropIntervalMs = minDropIntervalMs
    this.health.works(this.part)
    if (this.isWorking) return
    this.isWorking = true
    const isBack = this.hasWorked
    this.hasWorked = true
    this.onWorking(isBack)
  }
}

async function endConnection(client: Redis): Promise<void> {
  if (client.status === 'ready') await Promise.race([client.quit().catch(() => undefined), delay(quitTimeoutMs)])
  client.disconnect()
}
