import type { Database } from './database/database.ts'

export interface SuspendedPerson {
  userId: string
  reason: string | null
  since: Date
  until: Date | null
  /** Null: an operator on the command line. */
  byId: string | null
}

/** A place in the list of those who are suspended. */
export interface SuspensionPlace {
  sinceMs: number
  userId: string
}

export interface SuspensionChange {
  /** Null: an operator on the command line. */
  actorId: string | null
  userId: string
  suspended: boolean
  reason: string | null
  until: Date | null
}

/** Every method rejects with UNAVAILABLE when the database does not answer in time; whether a write was done is unknown then. */
export interface SuspensionStore {
  /** Ends all sessions of who is suspended. Also answers those that ended a moment ago, for who repeats it. Changes nothing when it is as requested. */
  set(change: SuspensionChange): Promise<{ outcome: 'ACCEPTED' | 'FORBIDDEN' | 'NOT_FOUND'; sessionIds: string[] }>
  /** Null when they are not suspended now. */
  of(userId: string): Promise<SuspendedPerson | null>
  /** Who is suspended now, the newest suspension first. */
  list(after: SuspensionPlace | null, limit: number): Promise<SuspendedPerson[]>
  /** Some of the support conversations for which this person is responsible. */
  assignedTo(userId: string, limit: number): Promise<string[]>
}

const setSuspension = {
  name: 'suspend_user',
  isRepeatable: true,
  text: 'SELECT parley_suspend_user($1, $2, $3, $4, $5) AS result',
}

const columns = `u.id AS "userId", u.suspended_reason AS reason, u.suspended_at AS since, u.suspended_until AS until,
  u.suspended_by_id AS "byId"`

const readSuspension = {
  name: 'read_suspension',
  goesWithWrites: true,
  text: `SELECT ${columns} FROM users u WHERE u.id = $1 AND parley_is_suspended(u.suspended_at, u.suspended_until)`,
}

const readSuspensions = {
  name: 'read_suspensions',
  text: `SELECT ${columns} FROM users u WHERE u.suspended_at IS NOT NULL AND parley_is_suspended(u.suspended_at, u.suspended_until)
      AND (u.suspended_at, u.id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY u.suspended_at DESC, u.id DESC LIMIT $3`,
}

const readAssigned = {
  name: 'read_assigned',
  goesWithWrites: true,
  text: 'SELECT conversation_id AS id FROM support_cases WHERE assignee_id = $1 ORDER BY conversation_id LIMIT $2',
}

export function createSuspensionStore(db: Database): SuspensionStore {
  return {
    async set({ actorId, userId, suspended, reason, until }) {
      const [row] = await db.run<{
        result: { outcome: 'ACCEPTED' | 'FORBIDDEN' | 'NOT_FOUND'; sessionIds?: string[] }
      }>(setSuspension, [actorId, userId, suspended, reason, until], actorId ?? undefined)
      if (!row) throw new Error('parley_suspend_user answered nothing')
      return { sessionIds: [], ...row.result }
    },
    of: async (userId) =>
      (await db.run<SuspendedPerson & Record<string, unknown>>(readSuspension, [userId]))[0] ?? null,
    list: (after, limit) =>
      db.run<SuspendedPerson & Record<string, unknown>>(readSuspensions, [
        after && new Date(after.sinceMs),
        after?.userId ?? null,
        limit,
      ]),
    assignedTo: async (userId, limit) =>
      (await db.run<{ id: string }>(readAssigned, [userId, limit])).map(({ id }) => id),
  }
}
