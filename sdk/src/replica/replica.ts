import { Value, type Store } from '../stores/store.ts'
import { StorageFullError, type ParleyStorage, type StorageState } from '../storage/storage.ts'
import { applyEvents } from './apply-event.ts'
import { patched } from './equal.ts'
import { readState, readTimeline, rowsBetween } from './rows.ts'
import { emptyState, type Id, type ParleyEvent, type State } from './state.ts'
import { Table } from './table.ts'
import { newestOf, type TimelineState } from './timeline.ts'

export interface ReplicaOptions {
  storage: ParleyStorage
  /** Told of what could not be stored. */
  onStorageError?: (error: unknown) => void
}

/** What is stored of each conversation where there is little room. */
const trimmedChunks = 2

const conversationOf = (event: ParleyEvent): Id => {
  if (event.__typename === 'InboxEntryChanged') return event.conversationId
  return event.__typename === 'SnapshotRequired' ? event.streamId : event.cursor.streamId
}

/**
 * The copy of one client: changes it in one order, and writes each change with the position that belongs to it. What shows it
 * subscribes to `state`.
 */
export class Replica {
  private readonly value: Value<State>
  private readonly storageValue = new Value<StorageState>('KEPT')
  /** What the storage has; null when nothing there counts. */
  private stored: State | null
  /** Conversations whose messages are in memory, or were never stored. */
  private readonly loaded = new Set<Id>()
  private readonly loading = new Map<Id, Promise<void>>()
  private changes: Promise<void> = Promise.resolve()
  private writing: Promise<void> | null = null
  private isWriter = true
  /** The copy of which `stored` is. */
  private written: State | null = null
  /** There was no room: of each conversation only the newest messages are stored. */
  private isTrimmed = false
  private readonly trimmed = new WeakMap<TimelineState, TimelineState>()

  private constructor(
    private readonly options: ReplicaOptions,
    state: State,
    isStored: boolean,
  ) {
    this.value = new Value(state)
    this.stored = isStored ? state : null
  }

  /** Begins with the stored copy of this person, if there is one; a copy of somebody else is dropped. */
  static async open(options: ReplicaOptions, viewerId: Id | null): Promise<Replica> {
    try {
      const state = await readState(options.storage)
      if (state && (viewerId === null || state.viewerId === viewerId)) return new Replica(options, state, true)
      const empty = new Replica(options, emptyState(viewerId ?? ''), false)
      await empty.writeRows([], ['meta', 'conversations', 'messages'])
      return empty
    } catch (error) {
      // Private windows of some browsers, or a setting: it works without, until the page is closed.
      const replica = new Replica(options, emptyState(viewerId ?? ''), false)
      replica.storageValue.set('REFUSED')
      options.onStorageError?.(error)
      return replica
    }
  }

  /** The copy of nobody, for as long as nobody is signed in. */
  static empty(storage: ParleyStorage): Replica {
    return new Replica({ storage }, emptyState(''), false)
  }

  get state(): Store<State> {
    return this.value
  }

  get storageState(): Store<StorageState> {
    return this.storageValue
  }

  get snapshot(): State {
    return this.value.getSnapshot()
  }

  /**
   * Applies events in their order, with the position after them. Resolves when both are stored, or when it is known that they
   * cannot be: the storage keeps an older copy with its older position then.
   */
  async commit(events: readonly ParleyEvent[], resume: string | null = null): Promise<void> {
    await this.change(events.map(conversationOf), (state) => {
      const next = applyEvents(state, events)
      return resume === null ? next : patched(next, { resume })
    })
  }

  /** As commit, for the events of the support desk. */
  async commitSupport(events: readonly ParleyEvent[], supportResume: string | null): Promise<void> {
    await this.change(events.map(conversationOf), (state) => patched(applyEvents(state, events), { supportResume }))
  }

  /** Changes the copy, after the changes before; the messages of these conversations are loaded then. */
  async change(ids: readonly Id[], change: (state: State) => State): Promise<void> {
    const done = this.changes.then(async () => {
      for (const id of new Set(ids)) await this.load(id)
      this.value.set(change(this.snapshot))
    })
    this.changes = done.catch(() => undefined)
    await done
    await this.flush()
  }

  /** Reads the stored messages of a conversation. */
  load(id: Id): Promise<void> {
    if (this.loaded.has(id)) return Promise.resolve()
    const known = this.loading.get(id)
    if (known) return known
    const loading = this.read(id).finally(() => this.loading.delete(id))
    this.loading.set(id, loading)
    return loading
  }

  /** Whether this client writes the copy: of several tabs only one does. */
  setWriter(isWriter: boolean): void {
    if (isWriter === this.isWriter) return
    this.isWriter = isWriter
    // Another client has written meanwhile: all that is here is written anew.
    this.stored = this.written = null
    if (isWriter) void this.flush()
  }

  /** Forgets everything, here and in the storage. */
  async wipe(tables: ('meta' | 'conversations' | 'messages' | 'outbox')[]): Promise<void> {
    await this.changes
    await this.writing
    this.loaded.clear()
    this.stored = this.written = null
    this.value.set(emptyState(''))
    await this.writeRows([], tables)
  }

  private async read(id: Id): Promise<void> {
    // What is not stored cannot be read, and what was read is never read again: it may have changed since.
    if (this.snapshot.conversations.get(id) && !this.snapshot.timelines.get(id)) {
      try {
        const timeline = await readTimeline(this.options.storage, id)
        const { snapshot } = this
        if (timeline.chunks.length > 0 && snapshot.conversations.get(id) && !snapshot.timelines.get(id)) {
          if (this.stored) this.stored = { ...this.stored, timelines: this.stored.timelines.with(id, timeline) }
          this.value.set({ ...snapshot, timelines: snapshot.timelines.with(id, timeline) })
        }
      } catch (error) {
        this.options.onStorageError?.(error)
      }
    }
    this.loaded.add(id)
  }

  /** Writes until the storage has what is here; changes that come meanwhile go together. */
  private flush(): Promise<void> {
    if (this.writing) return this.writing.then(() => this.flush())
    const { snapshot } = this
    if (!this.isWriter || snapshot === (this.written ?? this.stored)) return Promise.resolve()
    this.writing = this.store(snapshot).finally(() => (this.writing = null))
    return this.writing
  }

  private async store(snapshot: State): Promise<void> {
    const next = this.isTrimmed ? this.trim(snapshot) : snapshot
    if (await this.writeRows(rowsBetween(this.stored, next), [])) {
      this.stored = next
      this.written = snapshot
    } else if (this.storageValue.getSnapshot() === 'FULL' && (await this.dropMessages())) await this.store(snapshot)
  }

  /**
   * There is no room for what nobody else has, as for the outbox: stored messages go, which the server has. True: something was given
   * up, and another attempt is worth it.
   */
  async makeRoom(): Promise<boolean> {
    while (this.writing) await this.writing
    if (!this.isWriter) return false
    const dropping = this.dropMessages()
    this.writing = dropping.then(() => undefined).finally(() => (this.writing = null))
    return dropping
  }

  private async dropMessages(): Promise<boolean> {
    if (this.isTrimmed) return false
    try {
      await this.options.storage.write([], ['messages'])
    } catch {
      return false
    }
    this.isTrimmed = true
    this.stored = this.written = null
    return true
  }

  private trim(state: State): State {
    const rows = [...state.timelines.entries()].map(([id, timeline]) => {
      // The same object for the same timeline: only what has changed is written.
      const trimmed = this.trimmed.get(timeline) ?? newestOf(timeline, trimmedChunks)
      this.trimmed.set(timeline, trimmed)
      return [id, trimmed] as const
    })
    return { ...state, timelines: Table.of(rows) }
  }

  private async writeRows(rows: ReturnType<typeof rowsBetween>, emptied: Parameters<ParleyStorage['write']>[1]) {
    try {
      await this.options.storage.write(rows, emptied)
      this.storageValue.set(this.isTrimmed ? 'TRIMMED' : 'KEPT')
      return true
    } catch (error) {
      this.storageValue.set(error instanceof StorageFullError ? 'FULL' : 'REFUSED')
      this.options.onStorageError?.(error)
      return false
    }
  }
}
