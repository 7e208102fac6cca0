import { soleOf, tableOfParameters, type Database } from './database/database.ts'
import type { EntryKey } from './conversations.ts'
import type { Conversation } from './rows.ts'

/** What somebody began with a person who takes nothing from them without being asked. */
export interface RequestRow {
  kind: Conversation['kind']
  fromId: string
  createdAt: Date
}

/** Rejects with UNAVAILABLE when the database does not answer in time. */
export interface RequestStore {
  /** For each person and conversation; null where nothing waits for an answer. One statement. */
  byKeys(keys: readonly EntryKey[], payer?: string): Promise<(RequestRow | null)[]>
}

/** SQL for whether a request waits for an answer: not declined, not by somebody who is blocked, and of a group that is still there. */
export const standing = (c: string, r: string) => `${r}.declined_at IS NULL
  AND NOT EXISTS (SELECT FROM blocks b WHERE b.blocker_id = ${r}.user_id AND b.blocked_id = ${r}.from_id)
  AND (${c}.kind = 'DIRECT' OR parley_is_invited(${c}, ${r}))`

/** SQL for the row that somebody who is invited would have: nothing of the history, and out of every list of what is theirs. */
export const invitedMember = (c: string, r: string) => `jsonb_populate_record(NULL::members, jsonb_build_object(
  'conversation_id', ${c}.id, 'user_id', ${r}.user_id, 'own_read_seq', ${c}.head_seq, 'history_from_seq', ${c}.head_seq,
  'last_sent_seq', 0, 'joined_event_seq', 0, 'archived', true, 'hidden', true, 'pinned', false, 'requested', true))`

const readRequests = {
  name: 'read_requests',
  text: `SELECT k.place::int, c.kind, r.from_id AS "fromId", r.created_at AS "createdAt"
    FROM ${tableOfParameters('uuid', 'uuid')} WITH ORDINALITY AS k(user_id, conversation_id, place)
    JOIN requests r ON r.conversation_id = k.conversation_id AND r.user_id = k.user_id
    JOIN conversations c ON c.id = r.conversation_id WHERE ${standing('c', 'r')}`,
}

export function createRequestStore(db: Database): RequestStore {
  return {
    async byKeys(keys, payer) {
      const viewerIds = keys.map(({ viewerId }) => viewerId)
      const rows = await db.run<RequestRow & { place: number }>(
        readRequests,
        [viewerIds, keys.map(({ conversationId }) => conversationId)],
        payer ?? soleOf(viewerIds),
      )
      const found = keys.map((): RequestRow | null => null)
      for (const { place, ...request } of rows) found[place - 1] = request
      return found
    },
  }
}
