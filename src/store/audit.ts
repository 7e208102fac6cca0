import type { Database } from './database/database.ts'

export interface AuditEntry {
  seq: number
  occurredAt: Date
  action: string
  actorId: string | null
  subjectId: string | null
  conversationId: string | null
  data: Record<string, unknown>
  hash: Buffer
}

export interface NewAuditEntry {
  /** What was done, as `noun.verbed`. */
  action: string
  actorId: string | null
  subjectId: string | null
  conversationId: string | null
  /** Ids and numbers; never what people wrote, as it cannot be removed. */
  data: Record<string, unknown>
}

/** Null: whatever it is. */
export interface AuditFilter {
  action: string | null
  actorId: string | null
  subjectId: string | null
  conversationId: string | null
  since: Date | null
  until: Date | null
}

export interface AuditChain {
  /** Of the newest entry, and of the newest that retention has removed. */
  head: { seq: number; hash: Buffer }
  floor: { seq: number; hash: Buffer }
}

/** What a write of the log that is not part of another write needs, and its reads. Rejects with UNAVAILABLE when the database does not answer in time. */
export interface AuditStore {
  add(entries: readonly NewAuditEntry[]): Promise<void>
  /** The newest first, those before a seq. */
  list(filter: AuditFilter, beforeSeq: number | null, limit: number): Promise<AuditEntry[]>
  chain(): Promise<AuditChain>
  /** Checks the next entries after one that is right. Answers the last of them, and the first that does not fit. */
  check(
    after: { seq: number; hash: Buffer },
    limit: number,
  ): Promise<{ last: { seq: number; hash: Buffer } | null; brokenSeq: number | null }>
  /** Removes some entries from before then. How many. */
  retire(before: Date, limit: number): Promise<number>
}

const add = {
  name: 'add_audit_entries',
  text: `SELECT parley_audit(e.action, e.actor, e.subject, e.conversation, e.data)
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::jsonb[])
      WITH ORDINALITY AS e(action, actor, subject, conversation, data, place) ORDER BY e.place`,
}

const columns = `seq::float8 AS seq, occurred_at AS "occurredAt", action, actor_id AS "actorId", subject_id AS "subjectId",
  conversation_id AS "conversationId", data, hash`

const columnOf = { action: 'action', actorId: 'actor_id', subjectId: 'subject_id', conversationId: 'conversation_id' }

// One text for each combination of filters, so that each is planned for what it has. Entries are in the order of their times, so times are
// bounds of seq.
function listing(filter: AuditFilter) {
  const values: unknown[] = []
  const parameter = (value: unknown) => `$${String(values.push(value))}`
  const conditions = Object.entries(columnOf).flatMap(([name, column]) => {
    const value = filter[name as keyof typeof columnOf]
    return value === null ? [] : [`${column} = ${parameter(value)}`]
  })
  const firstFrom = (time: Date) =>
    `coalesce((SELECT seq FROM audit_log WHERE occurred_at >= ${parameter(time)}::timestamptz ORDER BY occurred_at, seq LIMIT 1),
      ${String(Number.MAX_SAFE_INTEGER)})`
  if (filter.since) conditions.push(`seq >= ${firstFrom(filter.since)}`)
  if (filter.until) conditions.push(`seq < ${firstFrom(filter.until)}`)
  return { conditions, values, parameter }
}

const readChain = {
  name: 'read_audit_chain',
  text: 'SELECT seq::float8 AS seq, hash, floor_seq::float8 AS "floorSeq", floor_hash AS "floorHash" FROM audit_head',
}

const check = {
  name: 'check_audit_log',
  text: `WITH entries AS (SELECT * FROM audit_log WHERE seq > $1::bigint ORDER BY seq LIMIT $3),
    checked AS (SELECT seq, hash, seq = coalesce(lag(seq) OVER w, $1::bigint) + 1 AND hash = parley_audit_hash(
        coalesce(lag(hash) OVER w, $2), seq, occurred_at, action, actor_id, subject_id, conversation_id, data) AS fits
      FROM entries WINDOW w AS (ORDER BY seq))
    SELECT seq::float8 AS seq, hash, (SELECT min(seq)::float8 FROM checked WHERE NOT fits) AS "brokenSeq"
    FROM checked ORDER BY seq DESC LIMIT 1`,
}

const retire = { name: 'retire_audit_entries', text: 'SELECT parley_audit_retire($1, $2) AS count' }

export function createAuditStore(db: Database): AuditStore {
  return {
    async add(entries) {
      await db.run(add, [
        entries.map(({ action }) => action),
        entries.map(({ actorId }) => actorId),
        entries.map(({ subjectId }) => subjectId),
        entries.map(({ conversationId }) => conversationId),
        entries.map(({ data }) => JSON.stringify(data)),
      ])
    },
    list(filter, beforeSeq, limit) {
      const { conditions, values, parameter } = listing(filter)
      const given = Object.values(filter).map((value) => (value === null ? '0' : '1'))
      const statement = {
        // The text is the same for the same filters.
        name: `read_audit_log_${given.join('')}`,
        text: `SELECT ${columns} FROM audit_log WHERE ${[...conditions, `seq < ${parameter(beforeSeq ?? Number.MAX_SAFE_INTEGER)}::bigint`].join(' AND ')}
          ORDER BY seq DESC LIMIT ${parameter(limit)}`,
      }
      return db.run<AuditEntry & Record<string, unknown>>(statement, values)
    },
    async chain() {
      const [row] = await db.run<{ seq: number; hash: Buffer; floorSeq: number; floorHash: Buffer }>(readChain, [])
      if (!row) throw new Error('there is no head of the audit log')
      return { head: { seq: row.seq, hash: row.hash }, floor: { seq: row.floorSeq, hash: row.floorHash } }
    },
    async check({ seq, hash }, limit) {
      const [row] = await db.run<{ seq: number; hash: Buffer; brokenSeq: number | null }>(check, [seq, hash, limit])
      return row
        ? { last: { seq: row.seq, hash: row.hash }, brokenSeq: row.brokenSeq }
        : { last: null, brokenSeq: null }
    },
    retire: async (before, limit) => (await db.run<{ count: number }>(retire, [before, limit]))[0]?.count ?? 0,
  }
}
