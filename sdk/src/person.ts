import { Diagnostics, type Diagnostic } from './feed/diagnostics.ts'
import { startReporting } from './feed/reporting.ts'
import { Feed, type SyncState } from './feed/feed.ts'
import { Follower, type FeedMessage } from './feed/follower.ts'
import type { Connection } from './connection/connection.ts'
import { Replica } from './replica/replica.ts'
import { Sync } from './replica/sync.ts'
import type { Requests } from './requests/requests.ts'
import type { ParleyStorage } from './storage/storage.ts'
import type { Store } from './stores/store.ts'
import { switched } from './stores/switched.ts'

export interface PersonOptions {
  viewerId: string | null
  storage: ParleyStorage
  connection: Connection
  requests: Requests
  isLeader: Store<boolean>
  post: (message: FeedMessage | { kind: 'PROBE' }) => void
  takeOver: () => void
  onDiagnostics?: (diagnostic: Diagnostic) => void
  onError: (error: unknown) => void
}

/** Who is signed in: their copy, and what keeps it as the server has it. */
export class Person {
  readonly syncState: Store<SyncState>
  readonly diagnostics: Diagnostics
  private readonly feed: Feed
  private readonly follower: Follower
  private readonly stopWatching: () => void
  private readonly stopReporting: () => void

  private constructor(
    private readonly options: PersonOptions,
    readonly replica: Replica,
    readonly sync: Sync,
  ) {
    const { connection, requests, isLeader, post, takeOver, onDiagnostics, onError } = options
    this.diagnostics = new Diagnostics(onDiagnostics)
    const common = { requests, replica, sync, onError }
    this.feed = new Feed({
      ...common,
      connection,
      diagnostics: this.diagnostics,
      onCommit: (events, before, resume) => post({ kind: 'COMMIT', events, before, resume }),
    })
    this.follower = new Follower({ ...common, probe: () => post({ kind: 'PROBE' }), takeOver })
    this.syncState = switched(isLeader, (leads) => (leads ? this.feed.syncState : this.follower.syncState))
    this.feed.syncState.subscribe(() => this.tellStatus())
    this.stopWatching = isLeader.subscribe(() => this.look())
    // Of all tabs the leading one: the others are told what it has received.
    this.stopReporting = startReporting(this.diagnostics, requests, () => isLeader.getSnapshot())
    this.look()
  }

  static async open(options: PersonOptions): Promise<Person> {
    const { storage, viewerId, requests, onError } = options
    const replica = await Replica.open({ storage, onStorageError: onError }, viewerId)
    return new Person(options, replica, new Sync({ replica, requests, onError }))
  }

  /** From another tab. */
  take(message: FeedMessage | { kind: 'PROBE' }): void {
    if (message.kind === 'PROBE') {
      if (!this.options.isLeader.getSnapshot()) return
      // Whoever asks can be seen, and this tab perhaps not: its own timers are held back then.
      this.options.connection.ping()
      this.tellStatus()
    } else if (!this.options.isLeader.getSnapshot()) this.follower.take(message)
  }

  close(): void {
    this.stopWatching()
    this.stopReporting()
    this.feed.stop()
    this.follower.stop()
    this.sync.close()
  }

  private look(): void {
    const leads = this.options.isLeader.getSnapshot()
    this.replica.setWriter(leads)
    if (leads) {
      this.follower.stop()
      this.options.connection.start()
      this.feed.start()
    } else {
      this.feed.stop()
      this.options.connection.stop()
      this.follower.start()
    }
  }

  private tellStatus(): void {
    if (!this.options.isLeader.getSnapshot()) return
    const { resume } = this.replica.snapshot
    this.options.post({ kind: 'STATUS', syncState: this.feed.syncState.getSnapshot(), resume })
  }
}
