import { setTimeout as sleep } from 'node:timers/promises'
import { keyOf } from '../testkit/ask.ts'
import type { Person } from '../testkit/person.ts'
import type { History } from './verdict.ts'
import type { World } from './world.ts'

type Ask = (world: World, person: Person, query: string, variables: object) => Promise<Record<string, unknown>>

const searchQuery = 'query ($query: String!) { searchMessages(query: $query, first: 10) { nodes { id } } }'
/** Messages that are searched for, each by the key in its text. */
const sample = 60
const timeoutMs = 15_000

/** Rows that are in the index and should not be, or the other way round. */
async function differences({ database }: World): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`
    SELECT count(*)::int AS count FROM (SELECT * FROM messages WHERE deleted_at IS NULL) m
      FULL JOIN message_search s USING (conversation_id, seq, created_at)
     WHERE m.revision IS DISTINCT FROM s.revision`)
  return rows[0]?.count ?? -1
}

/** The index is what the messages are, and a search finds what is there by its text and nothing that was deleted or edited away. */
export async function compareSearch(world: World, ask: Ask): Promise<History['states']> {
  const deadlineMs = Date.now() + timeoutMs
  let wrong = await differences(world)
  while (wrong !== 0 && Date.now() < deadlineMs) {
    await sleep(250)
    wrong = await differences(world)
  }
  const { rows } = await world.database.query<{
    key: string
    who: string
    streamId: string
    seq: number
    isThere: boolean
  }>(
    `SELECT m.client_message_id AS key, m.conversation_id AS "streamId", m.seq, m.text IS NOT NULL AND m.revision = 1 AS "isThere",
        (SELECT x.user_id FROM members x WHERE x.conversation_id = m.conversation_id AND x.left_at IS NULL
          AND x.history_from_seq < m.seq LIMIT 1) AS who
      FROM messages m WHERE m.client_message_id <> 'erased' AND (m.text LIKE '%' || m.client_message_id || '%' OR m.text IS NULL OR m.revision > 1)
     ORDER BY random() LIMIT ${sample}`,
  )
  const states: History['states'] = [
    { name: 'the index of the search', known: `${wrong} differences`, fresh: '0 differences' },
  ]
  for (const { key, who, streamId, seq, isThere } of rows) {
    const person = world.people.find(({ id }) => keyOf(id) === who)
    if (!person) continue
    const { searchMessages } = (await ask(world, person, searchQuery, { query: key })) as {
      searchMessages: { nodes: { id: string }[] }
    }
    const known = searchMessages.nodes.map(({ id }) => keyOf(id)).join()
    states.push({ name: `search for message ${seq} of ${streamId}`, known, fresh: isThere ? `${streamId}/${seq}` : '' })
  }
  return states
}
