import { BlockUserDocument, SetTypingDocument, type InboxFilter, type SupportStatus } from '../generated/graphql.ts'
import { keyOfPending, type Operation } from '../outbox/operations.ts'
import { Outbox, type OutboxChange } from '../outbox/outbox.ts'
import { OutboxRows } from '../outbox/outbox-rows.ts'
import { overlaid, type OverlayCache } from '../outbox/overlay.ts'
import type { TransmitOptions } from '../outbox/transmit.ts'
import { withBlock } from '../replica/blocks.ts'
import type { Replica } from '../replica/replica.ts'
import { timelineOf, type Id, type State, type ViewerState } from '../replica/state.ts'
import type { Sync } from '../replica/sync.ts'
import { messagesOf } from '../replica/timeline.ts'
import { refusalOf, type Refusal } from '../requests/refusal.ts'
import type { Requests } from '../requests/requests.ts'
import type { ParleyStorage } from '../storage/storage.ts'
import { blockedStore, sessionsStore, type BlockedSnapshot, type Sessions } from './account.ts'
import { derived } from './derived.ts'
import { inboxStore, unreadStore, type InboxSnapshot, type Unread } from './inbox.ts'
import { membersStore, presenceStore, receiptsStore, typingStore, type Subscriber } from './people.ts'
import type { Store } from './store.ts'
import { supportQueueStore, type SupportQueue } from './support.ts'
import { timelineStore, type Timeline } from './timeline.ts'

export interface ChatOptions {
  requests: Requests
  storage: ParleyStorage
  connection: Subscriber
  replica: Replica
  sync: Sync
  put?: TransmitOptions['put']
  onOutboxChange?: (changes: readonly OutboxChange[]) => void
  onDiagnostics?: (what: string, detail: object) => void
}

export interface OutgoingMessage {
  conversationId: Id
  text?: string | null
  replyToId?: Id | null
  mentionIds?: Id[]
  mentionEveryone?: boolean
  /** Up to ten; a File has a name and a type of its own. */
  files?: readonly (Blob & { name?: string })[]
}

/** A message that is here, or one that is not sent yet, by its id. */
export interface Target {
  conversationId: Id
  messageId: Id
}

/** A person who types says so this often. */
const typingEveryMs = 3_000

/** All stores of a client, and what a person does: it is shown at once and goes through the outbox. */
export class Chat {
  readonly outbox: Outbox
  /** The copy, with what the person has done and the server has not confirmed yet. */
  readonly shown: Store<State>
  readonly viewer: Store<ViewerState | null>
  readonly unread: Store<Unread>
  readonly blocked: Store<BlockedSnapshot>
  readonly sessions: Sessions
  private readonly stores = new Map<string, unknown>()
  private readonly typingSaid = new Map<Id, number>()
  private lastOrder = 0

  constructor(private readonly options: ChatOptions) {
    const { replica, requests, storage, put, onOutboxChange: onChange, onDiagnostics } = options
    const onError = (error: unknown) => onDiagnostics?.('OUTBOX_NOT_STORED', { error })
    const more = { ...(put && { put }), ...(onChange && { onChange }), ...(onDiagnostics && { onDiagnostics }) }
    this.outbox = new Outbox({
      replica,
      requests,
      rows: new OutboxRows(storage, onError, () => replica.makeRoom()),
      ...more,
    })
    const cache: OverlayCache = new Map()
    this.shown = derived([replica.state, this.outbox.operations], (_, state, all) => overlaid(state, all, cache))
    this.viewer = derived([this.shown], (_, { viewer }) => viewer)
    this.unread = unreadStore(this.shown)
    this.blocked = blockedStore(this.shown)
    this.sessions = sessionsStore(requests)
  }

  inbox({ filter = 'ACTIVE' }: { filter?: InboxFilter } = {}): Store<InboxSnapshot> & {
    readonly loadMore: () => Promise<void>
  } {
    return this.once(`inbox ${filter}`, () => ({
      ...inboxStore(this.shown, filter),
      loadMore: () => this.options.sync.moreInbox(),
    }))
  }

  timeline(id: Id): Timeline {
    const { replica, sync } = this.options
    const operations = this.outbox.operations
    return this.once(`timeline ${id}`, () => timelineStore(id, { replica, sync, shown: this.shown, operations }))
  }

  members(id: Id) {
    const loadMore = () => this.options.sync.moreMembers(id)
    return this.once(`members ${id}`, () => ({ ...membersStore(this.shown, id), loadMore }))
  }

  receipts(id: Id) {
    return this.once(`receipts ${id}`, () => receiptsStore(this.shown, id))
  }

  typing(id: Id) {
    return this.once(`typing ${id}`, () => typingStore(this.options.connection, id))
  }

  presence(userIds: readonly Id[]) {
    const ids = [...new Set(userIds)].sort()
    return this.once(`presence ${ids.join(' ')}`, () => presenceStore(this.options.connection, ids))
  }

  supportQueue({ status = null }: { status?: SupportStatus | null } = {}): SupportQueue {
    return this.once(`support ${String(status)}`, () =>
      supportQueueStore({ ...this.options, shown: this.shown }, status),
    )
  }

  /** In the timeline at once. Resolves when it is kept on this device; the outbox says what becomes of it. */
  async send(message: OutgoingMessage): Promise<{ clientMessageId: string }> {
    const { conversationId, text = null, replyToId, mentionIds = [], mentionEveryone = false, files = [] } = message
    const headSeq = this.options.replica.snapshot.conversations.get(conversationId)?.headSeq ?? 0
    const seq = replyToId == null ? null : this.seqOf(conversationId, replyToId)
    const common = this.common(conversationId)
    const operation: Operation = {
      ...common,
      kind: 'SEND',
      text,
      replyTo: replyToId == null ? null : { id: replyToId, seq: seq ?? 0 },
      mentionIds,
      mentionEveryone,
      files: files.map((file) => ({
        fileName: file.name ?? 'file',
        contentType: file.type || 'application/octet-stream',
        byteSize: file.size,
        attachmentId: null,
      })),
      sinceSeq: headSeq,
      message: null,
    }
    await this.outbox.add(operation, files)
    return { clientMessageId: common.key }
  }

  /** A message that is not sent yet is changed where it waits. */
  async edit(target: Target & { text: string; mentionIds?: Id[]; expectedRevision?: number }): Promise<void> {
    const { conversationId, messageId, text, mentionIds = null, expectedRevision = null } = target
    const pendingKey = keyOfPending(messageId)
    if (pendingKey !== null && this.outbox.find(pendingKey)?.state === 'REFUSED')
      return this.retry(pendingKey, { text })
    const on = { messageId, seq: this.seqOf(conversationId, messageId) }
    await this.outbox.add({ ...this.common(conversationId), ...on, kind: 'EDIT', text, mentionIds, expectedRevision })
  }

  async delete({ conversationId, messageId }: Target): Promise<void> {
    const pendingKey = keyOfPending(messageId)
    const pending = pendingKey === null ? undefined : this.outbox.find(pendingKey)
    if (pending?.state === 'REFUSED' || (pending?.state === 'WAITING' && pending.attempts === 0))
      return this.drop(pending.key)
    const on = { messageId, seq: this.seqOf(conversationId, messageId) }
    await this.outbox.add({ ...this.common(conversationId), ...on, kind: 'DELETE' })
  }

  async react({ conversationId, messageId, emoji, on }: Target & { emoji: string; on: boolean }): Promise<void> {
    const seq = this.seqOf(conversationId, messageId)
    await this.outbox.add({ ...this.common(conversationId), messageId, seq, kind: 'REACT', emoji, on })
  }

  /** Up to this message, or all of them. Reading again what is read does nothing. */
  async markRead(conversationId: Id, seq?: number): Promise<void> {
    const conversation = this.shown.getSnapshot().conversations.get(conversationId)
    const upTo = Math.min(seq ?? Infinity, conversation?.headSeq ?? seq ?? 0)
    if (upTo === 0 || upTo <= (conversation?.entry?.lastReadSeq ?? 0)) return
    await this.outbox.add({ ...this.common(conversationId), kind: 'READ', seq: upTo })
  }

  /** Call it at each key: the server is told every 3 s at the most. Lost where there is no connection. */
  async setTyping(conversationId: Id, typing: boolean): Promise<void> {
    const said = this.typingSaid.get(conversationId) ?? -Infinity
    const nowMs = Date.now()
    if (typing ? nowMs - said < typingEveryMs : said === -Infinity) return
    if (typing) this.typingSaid.set(conversationId, nowMs)
    else this.typingSaid.delete(conversationId)
    await this.options.requests.request(SetTypingDocument, { input: { conversationId, typing } }).catch(() => undefined)
  }

  /**
   * Blocks a person: between the two nothing is sent any more. Not by the outbox, as it changes what may be sent. Null: done; repeated,
   * it changes nothing. Rejects with a RequestError.
   */
  block(userId: Id): Promise<Refusal | null> {
    return this.setBlocked(userId, true)
  }

  unblock(userId: Id): Promise<Refusal | null> {
    return this.setBlocked(userId, false)
  }

  private async setBlocked(userId: Id, blocked: boolean): Promise<Refusal | null> {
    const { requests, replica } = this.options
    const { blockUser } = await requests.request(BlockUserDocument, { input: { userId, blocked } })
    if (!('user' in blockUser)) return refusalOf(blockUser)
    const { user } = blockUser
    await replica.change([], (state) => ({ ...state, blocks: withBlock(state.blocks, user, blocked) }))
    return null
  }

  retry(key: string, changes: { text?: string } = {}): Promise<void> {
    return this.outbox.retry(key, changes, changes.text === undefined ? undefined : crypto.randomUUID())
  }

  drop(key: string): Promise<void> {
    return this.outbox.drop(key)
  }

  private common(conversationId: Id) {
    // Two in one millisecond have an order too, also when another tab writes.
    this.lastOrder = Math.max(Date.now(), this.lastOrder + 0.001)
    return {
      key: crypto.randomUUID() as string,
      viewerId: this.options.replica.snapshot.viewerId,
      conversationId,
      order: this.lastOrder,
      createdAt: new Date().toISOString(),
      attempts: 0,
      state: 'WAITING' as const,
      refusal: null,
      ack: null,
    }
  }

  private seqOf(conversationId: Id, messageId: Id): number | null {
    for (const { id, seq } of messagesOf(timelineOf(this.options.replica.snapshot, conversationId))) {
      if (id === messageId) return seq
    }
    return null
  }

  private once<T>(key: string, make: () => T): T {
    const known = this.stores.get(key) as T | undefined
    if (known !== undefined) return known
    const made = make()
    this.stores.set(key, made)
    return made
  }
}
