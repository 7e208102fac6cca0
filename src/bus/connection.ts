import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { clusterOf, isClusterAddress, redisOptionsOf, type RedisTls } from './address.ts'
import type { NodeConnections } from './cluster-links.ts'
import { within } from '../flow/deadline.ts'
import { isHealedByReconnecting, refusalIn, type RedisHealth, type RedisPart } from './health.ts'

const maxReconnectDelayMs = 1_000
/**
 * Milliseconds from connecting until commands can be sent: a server that has not answered the greeting by then never will.
 */
const handshakeTimeoutMs = 2_000
const quitTimeoutMs = 500
/** Milliseconds within which a probe must succeed. */
const probeTimeoutMs = 2_000
/** Milliseconds between two times that connections are dropped because of a refusal: at first, and at the most. */
const minDropIntervalMs = 1_000
const maxDropIntervalMs = 5_000

/** Milliseconds between two looks at which node of a cluster has which slots. */
const slotsRefreshMs = 1_000

/** Commands go to one Redis, or to the node of a cluster that has the key. */
export type RedisClient = Redis | Cluster

/**
 * One of the connections of a part. Nothing is queued: a command that cannot be sent now is rejected, and so are commands
 * in flight when the connection is lost. ioredis' own `socketTimeout` is not used: in ioredis 5.11 it outlives its
 * connection and ends the next one.
 */
const connectionOptions: RedisOptions = {
  connectTimeout: 5_000,
  keepAlive: 10_000,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  // If the greeting were lost with its connection, the client would say 'ready' for ever without a connection.
  disableClientInfo: true,
  // Each part subscribes again by itself: ioredis loses some of what it sends again, without an error.
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(attempt * 100, maxReconnectDelayMs),
}

/** Ends connections at once; ioredis makes the next ones. Its own disconnect() waits for a server that may never answer. */
function drop(client: RedisClient): void {
  for (const one of client instanceof Cluster ? client.nodes() : [client]) {
    ;(one.stream as Redis['stream'] | undefined)?.destroy()
  }
}

/**
 * The connections that one part of Parley has to Redis. An open connection proves nothing: the server may be the wrong one,
 * or refuse commands. So each part probes again and again what it needs. When a probe fails, all connections are made anew,
 * at once and then less and less often: the others may be connected to the same bad server without an error.
 */
export class Connections {
  /** Of the address that was added. */
  isCluster = false
  private readonly clients = new Set<RedisClient>()
  /** Called when the probe succeeds and did not before. `isBack`: it has succeeded once before that. */
  onWorking: (isBack: boolean) => void = () => undefined
  private nodeOptions: RedisOptions = {}
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
    private readonly tls: RedisTls | null = null,
  ) {
    health.expect(part)
  }

  /** For commands. */
  add(url: string, options: RedisOptions): RedisClient {
    if (!isClusterAddress(url)) return this.connect({ ...redisOptionsOf(url, this.tls), ...options })
    this.isCluster = true
    const { nodes, options: nodeOptions } = clusterOf(url, this.tls)
    this.nodeOptions = nodeOptions
    return this.watch(
      new Cluster(nodes, {
        clusterRetryStrategy: (attempt) => Math.min(attempt * 100, maxReconnectDelayMs),
        enableOfflineQueue: false,
        // A planned failover moves slots without an error that anybody would get.
        slotsRefreshInterval: slotsRefreshMs,
        // Names stay names: certificates are for these.
        dnsLookup: (host, callback) => callback(null, host),
        redisOptions: {
          ...nodeOptions,
          ...{ connectTimeout: connectionOptions.connectTimeout, keepAlive: connectionOptions.keepAlive },
          // For the client's own commands too, which may have been sent to a node that hangs.
          commandTimeout: probeTimeoutMs,
          disableClientInfo: true,
          autoResendUnfulfilledCommands: false,
          reconnectOnError: this.notice,
        },
      }),
    )
  }

  /** For subscriptions of one Redis. */
  addSubscriber(url: string): Redis {
    return this.connect({ ...redisOptionsOf(url, this.tls), enableReadyCheck: false })
  }

  /** For subscriptions at the nodes of the cluster. */
  nodes(): NodeConnections {
    return {
      open: (node) => this.connect({ ...node, ...this.nodeOptions, enableReadyCheck: false }),
      end: (client) => {
        this.clients.delete(client)
        client.disconnect()
      },
      drop,
      onTrouble: (error) => this.lost(error, false),
    }
  }

  get areReady(): boolean {
    return [...this.clients].every((client) => client.status === 'ready')
  }

  /** Runs `attempt` every `intervalMs` and on every new connection. It rejects when something is wrong. */
  probe(intervalMs: number, attempt: () => Promise<unknown>): void {
    this.attempt = attempt
    this.probes = setInterval(this.tryOut, intervalMs).unref()
  }

  readonly tryOut = (): void => void this.runProbe()

  /** To be called when something is wrong. `isHealed`: new connections may put it right. */
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
    await Promise.all([...this.clients].map(endConnection))
  }

  private connect(options: RedisOptions): Redis {
    const client = new Redis({ ...connectionOptions, ...options, reconnectOnError: this.notice })
    client.on('connect', () => {
      const { stream } = client
      setTimeout(() => {
        if (client.status === 'connect' && client.stream === stream) drop(client)
      }, handshakeTimeoutMs).unref()
    })
    return this.watch(client)
  }

  private watch<Client extends RedisClient>(client: Client): Client {
    this.clients.add(client)
    client.on('error', (error: Error & { lastNodeError?: Error }) => this.lost(error.lastNodeError ?? error, false))
    client.on('close', () => {
      this.lost(new Error('connection closed'), false)
      // A probe on the lost connection says nothing about the next one.
      this.endAttempt()
    })
    client.on('ready', this.tryOut)
    return client
  }

  /** Called for every error that Redis answers, whichever command it answers. Answers ioredis that it need do nothing. */
  private readonly notice = (error: Error): false => {
    const refusal = refusalIn(error)
    // ioredis goes to the other node by itself.
    const isRedirected = this.isCluster && (refusal === 'MOVED' || refusal === 'TRYAGAIN')
    if (refusal !== null && !isRedirected) setImmediate(() => this.lost(error, this.isHealed(refusal)))
    return false
  }

  /** In a cluster that is down new connections find the same. */
  private isHealed(refusal: string): boolean {
    return isHealedByReconnecting(refusal) && !(this.isCluster && refusal === 'CLUSTERDOWN')
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
      this.lost(error as Error, refusal === null || this.isHealed(refusal))
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

async function endConnection(client: RedisClient): Promise<void> {
  if (client.status === 'ready') await Promise.race([client.quit().catch(() => undefined), delay(quitTimeoutMs)])
  client.disconnect()
}
