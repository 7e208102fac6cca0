import { SyncInboxEventsDocument, SyncResyncDocument } from '../generated/graphql.ts'
import { systemClock, type Clock } from '../connection/clock.ts'
import type { Connection } from '../connection/connection.ts'
import type { ParleyEvent } from '../replica/state.ts'
import { isRequestError } from '../requests/errors.ts'
import type { Requests } from '../requests/requests.ts'
import { Value, type Store } from '../stores/store.ts'
import { catchUpOnce, type Copy } from './catch-up.ts'
import type { Diagnostics } from './diagnostics.ts'

/**
 * LIVE: everything that the server had a moment ago is here. CATCHING_UP: connected, and that is not known, or known not to be
 * so. OFFLINE: no connection.
 */
export type SyncState = 'LIVE' | 'CATCHING_UP' | 'OFFLINE'

/** What reads anew what no event brings. */
export interface Reader {
  begin(): Promise<void>
  start(): void
  stop(): void
  snapshotRequired(streamId: string): Promise<void>
}

export interface FeedOptions {
  connection: Connection
  requests: Requests
  replica: Copy
  sync: Reader
  diagnostics: Diagnostics
  /** Told after each commit, to hand it on to other tabs. */
  onCommit?: (events: readonly ParleyEvent[], before: string | null, resume: string | null) => void
  onError?: (error: unknown) => void
  clock?: Clock
}

/** After a longer interruption what was missed is asked for at once; the subscription brings the rest of what is much. */
const longAwayMs = 30_000
/** Events that are applied and stored together at the most. */
const batchSize = 500
const [leastWaitMs, mostWaitMs] = [250, 5_000]

interface Waiting {
  event: ParleyEvent
  resume: string | null
}

/** Everything that happens in the viewer's conversations: applied in its order, each event once, with the position after it. */
export class Feed {
  private readonly value = new Value<SyncState>('OFFLINE')
  private readonly clock: Clock
  private readonly waiting: Waiting[] = []
  private draining: Promise<void> | null = null
  private stopSubscription: () => void = () => undefined
  private stopWatching: (() => void) | null = null
  private liveAtMs = -Infinity
  /** Counts connections; 0 while there is none. What belongs to an older one ends. */
  private connectionCount = 0
  private isOpen = false
  private isCaughtUp = false
  private readonly pauses = new Set<() => void>()

  constructor(private readonly options: FeedOptions) {
    this.clock = options.clock ?? systemClock
  }

  /** Never LIVE while behind, also where no timer ran that would have noticed. */
  readonly syncState: Store<SyncState> = {
    subscribe: (changed) => this.value.subscribe(changed),
    getSnapshot: () => {
      const state = this.value.getSnapshot()
      return state === 'LIVE' && !this.options.connection.isAlive ? 'CATCHING_UP' : state
    },
  }

  start(): void {
    if (this.stopWatching) return
    const { status } = this.options.connection
    this.stopWatching = status.subscribe(() => this.look())
    this.look()
  }

  stop(): void {
    this.stopWatching?.()
    this.stopWatching = null
    this.lose()
    this.tell()
  }

  private look(): void {
    const { state } = this.options.connection.status.getSnapshot()
    const isOpen = state === 'OPEN' || state === 'PROBING'
    if (isOpen && !this.isOpen) {
      this.isOpen = true
      void this.follow(++this.connectionCount)
    } else if (!isOpen && this.isOpen) this.lose()
    this.tell()
  }

  private lose(): void {
    if (this.isCaughtUp) this.liveAtMs = this.clock.now()
    this.connectionCount++
    this.isOpen = false
    this.isCaughtUp = false
    this.stopSubscription()
    this.options.sync.stop()
    this.wake()
  }

  private tell(): void {
    const isLive = this.isCaughtUp && this.waiting.length === 0 && !this.draining && this.options.connection.isAlive
    this.value.set(!this.isOpen ? 'OFFLINE' : isLive ? 'LIVE' : 'CATCHING_UP')
  }

  /** From the position of now to where the server is, and on from there, over one connection. */
  private async follow(connection: number): Promise<void> {
    const isCurrent = () => connection === this.connectionCount
    for (let failures = 0; isCurrent(); failures++) {
      try {
        const { replica, requests, sync } = this.options
        if (replica.snapshot.resume === null) await sync.begin()
        else if (this.clock.now() - this.liveAtMs > longAwayMs)
          await catchUpOnce(replica, requests, (events, resume) => this.commit(events, resume), isCurrent)
        if (!isCurrent()) return
        sync.start()
        this.subscribe(isCurrent)
        await this.prove(isCurrent)
        return
      } catch (error) {
        this.stopSubscription()
        if (!isCurrent()) return
        this.options.onError?.(error)
        await this.distrust(error)
        const waitMs = Math.min(mostWaitMs, leastWaitMs * 2 ** Math.min(failures, 10)) * (1 + Math.random())
        await this.pause(Math.max(isRequestError(error) ? (error.retryAfterMs ?? 0) : 0, waitMs))
      }
    }
  }

  private subscribe(isCurrent: () => boolean): void {
    const { connection, replica, diagnostics } = this.options
    this.stopSubscription()
    diagnostics.subscriptionBegins()
    const restart = () => {
      if (!isCurrent()) return
      this.isCaughtUp = false
      this.tell()
      void this.follow(++this.connectionCount)
    }
    const recover = async (error: unknown) => {
      this.options.onError?.(error)
      await this.distrust(error)
      await this.pause(leastWaitMs * 4)
      restart()
    }
    this.stopSubscription = connection.subscribe(SyncInboxEventsDocument, () => ({ resume: replica.snapshot.resume }), {
      next: ({ inboxEvents: event }) => {
        if (!isCurrent()) return
        diagnostics.arrived(event)
        this.waiting.push({ event, resume: event.resume })
        this.draining ??= this.drain()
          .catch(recover)
          .finally(() => {
            this.draining = null
            this.tell()
          })
      },
      // From the position of now: what was refused may have been the position.
      error: (error) => void recover(error),
      complete: restart,
    })
  }

  /** After a refusal of the position itself nothing that is here is known to be so. */
  private async distrust(error: unknown): Promise<void> {
    if (!isRequestError(error) || error.code !== 'VALIDATION_ERROR') return
    await this.options.sync.snapshotRequired('ALL').catch((failure: unknown) => this.options.onError?.(failure))
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchSize)
      const resume = batch.at(-1)?.resume ?? null
      await this.commit(
        batch.map(({ event }) => event),
        resume,
      )
      this.wake()
    }
  }

  private async commit(events: readonly ParleyEvent[], resume: string | null): Promise<void> {
    const { replica, sync, onCommit, diagnostics } = this.options
    const before = replica.snapshot.resume
    await replica.commit(events, resume)
    diagnostics.committed(events)
    onCommit?.(events, before, resume)
    for (const event of events) {
      if (event.__typename === 'SnapshotRequired')
        await sync.snapshotRequired(event.streamId).catch((failure: unknown) => this.options.onError?.(failure))
    }
  }

  /** Asks until the server has nothing after the position that is here. Only then is it known that nothing is behind. */
  private async prove(isCurrent: () => boolean): Promise<void> {
    const { requests, replica } = this.options
    for (let asked = 0; isCurrent(); asked++) {
      const { resume } = replica.snapshot
      if (resume !== null) {
        const { resync } = await requests.request(SyncResyncDocument, { resume, limit: 1 })
        if (!isCurrent()) return
        if (resync.streams.length === 0) {
          this.isCaughtUp = true
          this.tell()
          return
        }
      }
      await this.pause(Math.min(mostWaitMs, leastWaitMs * 2 ** Math.min(asked, 10)))
    }
  }

  /** Until then, or until something has come, or the connection is lost. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.pauses.delete(end)
        resolve()
      }
      const cancel = this.clock.after(ms, end)
      this.pauses.add(end)
    })
  }

  private wake(): void {
    for (const end of [...this.pauses]) end()
  }
}
