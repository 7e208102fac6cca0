import { timeMs } from '../../clock.ts'
import type { Append } from '../../log/append.ts'
import type {
  ConversationStore,
  InboxPageRows,
  InboxPosition,
  InboxRequest,
  InboxRow,
} from '../../store/conversations.ts'
import type { OutcomeOf } from '../../store/writing/outcomes.ts'
import { isStaff } from '../conversations/access.ts'
import { NotFoundError } from '../errors.ts'
import type { Head } from '../horizon.ts'
import { isUuid } from '../ids.ts'
import type { Loaders } from '../loaders.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage, type PageArgs, type PageOf } from '../page.ts'
import { byStreamId } from '../../log/resume-point.ts'
import type { Viewer } from '../viewer.ts'
import { isInvitation, shownToInvited } from './requests.ts'
import type { ResumeTokens } from './resume-token.ts'

export interface CursorAdvanced {
  outcome: 'ADVANCED' | 'UNCHANGED'
  lastReadSeq: number
  lastDeliveredSeq: number
  unreadCount: number
}

export interface EntryChange {
  conversationId: string
  /** Undefined leaves it as it is; null ends the muting. */
  mutedUntil?: Date | null
  archived: boolean | null
  pinned: boolean | null
  unreadFromSeq: number | null
}

export interface InboxPage extends PageOf<InboxRow> {
  /** Head of the personal stream in the snapshot of the page. */
  viewerHead: Head
  /** Makes a resume token: a subscription from there misses nothing of any conversation after the reads of this answer. */
  resume: () => Promise<string>
}

/**
 * Returns refusals that a client must expect. Every method rejects with UNAVAILABLE when the database does not answer in
 * time.
 */
export interface Inbox {
  /** Rejects with VALIDATION_ERROR for an invalid size or cursor. */
  page(viewer: Viewer, filter: InboxRequest['filter'], args: PageArgs, loaders: Loaders): Promise<InboxPage>
  /** By staff who are not a member, it counts as read by the staff. */
  markRead(viewer: Viewer, conversationId: string, seq: number): Promise<CursorAdvanced | NotFoundError>
  markDelivered(viewer: Viewer, conversationId: string, seq: number): Promise<CursorAdvanced | NotFoundError>
  /** `seqs` by conversation. Skips conversations that the viewer has left meanwhile. */
  markAllDelivered(viewer: Viewer, seqs: ReadonlyMap<string, number>): Promise<void>
  /**
   * Marks what all conversations of the viewer hold now, or held at `before`, as read. Returns how many changed. What one
   * request did not come to, because it failed, another one does.
   */
  markAllRead(viewer: Viewer, before: Date | null): Promise<number>
  updateEntry(viewer: Viewer, change: EntryChange): Promise<undefined | NotFoundError>
  /**
   * Takes a conversation out of the inbox until the next message: the next after `upToSeq`, or after this moment when that is
   * null. Returns its id.
   */
  hide(
    viewer: Viewer,
    conversationId: string,
    what: { clearHistory: boolean; upToSeq: number | null },
  ): Promise<string | NotFoundError>
}

const words = { notFound: 'There is no such conversation here.' }
const limits = { defaultSize: 25, maxSize: 100 }

/** Conversations that one statement lists, and that one marks as read: their rows are locked until it ends. */
const behindBatchSize = 5_000
const markBatchSize = 50

/** For how long pages stay in the order of the first one: what moved since is looked up for each page. */
const stableForMs = 15 * 60_000

/** `asOfMs` is 0 in cursors of pages that were not read from the beginning. */
const positionOf = (parts: unknown[]): Required<InboxPosition> | null => {
  const [pinned, lastActivityAtMs, conversationId, asOfMs] = parts
  const isPosition =
    typeof pinned === 'boolean' &&
    isMomentMs(lastActivityAtMs) &&
    typeof conversationId === 'string' &&
    isUuid(conversationId) &&
    isMomentMs(asOfMs)
  return isPosition ? { pinned, lastActivityAtMs, conversationId, asOfMs } : null
}

/** Where to read on, without a moment that there is none of, or that is too long ago. */
const readOnFrom = ({ asOfMs, ...place }: Required<InboxPosition>): InboxPosition =>
  asOfMs > timeMs() - stableForMs ? { ...place, asOfMs } : place

/** Of groups that the viewer is only invited to the page shows nothing more than their names; `members` has the other entries. */
function withoutInsides({ entries, ...page }: InboxPageRows) {
  const members = entries.filter((entry) => !isInvitation(entry))
  if (members.length === entries.length) return { ...page, entries, members }
  const shown = entries.map((entry) =>
    isInvitation(entry) ? { ...entry, conversation: shownToInvited(entry.conversation) } : entry,
  )
  return { ...page, entries: shown, members }
}

/** The next uuid in PostgreSQL's order, or the one before it. */
function neighbourOf(id: string, step: 1n | -1n): string {
  const number = BigInt.asUintN(128, BigInt(`0x${id.replaceAll('-', '')}`) + step)
  return number
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export function createInbox(append: Append, conversations: ConversationStore, tokens: ResumeTokens): Inbox {
  const advanced = (answer: OutcomeOf<'advanceCursor'>) => {
    if (isRefused(answer)) return refusalOf(answer, words)
    const { outcome, lastReadSeq, lastDeliveredSeq, unreadCount } = answer
    return { outcome, lastReadSeq, lastDeliveredSeq, unreadCount }
  }
  const advance = async (
    { userId: actorId }: Viewer,
    conversationId: string,
    readSeq: number,
    deliveredSeq: number,
  ) => {
    return advanced(await append({ type: 'advanceCursor', actorId, conversationId, readSeq, deliveredSeq }))
  }
  return {
    async page(viewer, filter, args, loaders) {
      const page = checkPage(args, limits)
      loaders.basis?.inbox(viewer.userId)
      const after = page.after === null ? null : decodeCursor('inbox', 'after', page.after, positionOf)
      const before = page.before === null ? null : decodeCursor('inbox', 'before', page.before, positionOf)
      // How far back the order is still known depends on the time; an invitation ends by what happens where the viewer is no member.
      if (after || before || filter === 'REQUESTS') loaders.basis?.open()
      // The first page of all entries, which can be told by parts.
      const isPlain = !after && !before && !page.backward && ['ACTIVE', 'ARCHIVED', 'ALL'].includes(filter)
      const wanted = loaders.basis?.wanted
      const request: InboxRequest = {
        ...(isPlain && wanted?.of === 'inbox' && { among: wanted.conversationIds }),
        viewerId: viewer.userId,
        filter,
        after: after && readOnFrom(after),
        before: before && { ...before, asOfMs: undefined },
        backward: page.backward,
        limit: page.size + 1,
      }
      const { entries, members, people, viewerHead, watermark, readAt } = await loaders.horizon.track(
        conversations.inbox(request).then(withoutInsides),
        (read) => {
          loaders.horizon.note(viewer.userId, read.viewerHead)
          for (const { conversation } of read.members) {
            loaders.horizon.note(conversation.id, conversation)
            loaders.history.note(conversation.id, conversation.historyBoundSeq)
          }
        },
      )
      if (loaders.basis && isPlain) {
        const places = entries.slice(0, page.size).map(({ member, conversation, activityAt }) => {
          return { conversationId: conversation.id, pinned: member.pinned, activityAtMs: activityAt.getTime() }
        })
        loaders.basis.list = { of: 'inbox', places, size: page.size, hasMore: entries.length > page.size }
      }
      // The statement also read each conversation's newest message, and the people. Resolvers find them in the loaders.
      for (const user of people) loaders.user.prime(user.id, user)
      for (const { conversation, lastMessage } of members) {
        if (lastMessage) loaders.message.prime({ conversationId: conversation.id, seq: lastMessage.seq }, lastMessage)
      }
      for (const entry of members) {
        loaders.entry.prime({ viewerId: viewer.userId, conversationId: entry.conversation.id }, entry)
        loaders.conversation.prime(entry.conversation.id, entry.conversation)
      }
      const isBehind = async () => {
        const { after, before, backward } = request
        // In the other direction from the cursor, with the cursor's own place included.
        const from = backward
          ? { after: before && { ...before, conversationId: neighbourOf(before.conversationId, 1n) }, before: null }
          : { after: null, before: after && { ...after, conversationId: neighbourOf(after.conversationId, -1n) } }
        const behind = await conversations.inbox({ ...request, ...from, backward: !backward, limit: 1 })
        return behind.entries.length > 0
      }
      // The moment of the first page. Not before what it shows, and a bit earlier than the read: what is committed late has a
      // time before that, too.
      const newest = () => Math.max(readAt.getTime() - 1_000, ...entries.map(({ activityAt }) => activityAt.getTime()))
      const asOfMs = (after ?? before)?.asOfMs ?? (page.backward ? 0 : newest())
      const cursorOf = ({ member, conversation, activityAt }: InboxRow) =>
        encodeCursor('inbox', [member.pinned, activityAt.getTime(), conversation.id, asOfMs])
      const rows = toPage<InboxRow>(entries, page, cursorOf, isBehind)
      const heads = new Map<string, Head>(members.map(({ conversation }) => [conversation.id, conversation]))
      heads.set(viewer.userId, viewerHead)
      const resume = async () => {
        // Other statements of the answer may have seen an older or a newer head of a stream than the page did.
        const places = [...(await loaders.horizon.places())].filter(
          ([streamId, { headEventSeq }]) => heads.get(streamId)?.headEventSeq !== headEventSeq,
        )
        const exceptions = places.map(([streamId, { headEventSeq: seq, headMark: mark }]) => ({ streamId, seq, mark }))
        return tokens.encode({ base: watermark, sweep: null, exceptions: exceptions.sort(byStreamId) }, viewer.userId)
      }
      return { ...rows, viewerHead, resume }
    },
    async markRead(viewer, conversationId, seq) {
      const read = await advance(viewer, conversationId, seq, 0)
      if (!(read instanceof NotFoundError) || !isStaff(viewer)) return read
      const command = { actorId: viewer.userId, conversationId, readSeq: seq } as const
      return advanced(await append({ type: 'readSupport', ...command }))
    },
    markDelivered: (viewer, conversationId, seq) => advance(viewer, conversationId, 0, seq),
    async markAllDelivered(viewer, seqs) {
      // One after the other: a device that was away for long has many, and other requests wait for the database.
      for (const [conversationId, seq] of seqs) await advance(viewer, conversationId, 0, seq)
    },
    async markAllRead({ userId: actorId }, before) {
      // All at the beginning, so that nothing is marked that comes while the others are.
      const behind: Awaited<ReturnType<typeof conversations.behind>> = []
      for (;;) {
        const more = await conversations.behind(actorId, behind.at(-1)?.conversationId ?? null, behindBatchSize)
        behind.push(...more)
        if (more.length < behindBatchSize) break
      }
      let changedCount = 0
      for (let start = 0; start < behind.length; start += markBatchSize) {
        const batch = behind.slice(start, start + markBatchSize)
        const conversationIds = batch.map(({ conversationId }) => conversationId)
        const seqs = batch.map(({ headSeq }) => headSeq)
        const { changed, left } = await append({ type: 'markReadIn', actorId, conversationIds, seqs, before })
        changedCount += changed
        // Alone it waits for whoever has the row.
        for (const { conversationId, seq } of left) {
          const advanced = await append({
            type: 'advanceCursor',
            actorId,
            conversationId,
            readSeq: seq,
            deliveredSeq: 0,
          })
          if (advanced.outcome === 'ADVANCED') changedCount++
        }
      }
      return changedCount
    },
    async updateEntry({ userId: actorId }, { mutedUntil, ...change }) {
      const setMuted = mutedUntil !== undefined
      const muting = { setMuted, mutedUntil: mutedUntil ?? null }
      const updated = await append({ type: 'updateEntry', actorId, ...change, ...muting })
      return isRefused(updated) ? refusalOf(updated, words) : undefined
    },
    async hide({ userId: actorId }, conversationId, what) {
      const hidden = await append({ type: 'hideConversation', actorId, conversationId, ...what })
      return isRefused(hidden) ? refusalOf(hidden, words) : conversationId
    },
  }
}
