import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import type { Attack } from './index.ts'
import { ask, found, groupOf, register, type Person } from './people.ts'

/** People, and receipts in one conversation: as many as it takes for a statement that reads through all of them to be slow. */
const sizes = { people: 100_000, receipts: 100_000 }

const keyOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

/** Asks for the same again and again, so many at a time. */
const flood =
  (person: Pick<Person, 'httpUrl' | 'token'>, query: string, variables: () => object, atOnce: number) =>
  async (signal: AbortSignal): Promise<void> => {
    const goOn = async () => {
      while (!signal.aborted) await ask(person, query, variables(), signal).catch(() => undefined)
    }
    await Promise.all(Array.from({ length: atOnce }, goOn))
  }

async function run(databaseUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

const searches: Attack = {
  name: 'one-letter-searches',
  title: 'searches for one letter among 100,000 people, 8 aliases each, 16 at a time',
  async prepare({ httpUrl, databaseUrl }) {
    const person = await register(httpUrl)
    await run(
      databaseUrl,
      `INSERT INTO users (id, handle, display_name, search_name)
        SELECT gen_random_uuid(), 's' || n || '_' || substr(md5(random()::text), 1, 6), 'Searched', chr(97 + n % 26) || md5(n::text)
          FROM generate_series(1, ${String(sizes.people)}) AS n; ANALYZE users`,
    )
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const search = (at: number) => `s${String(at)}: searchUsers(query: "QUERY", first: 25) { nodes { id } }`
    const query = `{ ${Array.from({ length: 8 }, (_, at) => search(at)).join(' ')} }`
    let count = 0
    const next = () => letters[count++ % letters.length] ?? 'a'
    return async (signal) => {
      const goOn = async () => {
        while (!signal.aborted) await ask(person, query.replace(/QUERY/g, next), {}, signal).catch(() => undefined)
      }
      await Promise.all(Array.from({ length: 16 }, goOn))
    }
  },
}

const receipts: Attack = {
  name: 'readers-of-old-messages',
  title: 'who read 50 old messages of a conversation with 100,000 receipts, 16 at a time',
  async prepare({ httpUrl, databaseUrl }) {
    const person = await register(httpUrl)
    const reader = await register(httpUrl)
    const started = await ask(
      person,
      'mutation ($id: ID!) { startDirect(input: { userId: $id }) { ... on StartDirectSuccess { conversation { id } } } }',
      { id: reader.userId },
    )
    const id = String(found(started, 'data.startDirect.conversation.id'))
    const last = String(sizes.receipts)
    const [conversation, sender, receiver] = [keyOf(id), keyOf(person.userId), keyOf(reader.userId)]
    await run(
      databaseUrl,
      `BEGIN; SET LOCAL session_replication_role = replica;
      INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
        SELECT '${conversation}', n, '${sender}', 'Old', gen_random_uuid()::text, now() - interval '10 days' + n * interval '1 second'
          FROM generate_series(1, ${last}) AS n;
      INSERT INTO receipts (conversation_id, user_id, up_to_seq, read_at)
        SELECT '${conversation}', '${receiver}', n, now() - interval '10 days' + n * interval '1 second' FROM generate_series(1, ${last}) AS n;
      UPDATE conversations SET head_seq = ${last} WHERE id = '${conversation}';
      UPDATE members SET last_read_seq = ${last}, own_read_seq = ${last}, last_delivered_seq = ${last} WHERE conversation_id = '${conversation}';
      COMMIT; ANALYZE messages, receipts`,
    )
    const query =
      'query ($id: ID!) { conversation(id: $id) { messages(first: 50) { nodes { readBy { nodes { readAt } } } } } }'
    return flood(person, query, () => ({ id }), 16)
  },
}

const guesses: Attack = {
  name: 'wrong-logins',
  title: 'wrong passwords for any handle, 64 at a time',
  prepare: ({ httpUrl }) => {
    const query =
      'mutation ($handle: String!) { login(input: { handle: $handle, password: "a wrong password" }) { __typename } }'
    const handle = () => `g${randomUUID().slice(0, 8)}`
    return Promise.resolve(flood({ httpUrl }, query, () => ({ handle: handle() }), 64))
  },
}

const renames: Attack = {
  name: 'writes-to-one-row',
  title: 'renames of one conversation, which wait for each other, 64 at a time',
  async prepare({ httpUrl }) {
    const person = await register(httpUrl)
    const id = await groupOf(person, 1)
    const query =
      'mutation ($id: ID!, $title: String!) { renameConversation(input: { conversationId: $id, title: $title }) { __typename } }'
    return flood(person, query, () => ({ id, title: randomUUID() }), 64)
  },
}

/** On what PostgreSQL does for people, and on signing in. */
export const databaseAttacks: readonly Attack[] = [searches, receipts, guesses, renames]
