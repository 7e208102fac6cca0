import { systemClock, type Clock } from '../connection/clock.ts'
import type { ParleyEvent } from '../replica/state.ts'
import type { Requests } from '../requests/requests.ts'
import { Value, type Store } from '../stores/store.ts'
import { catchUpOnce, type Copy } from './catch-up.ts'
import type { Reader, SyncState } from './feed.ts'

/** What the tab that leads tells the others about a person's feed. */
export type FeedMessage =
  /** Events after the position `before`, and the position after them. */
  | { kind: 'COMMIT'; events: readonly ParleyEvent[]; before: string | null; resume: string | null }
  | { kind: 'STATUS'; syncState: SyncState; resume: string | null }

export interface FollowerOptions {
  replica: Copy
  requests: Requests
  sync: Reader
  /** Asks the leader for a STATUS. */
  probe: () => void
  /** The leader does not answer. */
  takeOver: () => void
  onError?: (error: unknown) => void
  clock?: Clock
}

const probeIntervalMs = 10_000
const answerDeadlineMs = 5_000
/** As for the connection: what the leader said longer ago proves nothing. */
const proofAgeMs = 20_000

/** The feed of a tab that does not lead: what the leader applies is applied here too, in the same order. */
export class Follower {
  private readonly value = new Value<SyncState>('OFFLINE')
  private readonly clock: Clock
  private told: { syncState: SyncState; resume: string | null; atMs: number } | null = null
  private work: Promise<void> = Promise.resolve()
  private cancel: () => void = () => undefined
  private isRunning = false

  constructor(private readonly options: FollowerOptions) {
    this.clock = options.clock ?? systemClock
  }

  readonly syncState: Store<SyncState> = {
    subscribe: (changed) => this.value.subscribe(changed),
    getSnapshot: () => {
      const state = this.value.getSnapshot()
      return state === 'LIVE' && !this.isRecent() ? 'CATCHING_UP' : state
    },
  }

  start(): void {
    if (this.isRunning) return
    this.isRunning = true
    this.ask()
  }

  stop(): void {
    this.isRunning = false
    this.cancel()
    this.told = null
    this.options.sync.stop()
    this.value.set('OFFLINE')
  }

  take(message: FeedMessage): void {
    if (!this.isRunning) return
    if (message.kind === 'COMMIT') {
      this.queue(() => this.commit(message))
      return
    }
    const { syncState, resume } = message
    this.told = { syncState, resume, atMs: this.clock.now() }
    if (syncState === 'OFFLINE') this.options.sync.stop()
    else this.options.sync.start()
    this.tell()
    // Behind, with nothing under way that would bring the rest.
    if (syncState === 'LIVE') this.queue(() => this.compare(resume))
  }

  private ask(): void {
    const askedAtMs = this.clock.now()
    this.options.probe()
    this.cancel = this.clock.after(answerDeadlineMs, () => {
      if (!this.told || this.told.atMs < askedAtMs) this.options.takeOver()
      this.tell()
      this.cancel = this.clock.after(probeIntervalMs - answerDeadlineMs, () => this.ask())
    })
  }

  private isRecent(): boolean {
    return this.told !== null && Math.abs(this.clock.now() - this.told.atMs) < proofAgeMs
  }

  private tell(): void {
    const { told } = this
    if (!told || !this.isRecent()) this.value.set(told ? 'CATCHING_UP' : 'OFFLINE')
    else if (told.syncState !== 'LIVE') this.value.set(told.syncState)
    else this.value.set(told.resume === this.options.replica.snapshot.resume ? 'LIVE' : 'CATCHING_UP')
  }

  private queue(run: () => Promise<void>): void {
    this.work = this.work
      .then(run)
      .catch((error: unknown) => this.options.onError?.(error))
      .then(() => this.tell())
  }

  private async commit({ events, before, resume }: FeedMessage & { kind: 'COMMIT' }): Promise<void> {
    const { replica } = this.options
    if (replica.snapshot.resume !== before) {
      // Something was missed, as before this tab listened: what is between comes from the server.
      await this.catchUp()
      return
    }
    await this.apply(events, resume)
    if (this.told) this.told.resume = resume
  }

  private async compare(resume: string | null): Promise<void> {
    if (this.told?.resume === resume && this.options.replica.snapshot.resume !== resume) await this.catchUp()
  }

  private async catchUp(): Promise<void> {
    const { replica, requests, sync } = this.options
    if (replica.snapshot.resume === null) await sync.begin()
    let isAll = false
    while (!isAll && this.isRunning) {
      isAll = await catchUpOnce(
        replica,
        requests,
        (events, resume) => this.apply(events, resume),
        () => this.isRunning,
      )
    }
    // Everything that the leader had when it last said something is here now.
    if (this.told) this.told.resume = replica.snapshot.resume
  }

  private async apply(events: readonly ParleyEvent[], resume: string | null): Promise<void> {
    const { replica, sync } = this.options
    await replica.commit(events, resume)
    for (const event of events) {
      if (event.__typename === 'SnapshotRequired') await sync.snapshotRequired(event.streamId)
    }
  }
}
