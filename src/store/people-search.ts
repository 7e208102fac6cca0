import type { Database } from './database/database.ts'
import { userColumns, type User } from './rows.ts'

export interface PeopleSearch {
  /** Folded; what handles and names begin with. */
  prefix: string
  /** Only handles after this one. */
  afterHandle: string
  limit: number
}

/** Search for people. Rejects with UNAVAILABLE when the database does not answer in time. */
export interface PeopleSearchStore {
  /** In the order of handles, letter by letter, whatever the locale of the database. */
  find(search: PeopleSearch, payer: string): Promise<User[]>
}

/** Names that begin with the text: so many are sorted, of more the page is looked for in the order of handles. */
const maxSorted = 1_000
/**
 * Names with the same first letter that are looked at on the way to a page. With more than `maxSorted` that fit among them it
 * is filled long before that, unless all that fit have the last handles of a hundred thousands: then it ends early.
 */
const maxWalked = 20_000
/** After every text that begins with another one: no name has it, as it is no character. */
const lastCharacter = '\u{10ffff}'

// Three ways to rows, each by an index and bounded, however many people there are and however many of them fit. The operators
// compare letter by letter, as the indexes for prefixes do.
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
