import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../testkit/redis.ts'
import { startServer, type ServerOptions, type ServerProcess } from '../testkit/server.ts'

export interface SlotOptions extends ServerOptions {
  name: string
  logFile: string
  /** Called when the server ends and the run did not end it. */
  onUnexpectedEnd: (what: string) => void
}

const retryMs = 500
const startTimeoutMs = 60_000

/** A server at a fixed address: the address stays when the server dies and comes back. */
export class ServerSlot {
  state: 'up' | 'frozen' | 'down' = 'down'
  private process: ServerProcess | null = null
  private closed = false

  private constructor(
    readonly url: string,
    private readonly options: SlotOptions,
  ) {}

  static async open(options: SlotOptions): Promise<ServerSlot> {
    const port = String(await freePort())
    const slot = new ServerSlot(`http://127.0.0.1:${port}/graphql`, {
      ...options,
      env: { ...options.env, PORT: port },
    })
    await slot.start()
    return slot
  }

  get name(): string {
    return this.options.name
  }

  /** Retries until the server runs: it does not start while the database is away. */
  async start(): Promise<void> {
    const deadlineMs = Date.now() + startTimeoutMs
    while (!this.closed) {
      try {
        const started = await startServer(this.options)
        this.process = started
        this.state = 'up'
        void started.exited.then((how) => {
          this.note(`${started.logs()}\nended with ${JSON.stringify(how)}\n`)
          const expected = this.closed || this.process !== started
          if (expected) return
          this.state = 'down'
          this.options.onUnexpectedEnd(`server ${this.name} ended by itself with ${JSON.stringify(how)}`)
          this.start().catch((error: unknown) => {
            this.options.onUnexpectedEnd(String(error))
          })
        })
        return
      } catch (error) {
        this.note(`${String(error)}\n`)
        if (Date.now() > deadlineMs) throw error
        await sleep(retryMs)
      }
    }
  }

  /** Ends the server with this signal; resolves when it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { process } = this
    this.process = null
    this.state = 'down'
    process?.kill(signal)
    const how = await process?.exited
    if (signal === 'SIGTERM' && how && how.code !== 0) {
      this.options.onUnexpectedEnd(`server ${this.name} was asked to end and did so with ${JSON.stringify(how)}`)
    }
  }

  freeze(): void {
    this.state = 'frozen'
    this.process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.process?.kill('SIGCONT')
    if (this.process) this.state = 'up'
  }

  /** Ends the server for good, in any state. */
  async close(): Promise<void> {
    this.closed = true
    this.process?.kill('SIGKILL')
    await this.process?.exited
  }

  private note(text: string): void {
    appendFileSync(this.options.logFile, `--- ${new Date().toISOString()}\n${text}`)
  }
}
