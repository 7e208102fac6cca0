import type { Database } from './database/database.ts'
import { userColumns, type User } from './rows.ts'

/** A place in the answer: how many conversations somebody shares with the viewer, and their handle. */
export interface FoundPersonPlace {
  sharedCount: number
  handle: string
}

export interface PeopleSearch {
  /** Folded; stands anywhere in a handle or in a name. */
  text: string
  /** Only people after this place; null from the start. */
  after: FoundPersonPlace | null
  limit: number
}

export type FoundPerson = User & { sharedCount: number }

/** Search for people. Rejects with UNAVAILABLE when the database does not answer in time. */
export interface PeopleSearchStore {
  /** Those who share most conversations with the viewer first, then in the order of handles, compared letter by letter. */
  find(search: PeopleSearch, viewerId: string): Promise<FoundPerson[]>
}

/** Up to this number of people who match are sorted. If there are more, those who share a small conversation come first. */
const maxSorted = 500
/**
 * Most people that are looked at in the order of handles for a page. Where more than `maxSorted` match, the page is mostly full
 * long before this limit; if not, it is short.
 */
const maxWalked = 20_000
/** Conversations of a person that are looked at to count those shared with the viewer. */
const maxCounted = 200
/** When many match: memberships in small conversations of the viewer that are looked through for people who do. */
const maxNear = 1_000
const smallConversation = 50

const isThere = '(strpos(u.search_name, $1) > 0 OR strpos(u.handle, $1) > 0) AND u.erased_at IS NULL'

// Each way to find rows has a limit, however many people there are and however many match. strpos compares characters, and the
// operators letter by letter, whatever the locale of the database.
const findPeople = {
  name: 'read_found_people',
  text: `WITH mine AS MATERIALIZED (SELECT conversation_id FROM members WHERE user_id = $3 AND left_at IS NULL),
    fitting AS MATERIALIZED (
      SELECT u.id, u.handle FROM users u
       WHERE parley_name_grams(u.search_name, u.handle) @@ $2::tsquery AND ${isThere} LIMIT ${String(maxSorted + 1)}),
    common AS MATERIALIZED (SELECT count(*) > ${String(maxSorted)} AS yes FROM fitting),
    near AS MATERIALIZED (
      SELECT u.id, u.handle FROM (
          SELECT DISTINCT n.user_id FROM (
            SELECT m.user_id FROM mine JOIN conversations c ON c.id = mine.conversation_id AND c.member_count <= ${String(smallConversation)}
              JOIN members m ON m.conversation_id = c.id AND m.left_at IS NULL AND m.user_id <> $3
             WHERE (SELECT yes FROM common) LIMIT ${String(maxNear)}) n) n
        -- Each by its key: a join would read all people, also where there is nobody to look up.
        CROSS JOIN LATERAL (SELECT u.id, u.handle FROM users u WHERE u.id = n.user_id AND ${isThere} OFFSET 0) u),
    few AS MATERIALIZED (SELECT * FROM near UNION ALL SELECT * FROM fitting WHERE NOT (SELECT yes FROM common)),
    ranked AS MATERIALIZED (
      SELECT few.id, few.handle, (
          SELECT count(*)::int FROM (
            SELECT m.conversation_id FROM members m WHERE m.user_id = few.id AND m.left_at IS NULL AND few.id <> $3 LIMIT ${String(maxCounted)}) m
           WHERE m.conversation_id IN (SELECT conversation_id FROM mine)) AS shared
      FROM few),
    found AS (
      SELECT * FROM ranked WHERE shared < $4 OR shared = $4 AND handle ~>~ $5
      UNION ALL
      (SELECT w.id, w.handle, 0 FROM (
          SELECT * FROM users WHERE (SELECT yes FROM common) AND handle ~>~ (CASE WHEN $4 = 0 THEN $5 ELSE '' END)
           ORDER BY handle USING ~<~ LIMIT ${String(maxWalked)}) w
        JOIN users u ON u.id = w.id AND ${isThere}
       WHERE w.id NOT IN (SELECT id FROM near) ORDER BY w.handle USING ~<~ LIMIT $6))
    SELECT ${userColumns('u', '')}, f.shared AS "sharedCount"
    FROM (SELECT * FROM found ORDER BY shared DESC, handle USING ~<~ LIMIT $6) f JOIN users u ON u.id = f.id
    ORDER BY f.shared DESC, f.handle USING ~<~`,
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

/** As PostgreSQL's tsquery: all parts of three characters, or what is shorter as the beginning of one. */
function gramsOf(text: string): string {
  const characters = Array.from(text)
  if (characters.length < 3) return `${quoted(text)}:*`
  return [...new Set(characters.slice(2).map((_, index) => characters.slice(index, index + 3).join('')))]
    .map(quoted)
    .join(' & ')
}

/** More than any two share. */
const all = 2_147_483_647

export function createPeopleSearchStore(db: Database): PeopleSearchStore {
  return {
    find: ({ text, after, limit }, viewerId) =>
      db.run<FoundPerson & Record<string, unknown>>(
        findPeople,
        [text, gramsOf(text), viewerId, after?.sharedCount ?? all, after?.handle ?? '', limit],
        viewerId,
      ),
  }
}
