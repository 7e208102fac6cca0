import type { Database } from './database/database.ts'
import { userColumns, type User } from './rows.ts'

export interface PeopleSearch {
  /** The folded start of a handle or of a name. */
  prefix: string
  /** Only handles after this one. */
  afterHandle: string
  limit: number
}

/** Search for people. Rejects with UNAVAILABLE when the database does not answer in time. */
export interface PeopleSearchStore {
  /** In the order of handles, compared letter by letter, whatever the locale of the database. */
  find(search: PeopleSearch, payer: string): Promise<User[]>
}

/**
 * Up to this number of names that begin with the text are sorted. If there are more, the page is searched in the order of
 * handles.
 */
const maxSorted = 1_000
/**
 * Most names with the same first letter that are looked at for a page. If more than `maxSorted` of these match, the page is
 * full long before this limit, unless all matches have the last handles of some hundred thousand: then the page is short.
 */
const maxWalked = 20_000
/** Sorts after every text that begins with another text: no name contains it, because it is not a character. */
const lastCharacter = '\u{10ffff}'

// Three ways to find rows, each by an index and with a limit, however many people there are and however many match. The
// operators compare letter by letter, as the indexes for prefixes do.
const named = 'u.search_name ~>=~ $1 AND u.search_name ~<~ $2 AND u.erased_at IS NULL'
const findPeople = {
  name: 'read_found_people',
  text: `WITH fitting AS MATERIALIZED (SELECT u.id, u.handle FROM users u WHERE ${named} LIMIT ${String(maxSorted + 1)}),
    common AS MATERIALIZED (SELECT count(*) > ${String(maxSorted)} AS yes FROM fitting),
    found AS (
      (SELECT id, handle FROM users WHERE handle ~>=~ $1 AND handle ~<~ $2 AND handle ~>~ $3 AND erased_at IS NULL
        ORDER BY handle USING ~<~ LIMIT $4)
      UNION
      (SELECT id, handle FROM fitting WHERE NOT (SELECT yes FROM common) AND handle ~>~ $3 ORDER BY handle USING ~<~ LIMIT $4)
      UNION
      (SELECT id, handle FROM (
          SELECT * FROM users WHERE (SELECT yes FROM common) AND left(search_name, 1) = left($1, 1) AND erased_at IS NULL
            AND handle ~>~ $3 ORDER BY handle USING ~<~ LIMIT ${String(maxWalked)}) u
        WHERE ${named} LIMIT $4))
    SELECT ${userColumns('u', '')} FROM (SELECT id FROM found ORDER BY handle USING ~<~ LIMIT $4) f
    JOIN users u ON u.id = f.id ORDER BY u.handle USING ~<~`,
}

export function createPeopleSearchStore(db: Database): PeopleSearchStore {
  return {
    find: ({ prefix, afterHandle, limit }, payer) =>
      db.run<User & Record<string, unknown>>(findPeople, [prefix, prefix + lastCharacter, afterHandle, limit], payer),
  }
}
