import {
  SyncConversationDocument,
  SyncEntriesDocument,
  SyncInboxDocument,
  SyncMembersDocument,
  SyncMessagesDocument,
  SyncSupportQueueDocument,
  type SupportStatus,
  type SyncConversationQuery,
  type SyncInboxQuery,
  type SyncMessagesQueryVariables,
} from '../generated/graphql.ts'
import { isRequestError } from '../requests/errors.ts'
import type { Requests } from '../requests/requests.ts'
import {
  applyAbsence,
  applyConversation,
  applyEntries,
  applyInboxPage,
  applyMembers,
  applyPage,
  applySupportPage,
  isStale,
  refreshFields,
  replaceConversation,
  type ConversationAnswer,
} from './apply-answer.ts'
import { pageSizes } from './pages.ts'
import type { Replica } from './replica.ts'
import { ViewerReader } from './viewer-reader.ts'
import { emptyState, type ConversationState, type Id, type State } from './state.ts'

export interface SyncOptions {
  replica: Replica
  requests: Requests
  onError?: (error: unknown) => void
}

/** Answers that were older than the copy are asked for again this often at once; after that with the next change. */
const maxRereads = 5
/** Counts that have to be asked for are asked for together. */
const gatherMs = 250
const [leastWaitMs, mostWaitMs] = [500, 30_000]

type Conversation = NonNullable<SyncConversationQuery['conversation']>

function answerOf({ members, messages, viewerEntry: entry, ...conversation }: Conversation, personalSeq: number) {
  return { conversation, entry, personalSeq, messages, members } satisfies ConversationAnswer
}

/** Reads what no event brings: the first copy, what lies before it, and what has to be read anew. */
export class Sync {
  private timer: ReturnType<typeof setTimeout> | null = null
  private isMending = false
  private isStarted = false
  private failures = 0
  private seen: State['conversations'] | undefined
  private readonly needy = new Set<Id>()
  private readonly stopWatching: () => void
  private readonly viewer: ViewerReader

  constructor(private readonly options: SyncOptions) {
    this.viewer = new ViewerReader(options)
    this.stopWatching = options.replica.state.subscribe(() => this.look())
  }

  /** From now on, as there is a connection, what is missing is read. */
  start(): void {
    this.viewer.start()
    this.isStarted = true
    this.failures = 0
    this.look()
  }

  stop(): void {
    this.viewer.stop()
    this.isStarted = false
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
  }

  close(): void {
    this.stop()
    this.stopWatching()
  }

  /** Gives the copy a position, if it has none: the feed begins there. Rejects with a RequestError. */
  async begin(): Promise<void> {
    await this.readViewer()
    if (this.options.replica.snapshot.resume === null) await this.readInboxPage(null)
  }

  readViewer(): Promise<void> {
    return this.viewer.read()
  }

  /** The feed was told SnapshotRequired: for one stream, or for all of them. */
  async snapshotRequired(streamId: Id): Promise<void> {
    const { personalId } = this.options.replica.snapshot
    if (streamId === 'ALL' || streamId === personalId) await this.readAllAnew()
    else this.look()
  }

  /** The next page of the inbox. */
  async moreInbox(): Promise<void> {
    const { inboxAfter } = this.options.replica.snapshot
    if (inboxAfter !== null) await this.readInboxPage(inboxAfter ?? null)
  }

  async moreSupport(after: string | null, status: SupportStatus | null) {
    const { replica, requests } = this.options
    const variables = { first: pageSizes.support, after, status, messages: pageSizes.inboxMessages }
    const answer = await requests.request(SyncSupportQueueDocument, variables)
    const ids = answer.supportQueue.nodes.map(({ id }) => id)
    await replica.change(ids, (state) => applySupportPage(state, answer))
    return { ids, pageInfo: answer.supportQueue.pageInfo }
  }

  /** Reads what of a support conversation changes with its messages: since when it waits, and its place in the queue. */
  async refreshSupport(id: Id): Promise<void> {
    const { replica, requests } = this.options
    const { conversation } = await requests.request(SyncConversationDocument, { id, messages: 1, members: 0 })
    if (!conversation) return
    const fields = answerOf(conversation, 0).conversation
    await replica.change([id], (state) => refreshFields(state, fields))
  }

  /** A page of messages of a conversation; what it covers is known then. */
  async readMessages(id: Id, page: Omit<SyncMessagesQueryVariables, 'id'>): Promise<void> {
    const { replica, requests } = this.options
    for (let nth = 0; nth < maxRereads; nth++) {
      const { conversation } = await requests.request(SyncMessagesDocument, { id, ...page })
      if (!conversation || !replica.snapshot.conversations.get(id)) return
      const { messages } = conversation
      if (isStale(replica.snapshot, id, messages)) continue
      await replica.change([id], (state) => applyPage(state, id, messages))
      return
    }
  }

  /** The next page of the members of a conversation. */
  async moreMembers(id: Id): Promise<void> {
    const after = this.options.replica.snapshot.conversations.get(id)?.membersAfter
    if (after !== null) await this.readMembers(id, after ?? null)
  }

  /** Reads a conversation that is not here, or takes what is new to the copy. */
  async readConversation(id: Id): Promise<void> {
    const { replica, requests } = this.options
    for (let nth = 0; nth < maxRereads; nth++) {
      const before = replica.snapshot
      const variables = { id, messages: pageSizes.messages, members: pageSizes.members }
      const { conversation, viewer } = await requests.request(SyncConversationDocument, variables)
      const answered = { isDone: false }
      await replica.change([id], (state) => {
        if (!conversation) {
          // What came meanwhile may be of a joining after this answer.
          answered.isDone = state.missed[id] === before.missed[id]
          return answered.isDone ? applyAbsence(state, id) : state
        }
        const answer = answerOf(conversation, viewer.cursor.eventSeq)
        const held = state.conversations.get(id)
        if (!held?.needs.whole) {
          const next = applyConversation(state, answer)
          answered.isDone = !!next.conversations.get(id)
          return next
        }
        // Events that came while it was read must be in it; where none came, an older position is another history.
        const came = held.cursor.eventSeq !== before.conversations.get(id)?.cursor.eventSeq
        answered.isDone = !came || conversation.cursor.eventSeq >= held.cursor.eventSeq
        return answered.isDone ? replaceConversation(state, answer) : state
      })
      if (answered.isDone) return
    }
  }

  private async readMembers(id: Id, after: string | null): Promise<void> {
    const { replica, requests } = this.options
    const { conversation } = await requests.request(SyncMembersDocument, { id, first: pageSizes.members, after })
    if (!conversation) return
    await replica.change([id], (state) => applyMembers(state, id, conversation.members, after === null))
  }

  private async readInboxPage(after: string | null): Promise<void> {
    const answer = await this.inboxPage(after)
    const ids = answer.inbox.nodes.map(({ conversation }) => conversation.id)
    await this.options.replica.change(ids, (state) => applyInboxPage(state, answer))
  }

  private inboxPage(after: string | null): Promise<SyncInboxQuery> {
    const variables = { first: pageSizes.inbox, after, filter: 'ALL' as const, messages: pageSizes.inboxMessages }
    return this.options.requests.request(SyncInboxDocument, variables)
  }

  /** The history is another one, as after a restored backup: nothing of the copy counts. */
  private async readAllAnew(): Promise<void> {
    const { replica } = this.options
    const before = replica.snapshot
    const answer = await this.inboxPage(null)
    const ids = [...before.conversations.entries()].map(([id]) => id)
    await replica.change(ids, (state) => {
      const { viewerId, viewer, resume, supportResume } = state
      const empty = applyInboxPage({ ...emptyState(viewerId), viewer, supportResume }, answer)
      // What came while it was read has to be in what is kept.
      const missed = Object.fromEntries(
        [...state.conversations.entries()]
          .filter(([id, { cursor }]) => cursor.eventSeq !== before.conversations.get(id)?.cursor.eventSeq)
          .map(([id, { cursor }]) => [id, { eventSeq: cursor.eventSeq, personalSeq: 0 }] as const),
      )
      const behind = Object.entries(missed).filter(
        ([id, { eventSeq }]) => (empty.conversations.get(id)?.cursor.eventSeq ?? 0) < eventSeq,
      )
      return {
        ...behind.reduce((next, [id]) => applyAbsence(next, id), empty),
        missed: Object.fromEntries(behind),
        resume: resume === before.resume ? empty.resume : resume,
      }
    })
  }

  private look(): void {
    const { snapshot } = this.options.replica
    if (this.isStarted && this.isNeedy(snapshot)) this.schedule(Object.keys(snapshot.missed).length > 0 ? 0 : gatherMs)
  }

  private schedule(waitMs: number): void {
    if (!this.isStarted || this.isMending || this.timer) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.isMending = true
      void this.mend().then((nextMs) => {
        this.isMending = false
        if (nextMs !== null) this.schedule(nextMs)
      })
    }, waitMs)
  }

  /** Reads what is needed; milliseconds until it has to be called again, or null. */
  private async mend(): Promise<number | null> {
    const before = this.options.replica.snapshot
    try {
      await this.mendOnce(before)
      const { snapshot } = this.options.replica
      this.failures = snapshot === before ? this.failures + 1 : 0
      if (!this.isNeedy(snapshot)) return null
      return this.failures === 0 ? gatherMs : this.backoffMs()
    } catch (error) {
      this.options.onError?.(error)
      if (!isRequestError(error) || !error.retryable) return null
      this.failures++
      return Math.max(error.retryAfterMs ?? 0, this.backoffMs())
    }
  }

  private backoffMs(): number {
    return Math.min(mostWaitMs, leastWaitMs * 2 ** (this.failures - 1)) * (0.5 + Math.random())
  }

  private async mendOnce(state: State): Promise<void> {
    const { replica, requests } = this.options
    this.note(state)
    for (const id of Object.keys(state.missed)) await this.readConversation(id)
    const needing = [...this.needy].map((id) => state.conversations.get(id)).filter((one) => one !== undefined)
    for (const { id, needs } of needing) {
      if (needs.whole) await this.readConversation(id)
      else if (needs.members) await this.readMembers(id, null)
    }
    const entries = needing.flatMap(({ needs, entry }) => (needs.entry && !needs.whole && entry ? [entry.id] : []))
    for (let at = 0; at < entries.length; at += 100) {
      const answer = await requests.request(SyncEntriesDocument, { ids: entries.slice(at, at + 100) })
      const ids = answer.nodes.flatMap((node) => (node?.__typename === 'InboxEntry' ? [node.conversation.id] : []))
      await replica.change(ids, (current) => applyEntries(current, answer))
    }
    if (typeof replica.snapshot.inboxAfter === 'string') await this.moreInbox()
    if (this.viewer.isBehind(replica.snapshot)) await this.viewer.moreBlocked()
  }

  /** Remembers which conversations have needs: only what has changed is looked at. */
  private note({ conversations }: State): void {
    for (const [id, conversation] of conversations.changesSince(this.seen)) {
      if (conversation && isNeedyOne(conversation)) this.needy.add(id)
      else this.needy.delete(id)
    }
    this.seen = conversations
  }

  private isNeedy(state: State): boolean {
    this.note(state)
    if (this.needy.size > 0 || Object.keys(state.missed).length > 0) return true
    return typeof state.inboxAfter === 'string' || this.viewer.isBehind(state)
  }
}

const isNeedyOne = ({ needs }: ConversationState) => needs.entry || needs.members || needs.whole
