import { randomUUID } from 'node:crypto'
import { keyOf } from '../testkit/ask.ts'
import type { Person } from '../testkit/person.ts'
import type { History } from './verdict.ts'
import type { Talk, World } from './world.ts'
import { documents, makers, type Situation, type Write } from './writes.ts'

const base = { key: null, text: null }

/** What a person writes in a support conversation, and what the staff do with it. */
export function supportWrite(situation: Situation, talk: Talk): Write {
  const { world, chance, person } = situation
  const isStaff = world.staff.includes(person)
  const ticket = chance.next()
  if (ticket < 0.5) return makers.send(situation, talk)
  if (ticket < 0.6) return makers.edit(situation, talk)
  if (ticket < 0.75) return makers.markRead(situation, talk)
  if (!isStaff) return ticket < 0.8 ? opening(world, talk) : makers.delete(situation, talk)
  if (ticket < 0.9) {
    const variables = { id: talk.id, status: chance.pick(['OPEN', 'RESOLVED']) }
    const outcomes = ['SetSupportStatusSuccess']
    return { ...base, kind: 'setSupportStatus', talk, query: documents.status, variables, outcomes }
  }
  const user = chance.next() < 0.3 ? null : chance.pick(world.staff).id
  const outcomes = ['AssignSupportSuccess']
  return { ...base, kind: 'assignSupport', talk, query: documents.assign, variables: { id: talk.id, user }, outcomes }
}

/** Another conversation, in which nobody writes: that it was opened once can be seen by its title. */
function opening({ opened }: World, talk: Talk): Write {
  const key = randomUUID()
  return {
    ...base,
    kind: 'openSupport',
    talk,
    query: documents.open,
    variables: { input: { title: key, opKey: key } },
    outcomes: ['OpenSupportSuccess'],
    done: () => opened.push(key),
  }
}

type Ask = (world: World, person: Person, query: string, variables: object) => Promise<Record<string, unknown>>

interface QueueNode {
  id: string
  supportStatus: string
  unansweredSince: string | null
}

interface CaseRow {
  id: string
  status: 'OPEN' | 'RESOLVED'
  isUnread: boolean
  since: Date | null
  at: Date
}

/** By the messages alone: who waits since when, and which conversations have something that the staff has not read. */
const cases = `SELECT s.conversation_id AS id, s.status::text, waits.since,
    coalesce(waits.since, answered.at, c.created_at) AS at,
    EXISTS (SELECT FROM messages m WHERE m.conversation_id = c.id AND m.sender_id = s.user_id AND m.deleted_at IS NULL
      AND m.seq > greatest(answered.seq, s.staff_read_seq)) AS "isUnread"
  FROM support_cases s JOIN conversations c ON c.id = s.conversation_id
  CROSS JOIN LATERAL (SELECT coalesce(max(seq), 0) AS seq, max(created_at) AS at FROM messages
    WHERE conversation_id = c.id AND sender_id <> s.user_id) answered
  CROSS JOIN LATERAL (SELECT min(created_at) AS since FROM messages
    WHERE conversation_id = c.id AND sender_id = s.user_id AND seq > answered.seq AND deleted_at IS NULL) waits`

/** The queue is a plain sort of what the messages say, its counts are a recount, and each conversation was opened once. */
export async function compareSupport(world: World, ask: Ask): Promise<History['states']> {
  const { database, staff, opened } = world
  const { rows } = await database.query<CaseRow>(cases)
  const orderOf = ({ status, since, at, id }: CaseRow) =>
    `${status} ${since === null ? 'answered' : '!'} ${at.toISOString()} ${id}`
  const fresh = rows.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  const known: QueueNode[] = []
  const query = `query ($after: String) { supportQueue(first: 50, after: $after) {
    nodes { id supportStatus unansweredSince } pageInfo { hasNextPage endCursor } } }`
  for (let after: string | null = null; ;) {
    const { supportQueue } = (await ask(world, staff[0]!, query, { after })) as {
      supportQueue: { nodes: QueueNode[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }
    known.push(...supportQueue.nodes)
    if (!supportQueue.pageInfo.hasNextPage) break
    after = supportQueue.pageInfo.endCursor
  }
  const { viewer } = (await ask(world, staff[0]!, '{ viewer { unansweredCount } }', {})) as {
    viewer: { unansweredCount: number }
  }
  const { rows: titles } = await database.query<{ title: string; count: number }>(
    `SELECT title, count(*)::int AS count FROM conversations WHERE kind = 'SUPPORT' AND title IS NOT NULL GROUP BY title`,
  )
  const countOf = new Map(titles.map(({ title, count }) => [title, count]))
  return [
    {
      name: 'the queue of support',
      known: known
        .map((one) => `${keyOf(one.id)} ${one.supportStatus} ${one.unansweredSince ?? 'answered'}`)
        .join(', '),
      fresh: fresh.map(({ id, status, since }) => `${id} ${status} ${since?.toISOString() ?? 'answered'}`).join(', '),
    },
    {
      name: 'unansweredCount of the staff',
      known: String(viewer.unansweredCount),
      fresh: String(rows.filter(({ status, isUnread }) => status === 'OPEN' && isUnread).length),
    },
    ...opened.map((title) => ({ name: `openings of ${title}`, known: String(countOf.get(title) ?? 0), fresh: '1' })),
    {
      name: 'conversations opened twice',
      known: titles
        .filter(({ count }) => count > 1)
        .map(({ title }) => title)
        .join(),
      fresh: '',
    },
  ]
}
