import type { Append } from '../../log/append.ts'
import { deskStreamId } from '../../log/desk/desk-stream.ts'
import { byStreamId } from '../../log/resume-point.ts'
import type { EntryRow, SupportCase, SupportStatus } from '../../store/rows.ts'
import type { Head, QueuePosition, QueueRow, SupportStore } from '../../store/support.ts'
import { supportResolved } from '../../telemetry/facts.ts'
import { accessOf, isStaff } from '../conversations/access.ts'
import { ForbiddenError, type NotFoundError, type OpKeyReusedError, type ValidationError } from '../errors.ts'
import { isUuid, newId } from '../ids.ts'
import type { ResumeTokens } from '../inbox/resume-token.ts'
import type { Loaders } from '../loaders.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage, type PageArgs, type PageOf } from '../page.ts'
import type { Viewer } from '../viewer.ts'

export interface QueuePage extends PageOf<QueueRow> {
  /** Makes a resume token: supportEvents from there misses nothing after the reads of this answer. */
  resume: () => Promise<string>
}

/**
 * The support desk. Methods return the conversation's id or a refusal that a client must expect. They reject with FORBIDDEN
 * what is for staff alone, and with UNAVAILABLE when the database does not answer in time.
 */
export interface Support {
  /** For those who are not staff. */
  open(viewer: Viewer, input: { title: string | null; opKey: string }): Promise<string | OpKeyReusedError>
  queue(viewer: Viewer, status: SupportStatus | null, args: PageArgs, loaders: Loaders): Promise<QueuePage>
  /** `assigneeId` null: nobody is responsible. */
  assign(
    viewer: Viewer,
    conversationId: string,
    assigneeId: string | null,
  ): Promise<string | NotFoundError | ForbiddenError | ValidationError>
  setStatus(
    viewer: Viewer,
    conversationId: string,
    status: SupportStatus,
    upToSeq: number | null,
  ): Promise<string | NotFoundError | ForbiddenError>
  /** For staff the conversations that wait for somebody to read them, for others their own with unread answers. */
  unansweredCount(viewer: Viewer, loaders: Loaders): Promise<number>
}

const words = {
  notFound: 'There is no such conversation with support here.',
  forbidden: 'Only the staff may do this, and only in a conversation with support.',
}
const limits = { defaultSize: 25, maxSize: 100 }

export function requireStaff(viewer: Viewer): void {
  if (!isStaff(viewer)) throw new ForbiddenError('Only the staff of this server may see this.')
}

const positionOf = ([status, isAnswered, queueAtMs, conversationId]: unknown[]): QueuePosition | null =>
  (status === 'OPEN' || status === 'RESOLVED') &&
  typeof isAnswered === 'boolean' &&
  isMomentMs(queueAtMs) &&
  typeof conversationId === 'string' &&
  isUuid(conversationId)
    ? { status, isAnswered, queueAtMs, conversationId }
    : null

/** The membership that staff have in an entry of a support conversation without being a member. */
export const entryOfStaff = (staffReadSeq: number): EntryRow['member'] => ({
  ownReadSeq: staffReadSeq,
  mutedUntil: null,
  archived: false,
  pinned: false,
  joinedEventSeq: 0,
  historyFromSeq: 0,
  hidden: false,
  requested: false,
})

/** What staff may know of a support conversation; null for everybody else, and for one that they may not see. */
export async function caseForStaff(
  viewer: Viewer,
  conversationId: string,
  loaders: Loaders,
): Promise<SupportCase | null> {
  if (!isStaff(viewer)) return null
  return (await accessOf(viewer, conversationId, loaders)) && loaders.supportCase.load(conversationId)
}

export function createSupport(append: Append, store: SupportStore, tokens: ResumeTokens): Support {
  return {
    async open(viewer, { title, opKey }) {
      if (isStaff(viewer)) throw new ForbiddenError('The staff answer support conversations, and open none.')
      const hash = requestHash('openSupport', [title])
      const opened = await append({ type: 'openSupport', actorId: viewer.userId, newId: newId(), title, opKey, hash })
      return isRefused(opened) ? refusalOf(opened, words) : opened.conversationId
    },
    async queue(viewer, status, args, loaders) {
      requireStaff(viewer)
      const page = checkPage(args, limits)
      const after = page.after === null ? null : decodeCursor('support', 'after', page.after, positionOf)
      const { horizon } = loaders
      const { rows, deskHead } = await horizon.track(
        store.queue({ status, after, limit: page.size + 1 }, viewer.userId),
        (read) => {
          horizon.note(deskStreamId, read.deskHead)
          for (const { conversation } of read.rows) horizon.note(conversation.id, conversation)
        },
      )
      for (const { conversation, supportCase } of rows) {
        loaders.conversation.prime(conversation.id, conversation)
        loaders.supportCase.prime(conversation.id, supportCase)
      }
      const cursorOf = ({ supportCase: { status, isAnswered, queueAt, conversationId } }: QueueRow) =>
        encodeCursor('support', [status, isAnswered, queueAt.getTime(), conversationId])
      const isBehind = () => after !== null && store.isBehind(status, after, viewer.userId)
      const heads = new Map<string, Head>(rows.map(({ conversation }) => [conversation.id, conversation]))
      const resume = async () => {
        // Other statements of the answer may have seen an older head of a conversation than the page did.
        const places = await horizon.places()
        const desk = places.get(deskStreamId) ?? deskHead
        const older = [...places].filter(([id, { headEventSeq }]) => {
          const head = heads.get(id)
          return head !== undefined && headEventSeq < head.headEventSeq
        })
        const exceptions = [...older, [deskStreamId, desk] as const].map(
          ([streamId, { headEventSeq: seq, headMark: mark }]) => ({ streamId, seq, mark }),
        )
        return tokens.encode({ base: null, sweep: null, exceptions: exceptions.sort(byStreamId) }, viewer.userId)
      }
      return { ...toPage(rows, page, cursorOf, isBehind), resume }
    },
    async assign({ userId: actorId }, conversationId, assigneeId) {
      const assigned = await append({ type: 'assignSupport', actorId, conversationId, assigneeId })
      return isRefused(assigned) ? refusalOf(assigned, words) : conversationId
    },
    async setStatus({ userId: actorId }, conversationId, status, upToSeq) {
      const set = await append({ type: 'setSupportStatus', actorId, conversationId, status, upToSeq })
      if (isRefused(set)) return refusalOf(set, words)
      if (set.resolutionMs !== null && supportResolved.hasSubscribers) {
        supportResolved.publish({ durationMs: set.resolutionMs })
      }
      return conversationId
    },
    async unansweredCount(viewer, { horizon }) {
      if (!isStaff(viewer)) return store.unreadAnswers(viewer.userId)
      const { count } = await horizon.track(store.unreadByStaff(viewer.userId), (read) => {
        horizon.note(deskStreamId, read.deskHead)
      })
      return count
    },
  }
}
