import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { startEmbeddedPostgres } from '../embedded/postgres.ts'
import { StartError } from '../start-error.ts'
import { migrate } from '../store/database/migrate.ts'
import type { Logger } from '../telemetry/logger.ts'
import { Broker, type Peer } from './broker.ts'
import type { ToPrimary } from './messages.ts'

export interface Workers {
  url: string
  hasWebClient: boolean
  stop(): Promise<void>
}

interface PrimaryOptions {
  config: Config
  logger: Logger
  /** The program that each worker runs. */
  program: string
  migrationsDir: string
}

const firstPauseMs = 100
const maxPauseMs = 5_000
/** Milliseconds after which a worker that ends counts as one that had worked. */
const steadyMs = 60_000
/** Milliseconds within which workers end when they are asked to; less than whoever asks us gives. */
const stopWithinMs = 8_500

/** Starts the database if it is the embedded one, brings it up to date, and then WORKERS processes behind one port. */
export async function startWorkers(options: PrimaryOptions): Promise<Workers> {
  const { config, logger } = options
  const postgres =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({ dataDir: config.dataDir, log: logger, walArchive: config.walArchive })
      : null
  const fleet = new Fleet(options, postgres?.url ?? null)
  const stop = async () => {
    await fleet.stop()
    await postgres?.stop()
  }
  try {
    await migrate({
      connectionString: postgres?.url ?? config.databaseUrl ?? '',
      migrationsDir: options.migrationsDir,
      log: logger,
      lockTimeoutMs: config.migrationLockTimeoutMs,
    })
    return { ...(await fleet.start()), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

class Fleet {
  private readonly broker = new Broker()
  private readonly living = new Set<Worker>()
  private readonly listening = new Map<number, { url: string; hasWebClient: boolean }>()
  private stopping = false
  private announce: (first: { url: string; hasWebClient: boolean }) => void = () => undefined
  private fail: (error: Error) => void = () => undefined

  constructor(
    private readonly options: PrimaryOptions,
    private readonly embeddedUrl: string | null,
  ) {
    // In turn: decision 0106. Their output comes by us, so that no two lines are mixed; a person may read mixed ones.
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({ exec: options.program, args: [], silent: !process.stderr.isTTY })
  }

  /** Resolves when all of them take requests. Rejects when one ends before that: it has said why. */
  async start(): Promise<{ url: string; hasWebClient: boolean }> {
    const first = new Promise<{ url: string; hasWebClient: boolean }>((resolve, reject) => {
      this.announce = resolve
      this.fail = reject
    })
    for (let index = 0; index < this.options.config.workers; index++) this.fork(index, 0)
    return first
  }

  async stop(): Promise<void> {
    this.stopping = true
    const ended = [...this.living].map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
    for (const worker of this.living) if (worker.isConnected()) worker.send({ type: 'stop' })
    await Promise.race([Promise.all(ended), sleep(stopWithinMs, undefined, { ref: false })])
    for (const { process: child } of this.living) child.kill('SIGKILL')
    await Promise.all(ended)
  }

  private fork(index: number, failures: number): void {
    const worker = cluster.fork()
    const startedAtMs = performance.now()
    const { broker } = this
    const peer: Peer = {
      send: (message, done) => {
        if (worker.isConnected()) worker.send(message, done)
        else done()
      },
    }
    this.living.add(worker)
    broker.join(peer)
    for (const name of ['stdout', 'stderr'] as const) passLines(worker.process[name], process[name])
    // Of a message to a worker that ended meanwhile; its end is told by `exit`.
    worker.on('error', () => undefined)
    worker.on('message', (message: ToPrimary) => {
      if (message.type === 'hello')
        peer.send({ type: 'welcome', index, embeddedUrl: this.embeddedUrl }, () => undefined)
      else if (message.type === 'listening') this.isListening(index, message)
      else broker.take(peer, message)
    })
    worker.once('exit', (code, signal) => {
      this.living.delete(worker)
      broker.leave(peer)
      if (this.stopping) return
      if (!this.listening.has(index)) {
        this.fail(new StartError('A worker did not start; it says above why.'))
        return
      }
      const hadWorked = performance.now() - startedAtMs > steadyMs
      const pauseMs = hadWorked ? 0 : Math.min(firstPauseMs * 2 ** failures, maxPauseMs)
      this.options.logger.error(
        { worker: index, pid: worker.process.pid, code, signal, pauseMs },
        'a worker ended; another one takes its place',
      )
      setTimeout(() => {
        if (!this.stopping) this.fork(index, hadWorked ? 0 : failures + 1)
      }, pauseMs)
    })
  }

  private isListening(index: number, { url, hasWebClient }: { url: string; hasWebClient: boolean }): void {
    this.listening.set(index, { url, hasWebClient })
    if (this.listening.size === this.options.config.workers) this.announce({ url, hasWebClient })
  }
}

/** Hands on whole lines: those of several processes must not be mixed. */
function passLines(from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream): void {
  let rest = ''
  from?.setEncoding('utf8')
  from?.on('data', (chunk: string) => {
    const text = rest + chunk
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) to.write(text.slice(0, end))
    rest = text.slice(end)
  })
  from?.on('end', () => {
    if (rest !== '') to.write(`${rest}\n`)
  })
}
