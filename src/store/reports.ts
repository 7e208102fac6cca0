import { z } from 'zod'
import type { Database } from './database/database.ts'
import type { ReportOutcome, ReportReason, ReportState } from './rows.ts'

const moment = z.string().transform((text) => new Date(text))

/** A message as it was when it was reported. */
const evidenceJson = z.object({
  text: z.string().nullable(),
  revision: z.number(),
  createdAt: moment,
  editedAt: moment.nullable(),
  /** Its former texts, oldest first. */
  revisions: z.array(z.object({ revision: z.number(), text: z.string(), editedAt: moment })),
  fileNames: z.array(z.string()),
})

export type Evidence = z.output<typeof evidenceJson>

export interface Report {
  id: string
  state: ReportState
  reporterId: string
  reportedId: string
  /** Null for a report of a person. */
  conversationId: string | null
  messageSeq: number | null
  reason: ReportReason
  text: string | null
  evidence: Evidence | null
  createdAt: Date
  resolvedAt: Date | null
  resolvedById: string | null
  outcome: ReportOutcome | null
  note: string | null
}

export interface ReportPlace {
  createdAtMs: number
  id: string
}

export interface NewReport {
  actorId: string
  newId: string
  /** Null when it is about a message. */
  userId: string | null
  conversationId: string | null
  seq: number | null
  reason: ReportReason
  text: string | null
  opKey: string
  hash: Buffer
}

const made = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.enum(['ACCEPTED', 'DUPLICATE']), reportId: z.string() }),
  z.object({ outcome: z.enum(['NOT_FOUND', 'MESSAGE_DELETED', 'REPORT_OF_SELF', 'OP_KEY_REUSED']) }),
])
const resolved = z.object({ outcome: z.enum(['ACCEPTED', 'NOT_FOUND', 'FORBIDDEN', 'REPORT_RESOLVED']) })

/** Every method rejects with UNAVAILABLE when the database does not answer in time; whether a write was done is unknown then. */
export interface ReportStore {
  make(report: NewReport): Promise<z.output<typeof made>>
  resolve(
    actorId: string,
    reportId: string,
    outcome: ReportOutcome,
    note: string | null,
  ): Promise<z.output<typeof resolved>>
  byId(reportId: string): Promise<Report | null>
  /** The oldest first. */
  queue(state: ReportState | null, after: ReportPlace | null, limit: number): Promise<Report[]>
  /** Of one reporter, the newest first. */
  of(reporterId: string, after: ReportPlace | null, limit: number): Promise<Report[]>
  /** Removes some of those that were resolved before then. How many. */
  forget(before: Date, limit: number): Promise<number>
}

const make = {
  name: 'make_report',
  isRepeatable: true,
  text: 'SELECT parley_report($1, $2, $3, $4, $5, $6::report_reason, $7, $8, $9) AS result',
}

const resolve = {
  name: 'resolve_report',
  isRepeatable: true,
  text: 'SELECT parley_resolve_report($1, $2, $3::report_outcome, $4) AS result',
}

const columns = `r.id, r.state::text, r.reporter_id AS "reporterId", r.reported_id AS "reportedId", r.conversation_id AS "conversationId",
  r.message_seq AS "messageSeq", r.reason::text, r.text, r.evidence, r.created_at AS "createdAt", r.resolved_at AS "resolvedAt",
  r.resolved_by_id AS "resolvedById", r.outcome::text, r.note`

const readById = { name: 'read_report', goesWithWrites: true, text: `SELECT ${columns} FROM reports r WHERE r.id = $1` }

const after = "(coalesce($1::timestamptz, '-infinity'), coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'))"
// Two statements, so that each is one walk along one index.
const readQueue = {
  name: 'read_reports',
  text: `SELECT ${columns} FROM reports r WHERE (r.created_at, r.id) > ${after} ORDER BY r.created_at, r.id LIMIT $3`,
}
const readQueueOf = {
  name: 'read_reports_by_state',
  text: `SELECT ${columns} FROM reports r WHERE r.state = $4::report_state AND (r.created_at, r.id) > ${after}
    ORDER BY r.created_at, r.id LIMIT $3`,
}
const readOf = {
  name: 'read_reports_of',
  text: `SELECT ${columns} FROM reports r WHERE r.reporter_id = $1
      AND (r.created_at, r.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $1))
    ORDER BY r.created_at DESC, r.id DESC LIMIT $4`,
}
const forget = {
  name: 'forget_reports',
  text: `DELETE FROM reports WHERE id = ANY (ARRAY(
    SELECT id FROM reports WHERE resolved_at < $1 ORDER BY resolved_at LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING id`,
}

type ReportRow = Omit<Report, 'evidence'> & { evidence: unknown }
const toReport = (row: ReportRow): Report => ({
  ...row,
  evidence: row.evidence === null ? null : evidenceJson.parse(row.evidence),
})

export function createReportStore(db: Database): ReportStore {
  const read = async (...asked: Parameters<Database['run']>) =>
    ((await db.run(...asked)) as unknown as ReportRow[]).map(toReport)
  return {
    async make({ actorId, newId, userId, conversationId, seq, reason, text, opKey, hash }) {
      const values = [actorId, newId, userId, conversationId, seq, reason, text, opKey, hash]
      return made.parse((await db.run<{ result: unknown }>(make, values, actorId))[0]?.result)
    },
    async resolve(actorId, reportId, outcome, note) {
      const values = [actorId, reportId, outcome, note]
      return resolved.parse((await db.run<{ result: unknown }>(resolve, values, actorId))[0]?.result)
    },
    byId: async (reportId) => (await read(readById, [reportId]))[0] ?? null,
    queue(state, place, limit) {
      const values = [place && new Date(place.createdAtMs), place?.id ?? null, limit]
      return state === null ? read(readQueue, values) : read(readQueueOf, [...values, state])
    },
    of: (reporterId, place, limit) =>
      read(readOf, [reporterId, place && new Date(place.createdAtMs), place?.id ?? null, limit], reporterId),
    forget: async (before, limit) => (await db.run(forget, [before, limit])).length,
  }
}
