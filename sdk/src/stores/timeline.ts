import { pendingMessage } from '../outbox/overlay.ts'
import type { Operation, SendOperation } from '../outbox/operations.ts'
import { messageCursor, pageSizes } from '../replica/pages.ts'
import type { Replica } from '../replica/replica.ts'
import { timelineOf, type ConversationState, type Id, type MessageState, type State } from '../replica/state.ts'
import type { Sync } from '../replica/sync.ts'
import { covers, messageAt, type TimelineState } from '../replica/timeline.ts'
import { derived, sameList } from './derived.ts'
import { Value, type Store } from './store.ts'

export type Delivery = 'PENDING' | 'REFUSED' | 'SENT' | 'DELIVERED' | 'READ'

export interface MessageItem {
  kind: 'message'
  /** The same from the moment the message is written until it comes back from the server. */
  key: string
  message: MessageState
  /** Of the viewer's own messages; null for those of others. */
  delivery: Delivery | null
  /** Why it was refused. */
  reason: string | null
  /** Of a message that is not sent: for retry and drop. */
  opKey: string | null
  /** What it answers, where that is known. */
  replyTo: MessageState | null
  /** The viewer has blocked its sender: a client does not show it by itself. */
  isBlocked: boolean
}

/** Messages that are not here. */
export interface GapItem {
  kind: 'gap'
  key: string
  fromSeq: number
  /** Messages before this one are missing. */
  beforeSeq: number
}

export type TimelineItem = MessageItem | GapItem

export interface TimelineSnapshot {
  /** Null until it is read, and when the viewer may not see it. */
  conversation: ConversationState | null
  /** Oldest first. */
  items: readonly TimelineItem[]
  /** There are older messages than the first. */
  hasOlder: boolean
  /** There are messages between those that were jumped to and the newest. */
  hasNewer: boolean
  isLoading: boolean
  /** Why the last reading failed. */
  error: unknown
}

export interface Timeline extends Store<TimelineSnapshot> {
  readonly loadOlder: () => Promise<void>
  /** Fills the first gap after the oldest messages that are here. */
  readonly loadNewer: () => Promise<void>
  /** Fills a gap from its newer end. */
  readonly loadGap: (beforeSeq: number) => Promise<void>
  /** Reads the messages around this one, if they are not here. */
  readonly jumpTo: (seq: number) => Promise<void>
}

export interface TimelineOptions {
  replica: Replica
  sync: Sync
  shown: Store<State>
  operations: Store<readonly Operation[]>
}

function deliveryOf(
  { seq, sender }: MessageState,
  { readByAllSeq, deliveredToAllSeq }: ConversationState,
  viewerId: Id,
) {
  if (sender.id !== viewerId) return null
  return seq <= readByAllSeq ? 'READ' : seq <= deliveredToAllSeq ? 'DELIVERED' : 'SENT'
}

/** Items are kept by their message, and made anew where something else of them has changed. */
class Items {
  private known = new WeakMap<MessageState, MessageItem>()
  private gaps = new Map<string, GapItem>()

  message(message: MessageState, more: Omit<MessageItem, 'kind' | 'key' | 'message'>): MessageItem {
    const before = this.known.get(message)
    const isSame =
      before?.delivery === more.delivery &&
      before.reason === more.reason &&
      before.opKey === more.opKey &&
      before.isBlocked === more.isBlocked &&
      before.replyTo === more.replyTo
    if (isSame) return before
    const item: MessageItem = { kind: 'message', key: message.clientMessageId ?? message.id, message, ...more }
    this.known.set(message, item)
    return item
  }

  gap(fromSeq: number, beforeSeq: number): GapItem {
    const key = `gap ${fromSeq} ${beforeSeq}`
    const item = this.gaps.get(key) ?? { kind: 'gap', key, fromSeq, beforeSeq }
    this.gaps.set(key, item)
    return item
  }
}

interface Pending {
  operation: Operation
  message: MessageState
}

/** The pending messages of a conversation, each the same object until it changes. */
function pendingOf(operations: readonly Operation[], id: Id, state: State, previous: readonly Pending[]): Pending[] {
  const own = operations.filter(({ conversationId }) => conversationId === id)
  return own
    .filter((one): one is SendOperation => one.kind === 'SEND')
    .flatMap((operation) => {
      const message = pendingMessage(operation, own, state)
      if (!message) return []
      const before = previous.find((one) => one.operation === operation)
      return [before && JSON.stringify(before.message) === JSON.stringify(message) ? before : { operation, message }]
    })
}

export function timelineStore(id: Id, { replica, sync, shown, operations }: TimelineOptions): Timeline {
  const items = new Items()
  const reading = new Value<{ isLoading: boolean; error: unknown }>({ isLoading: false, error: null })
  let pending: readonly Pending[] = []

  function itemsOf(state: State, timeline: TimelineState, conversation: ConversationState): TimelineItem[] {
    const list: TimelineItem[] = []
    const blocked = new Set(state.blocks.users.map((user) => user.id))
    let next: number | null = null
    for (const [from, to] of timeline.ranges) {
      if (next !== null && next < from) list.push(items.gap(next, from))
      for (let seq = from; seq <= to; seq++) {
        const message = messageAt(timeline, seq)
        if (!message) continue
        const replyTo = message.replyTo && messageAt(timeline, message.replyTo.seq)
        const delivery = deliveryOf(message, conversation, state.viewerId)
        const isBlocked = blocked.has(message.sender.id)
        list.push(items.message(message, { delivery, reason: null, opKey: null, replyTo, isBlocked }))
      }
      next = to + 1
    }
    if (next !== null && next <= conversation.headSeq) list.push(items.gap(next, conversation.headSeq + 1))
    return list
  }

  const store = derived(
    [shown, operations, reading],
    (previous: TimelineSnapshot | undefined, state, all, { isLoading, error }) => {
      const conversation = state.conversations.get(id) ?? null
      const timeline = timelineOf(state, id)
      const list = conversation ? itemsOf(state, timeline, conversation) : []
      pending = pendingOf(all, id, state, pending)
      for (const { operation, message } of pending) {
        const { state: at, refusal, key } = operation
        const delivery = at === 'REFUSED' ? 'REFUSED' : at === 'ACKNOWLEDGED' ? 'SENT' : 'PENDING'
        const replyTo = message.replyTo && messageAt(timeline, message.replyTo.seq)
        const opKey = at === 'ACKNOWLEDGED' ? null : key
        list.push(
          items.message(message, { delivery, reason: refusal?.reason ?? null, opKey, replyTo, isBlocked: false }),
        )
      }
      const shownFrom = (conversation?.entry?.historyFromSeq ?? 0) + 1
      const { ranges } = timeline
      const hasOlder = ranges[0] ? ranges[0][0] > shownFrom : (conversation?.headSeq ?? 0) >= shownFrom
      const hasNewer = ranges.length > 1 || (ranges[0]?.[1] ?? Infinity) < (conversation?.headSeq ?? 0)
      const next = { conversation, items: sameList(previous?.items, list), hasOlder, hasNewer, isLoading, error }
      const isSame =
        previous && (Object.keys(next) as (keyof TimelineSnapshot)[]).every((name) => next[name] === previous[name])
      return isSame ? previous : next
    },
  )

  async function read(page: Parameters<Sync['readMessages']>[1] | null): Promise<void> {
    reading.set({ isLoading: true, error: null })
    try {
      await replica.load(id)
      if (!replica.snapshot.conversations.get(id)) await sync.readConversation(id)
      else if (page) await sync.readMessages(id, page)
      reading.set({ isLoading: false, error: null })
    } catch (error) {
      reading.set({ isLoading: false, error })
      throw error
    }
  }

  /** Who looks first has the stored messages read, and those of the server where none are stored. */
  async function begin(): Promise<void> {
    await replica.load(id)
    const { snapshot } = replica
    const conversation = snapshot.conversations.get(id)
    const { headSeq = 0 } = conversation ?? {}
    const hasNewest = headSeq === 0 || covers(timelineOf(snapshot, id), headSeq, headSeq)
    if (!conversation || !hasNewest) await read({ last: pageSizes.messages })
    if (replica.snapshot.conversations.get(id)?.membersAfter === undefined) await sync.moreMembers(id)
  }

  const ranges = () => timelineOf(replica.snapshot, id).ranges
  const last = pageSizes.messages
  let hasBegun = false
  return {
    getSnapshot: store.getSnapshot,
    subscribe(changed) {
      if (!hasBegun) {
        hasBegun = true
        // Without a connection it shows what is here; the error is in the snapshot.
        begin().catch(() => (hasBegun = false))
      }
      return store.subscribe(changed)
    },
    async loadOlder() {
      await replica.load(id)
      const first = ranges()[0]
      if (!first) return read({ last })
      if (store.getSnapshot().hasOlder) await read({ last, before: messageCursor(first[0]) })
    },
    async loadNewer() {
      const end = ranges()[0]?.[1]
      if (end !== undefined && store.getSnapshot().hasNewer) await read({ first: last, after: messageCursor(end) })
    },
    loadGap: (beforeSeq) => read({ last, before: messageCursor(beforeSeq) }),
    async jumpTo(seq) {
      await replica.load(id)
      if (covers(timelineOf(replica.snapshot, id), seq, seq)) return
      const half = Math.floor(pageSizes.messages / 2)
      await read({ last: half, before: messageCursor(seq + 1) })
      const end = ranges().find(([from, to]) => from <= seq && seq <= to)?.[1]
      if (end === seq && end < (replica.snapshot.conversations.get(id)?.headSeq ?? 0)) {
        await read({ first: half, after: messageCursor(seq) })
      }
    },
  }
}
