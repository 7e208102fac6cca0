import { timeMs } from '../../clock.ts'
import type { Append } from '../../log/append.ts'
import type { Report, ReportPlace, ReportStore } from '../../store/reports.ts'
import type { ReportOutcome, ReportReason, ReportState } from '../../store/rows.ts'
import { isStaff } from '../conversations/access.ts'
import { ForbiddenError, MessageDeletedError, NotFoundError, OpKeyReusedError, ValidationError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { MessageRef } from '../messages/messages.ts'
import { requestHash } from '../op-key.ts'
import { isRefused, refusalOf } from '../outcome.ts'
import type { Attempts } from '../sessions/attempts.ts'
import type { Viewer } from '../viewer.ts'

export interface ReportTerms {
  reason: ReportReason
  text: string | null
  opKey: string
}

/**
 * What people tell the staff, and what the staff do about it. Methods reject with UNAVAILABLE when the database does not answer in
 * time; repeating a call then does no harm (with the same key).
 */
export interface Reports {
  /** The message as it is now is kept with the report, whatever becomes of it. Rejects with RATE_LIMITED after too many. */
  ofMessage(
    viewer: Viewer,
    message: MessageRef,
    terms: ReportTerms,
  ): Promise<string | NotFoundError | MessageDeletedError | OpKeyReusedError | ValidationError>
  ofPerson(
    viewer: Viewer,
    userId: string,
    terms: ReportTerms,
  ): Promise<string | NotFoundError | OpKeyReusedError | ValidationError>
  /** Null for who neither made it nor is of the staff. */
  find(viewer: Viewer, reportId: string): Promise<Report | null>
  /** For staff. The oldest first. */
  queue(viewer: Viewer, state: ReportState | null, after: ReportPlace | null, limit: number): Promise<Report[]>
  /** The viewer's own, the newest first. */
  own(viewer: Viewer, after: ReportPlace | null, limit: number): Promise<Report[]>
  resolve(
    viewer: Viewer,
    reportId: string,
    outcome: ReportOutcome,
    note: string | null,
  ): Promise<undefined | NotFoundError | ForbiddenError | ValidationError>
  /** For staff, in any conversation. Repeating it changes nothing. */
  removeMessage(viewer: Viewer, message: MessageRef): Promise<undefined | NotFoundError | ForbiddenError>
  /** Removes reports that were resolved so long ago, with their evidence. */
  forget(isStopping: () => boolean): Promise<void>
}

export interface ReportsOptions {
  store: ReportStore
  append: Append
  attempts: Pick<Attempts, 'report'>
  /** Milliseconds for which a resolved report is kept. */
  ttlMs: number
}

const batchSize = 200
const staffOnly = 'Only the staff of this server may do this.'
const notThere = {
  message: 'There is no such message here.',
  person: 'There is no such person here.',
  report: 'There is no such report here.',
}

export function createReports({ store, append, attempts, ttlMs }: ReportsOptions): Reports {
  const make = async (viewer: Viewer, about: { userId: string } | MessageRef, { reason, text, opKey }: ReportTerms) => {
    await attempts.report(viewer.userId)
    const place =
      'userId' in about
        ? { userId: about.userId, conversationId: null, seq: null }
        : { userId: null, conversationId: about.conversationId, seq: about.seq }
    const hash = requestHash('report', [place.userId, place.conversationId, place.seq, reason, text])
    return store.make({ actorId: viewer.userId, newId: newId(), ...place, reason, text, opKey, hash })
  }
  const ofSelf = (field: string) => {
    const reason = 'Nobody reports themselves. What you wrote you can delete.'
    return new ValidationError(reason, [{ path: ['input', field], reason }])
  }
  const requireStaff = (viewer: Viewer) => {
    if (!isStaff(viewer)) throw new ForbiddenError(staffOnly)
  }

  return {
    async ofMessage(viewer, message, terms) {
      const made = await make(viewer, message, terms)
      if ('reportId' in made) return made.reportId
      if (made.outcome === 'OP_KEY_REUSED') return new OpKeyReusedError()
      if (made.outcome === 'MESSAGE_DELETED') return new MessageDeletedError()
      return made.outcome === 'REPORT_OF_SELF' ? ofSelf('messageId') : new NotFoundError(notThere.message)
    },
    async ofPerson(viewer, userId, terms) {
      const made = await make(viewer, { userId }, terms)
      if ('reportId' in made) return made.reportId
      if (made.outcome === 'OP_KEY_REUSED') return new OpKeyReusedError()
      return made.outcome === 'REPORT_OF_SELF' ? ofSelf('userId') : new NotFoundError(notThere.person)
    },
    async find(viewer, reportId) {
      const report = await store.byId(reportId)
      return report && (isStaff(viewer) || report.reporterId === viewer.userId) ? report : null
    },
    async queue(viewer, state, after, limit) {
      requireStaff(viewer)
      return store.queue(state, after, limit)
    },
    own: (viewer, after, limit) => store.of(viewer.userId, after, limit),
    async resolve(viewer, reportId, outcome, note) {
      if (!isStaff(viewer)) return new ForbiddenError(staffOnly)
      const resolved = await store.resolve(viewer.userId, reportId, outcome, note)
      if (resolved.outcome === 'FORBIDDEN') return new ForbiddenError(staffOnly)
      if (resolved.outcome === 'NOT_FOUND') return new NotFoundError(notThere.report)
      if (resolved.outcome === 'ACCEPTED') return undefined
      const reason = 'This report is resolved already, with another outcome or note. Read it.'
      return new ValidationError(reason, [{ path: ['input', 'reportId'], reason }])
    },
    async removeMessage(viewer, { conversationId, seq }) {
      if (!isStaff(viewer)) return new ForbiddenError(staffOnly)
      const removed = await append({ type: 'moderateMessage', actorId: viewer.userId, conversationId, seq })
      return isRefused(removed) ? refusalOf(removed, { notFound: notThere.message, forbidden: staffOnly }) : undefined
    },
    async forget(isStopping) {
      const before = new Date(timeMs() - ttlMs)
      while (!isStopping() && (await store.forget(before, batchSize)) >= batchSize);
    },
  }
}
