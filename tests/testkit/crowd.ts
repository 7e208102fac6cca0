import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SessionFieldsFragment } from '../../sdk/src/generated/graphql.ts'
import type { TestDatabase } from './database.ts'
import { Person } from './person.ts'

/** JWT_SECRET for the servers of a test that makes a crowd. */
export const crowdSecret = 'a secret for crowds only, with its 32 characters and more'

/** Creates many people with a session each directly in the database: no password is hashed for them. */
export async function signUpMany(database: TestDatabase, url: string, count: number): Promise<Person[]> {
  const people = Array.from({ length: count }, () => ({ id: randomUUID(), sessionId: randomUUID() }))
  const ids = people.map(({ id }) => id)
  await database.query(
    `INSERT INTO users (id, handle, display_name, search_name)
      SELECT id, 'c' || left(replace(id::text, '-', ''), 20), 'Somebody', 'somebody' FROM unnest($1::uuid[]) AS id`,
    [ids],
  )
  await database.query(
    `INSERT INTO sessions (id, user_id, expires_at)
      SELECT id, user_id, now() + interval '1 day' FROM unnest($1::uuid[], $2::uuid[]) AS s(id, user_id)`,
    [people.map(({ sessionId }) => sessionId), ids],
  )
  return Promise.all(
    people.map(async ({ id, sessionId }) => {
      const accessToken = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(id)
        .setIssuer('parley')
        .setIssuedAt()
        .setExpirationTime('15m')
        .sign(new TextEncoder().encode(crowdSecret))
      return new Person({ accessToken, user: { id } } as SessionFieldsFragment, url)
    }),
  )
}

/** Creates a group of these people and its owner directly in the database, without events of their joining. */
export async function gather(
  database: TestDatabase,
  owner: Person,
  people: readonly Pick<Person, 'id'>[],
): Promise<string> {
  const conversationId = await owner.createGroup([])
  await database.query(
    `WITH c AS (UPDATE conversations SET member_count = member_count + $3 WHERE id = $1 RETURNING id, head_event_seq)
      INSERT INTO members (conversation_id, user_id, joined_event_seq)
      SELECT c.id, user_id, c.head_event_seq FROM c, unnest($2::uuid[]) AS user_id`,
    [uuidOf(conversationId), people.map(({ id }) => id), people.length],
  )
  return conversationId
}

/** People made here have uuids as ids; conversations have the API's ids. */
const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!
