import { Value, type Store } from '../stores/store.ts'

/** What of the browser several tabs have in common. Where it is missing, as in Node and React Native, each client is on its own. */
export interface TabsPlatform {
  locks?: Pick<LockManager, 'request'>
  BroadcastChannel?: typeof BroadcastChannel
}

export interface TabsOptions<Message> {
  /** Clients with the same name share a storage. Null: this one shares it with nobody. */
  name: string | null
  onMessage: (message: Message) => void
  platform?: TabsPlatform
}

const ownPlatform = (): TabsPlatform => ({
  ...(typeof navigator === 'object' && 'locks' in navigator && { locks: navigator.locks }),
  ...(typeof BroadcastChannel === 'function' && { BroadcastChannel }),
})

/** Of the tabs of one storage exactly one leads: it has the connection, and writes. */
export class Tabs<Message> {
  private readonly value: Value<boolean>
  private readonly channel: BroadcastChannel | null = null
  private locks: TabsPlatform['locks'] | null = null
  private release: () => void = () => undefined
  private waiting: AbortController | null = null
  private hasClosed = false
  /** By which other tabs know this one. */
  readonly id = crypto.randomUUID()
  private leave: () => void = () => undefined

  constructor(private readonly options: TabsOptions<Message>) {
    const { locks, BroadcastChannel: Channel } = options.platform ?? ownPlatform()
    const isShared = options.name !== null && locks !== undefined && Channel !== undefined
    this.value = new Value(!isShared)
    if (!isShared) return
    this.locks = locks
    this.channel = new Channel(`parley ${options.name}`)
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.options.onMessage(data)
    // In Node an open channel would keep the process.
    ;(this.channel as { unref?: () => void }).unref?.()
    this.queue()
    void this.beThere()
  }

  /** Whether this one leads. */
  get isLeader(): Store<boolean> {
    return this.value
  }

  /** Tells all others. */
  post(message: Message): void {
    if (!this.hasClosed) this.channel?.postMessage(message)
  }

  /** Takes the lead from one that does not answer: it is frozen, and finds out when it wakes. */
  takeOver(): void {
    if (this.locks && !this.value.getSnapshot() && !this.hasClosed) this.request({ steal: true })
  }

  /** Lets another lead, as this page is about to be kept without running; a lock would also keep it out of the cache. */
  stepDown(): void {
    if (!this.locks) return
    this.waiting?.abort()
    this.release()
    this.leave()
  }

  /** The page runs again, and waits for its turn. Resolves when the others can see it. */
  async stepUp(): Promise<void> {
    if (!this.locks || this.hasClosed) return
    if (!this.value.getSnapshot()) this.queue()
    await this.beThere()
  }

  /** Calls once when another tab was closed, killed, or put aside: its lock is free then. Returns what ends the waiting. */
  whenGone(id: string, gone: () => void): () => void {
    const waiting = new AbortController()
    const lock = this.locks?.request(this.nameOf(id), { signal: waiting.signal }, async () => gone())
    lock?.catch(() => undefined)
    return () => waiting.abort()
  }

  /** Holds a lock of its own for as long as the tab is there. */
  private beThere(): Promise<void> {
    this.leave()
    const held = new Promise<void>((resolve) => (this.leave = resolve))
    return new Promise((resolve) => {
      const hold = () => {
        resolve()
        return held
      }
      this.locks?.request(this.nameOf(this.id), hold).catch(() => resolve())
    })
  }

  private nameOf(id: string): string {
    return `parley ${this.options.name ?? ''} tab ${id}`
  }

  close(): void {
    this.hasClosed = true
    this.waiting?.abort()
    this.release()
    this.leave()
    this.channel?.close()
  }

  /** Runs while no other tab runs anything under the same word. */
  async alone<Result>(word: string, run: () => Promise<Result>): Promise<Result> {
    const { locks } = this
    if (!locks) return run()
    const at = { hasBegun: false }
    const begin = () => {
      at.hasBegun = true
      return run()
    }
    try {
      return await (locks.request(`parley ${this.options.name ?? ''} ${word}`, begin) as Promise<Result>)
    } catch (error) {
      if (at.hasBegun) throw error
      // The browser refuses its locks to this page.
      return run()
    }
  }

  private queue(): void {
    this.waiting?.abort()
    this.waiting = new AbortController()
    this.request({ signal: this.waiting.signal })
  }

  private request(options: LockOptions): void {
    const held = () =>
      new Promise<void>((resolve) => {
        if (this.hasClosed) {
          resolve()
          return
        }
        // A request that waits in line is of no use any more.
        if (options.steal) this.waiting?.abort()
        let isOver = false
        this.release = () => {
          if (isOver) return
          isOver = true
          this.value.set(false)
          resolve()
        }
        this.value.set(true)
      })
    void this.locks?.request(`parley ${this.options.name ?? ''}`, options, held).catch((error: unknown) => {
      // Aborted: nothing was held. Stolen: somebody else leads by now, and this one stands in line again.
      if (this.hasClosed || options.signal?.aborted) return
      if ((error as Error).name === 'AbortError') {
        this.release()
        this.queue()
        return
      }
      // A browser that lets a page store nothing has no locks for it either: this tab is on its own.
      this.locks = null
      this.value.set(true)
    })
  }
}
