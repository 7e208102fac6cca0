import type { Database } from './database/database.ts'

/** A name in its folded form for the search, and the number of the rules that folded it. */
export interface SearchName {
  text: string
  rule: number
}

export interface StaleName {
  id: string
  displayName: string
}

/** Stored names for the search. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface SearchNameStore {
  /** Up to `limit` people after this id whose names were folded by rules older than `rule`. */
  stale(rule: number, afterId: string, limit: number): Promise<StaleName[]>
  /** Stores folded names where the name has not changed since it was folded. Skips locked rows. Returns how many. */
  store(names: (StaleName & { searchName: SearchName })[]): Promise<number>
}

const storeNames = {
  name: 'store_search_names',
  // In the order of ids, like every statement that locks several people.
  text: `WITH free AS (
      SELECT u.id, n.text, n.rule
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[]) AS n(id, name, text, rule)
        JOIN users u ON u.id = n.id AND u.display_name = n.name AND u.search_name_rule < n.rule AND u.erased_at IS NULL
       ORDER BY u.id FOR NO KEY UPDATE OF u SKIP LOCKED)
    UPDATE users u SET search_name = free.text, search_name_rule = free.rule FROM free WHERE u.id = free.id RETURNING u.id`,
}

export function createSearchNameStore(db: Database): SearchNameStore {
  return {
    stale: (rule, afterId, limit) =>
      // The number is part of the text: only then the partial index users_stale_search_name is used.
      db.run<StaleName & Record<string, unknown>>(
        {
          name: `stale_search_names_${String(rule)}`,
          text: `SELECT id, display_name AS "displayName" FROM users
            WHERE search_name_rule < ${String(rule)} AND erased_at IS NULL AND id > $1 ORDER BY id LIMIT $2`,
        },
        [afterId, limit],
      ),
    async store(names) {
      const rows = await db.run(storeNames, [
        names.map(({ id }) => id),
        names.map(({ displayName }) => displayName),
        names.map(({ searchName }) => searchName.text),
        names.map(({ searchName }) => searchName.rule),
      ])
      return rows.length
    },
  }
}
