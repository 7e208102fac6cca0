import type { Database } from './database/database.ts'

/**
 * The texts of deleted conversations. Both methods reject with UNAVAILABLE when the database does not answer in time; a step
 * may have been done in that case, and may be repeated.
 */
export interface DeletionStore {
  /** Removes the texts of up to `limit` messages. Returns the seq up to which there may be others; 0 when it is done. */
  deleteTexts(conversationId: string, limit: number): Promise<number>
  /** Deleted conversations of which texts may be left. */
  pendingDeletions(): Promise<string[]>
}

const deleteTexts = { name: 'delete_texts', text: 'SELECT parley_delete_texts($1, $2) AS left' }
const readPendingDeletions = {
  name: 'read_pending_deletions',
  text: 'SELECT id FROM conversations WHERE texts_left_seq > 0',
}

export function createDeletionStore(db: Database): DeletionStore {
  return {
    deleteTexts: async (id, limit) => (await db.run<{ left: number }>(deleteTexts, [id, limit]))[0]?.left ?? 0,
    pendingDeletions: async () => (await db.run<{ id: string }>(readPendingDeletions, [])).map(({ id }) => id),
  }
}
