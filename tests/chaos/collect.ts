import { setTimeout as sleep } from 'node:timers/promises'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import { keyOf } from '../testkit/ask.ts'
import type { Person } from '../testkit/person.ts'
import { readFresh, type Asking } from '../testkit/replica.ts'
import type { Shown } from '../testkit/shown.ts'
import { call } from './call.ts'
import type { DeskReader } from './desk-reader.ts'
import type { ChaosReader } from './reader.ts'
import { compareSearch } from './search-check.ts'
import { compareSupport } from './support.ts'
import type { History, Run } from './verdict.ts'
import type { World } from './world.ts'
import type { Writer } from './writer.ts'
import { marksUnread } from './writes.ts'

const uuidOf = (globalId: string) => keyOf(globalId)
const globalIdOf = (id: string) => Buffer.from(`Conversation:${id}`).toString('base64url')

/**
 * Milliseconds without any change before the state is judged: a write that hung in a stalled connection may still arrive.
 */
const stillMs = 2_000

interface Heads {
  heads: { streamId: string; head: number }[]
  active: { who: string; streamId: string }[]
}

async function readHeads({ database }: World): Promise<Heads> {
  const heads = await database.query<{ streamId: string; head: number }>(
    `SELECT id AS "streamId", head_event_seq AS head FROM conversations UNION ALL SELECT id, head_event_seq FROM users
     ORDER BY 1`,
  )
  const active = await database.query<{ who: string; streamId: string }>(
    'SELECT user_id AS who, conversation_id AS "streamId" FROM members WHERE left_at IS NULL ORDER BY 1, 2',
  )
  return { heads: heads.rows, active: active.rows }
}

/** What this reader has not received yet. */
function behind(reader: ChaosReader, { heads, active }: Heads): string[] {
  const who = uuidOf(reader.person.id)
  const headOf = new Map(heads.map(({ streamId, head }) => [streamId, head]))
  const mine = new Set(active.filter((one) => one.who === who).map(({ streamId }) => streamId))
  const followed = [...reader.copies.keys()].map(uuidOf)
  const places = new Map([...reader.copies.keys()].map((id) => [uuidOf(id), reader.place(id)]))
  const wanted =
    reader.conversationId === null ? [...mine] : [uuidOf(reader.conversationId)].filter((id) => mine.has(id))
  const late = wanted.filter((id) => places.get(id) !== headOf.get(id))
  const gone = followed.filter((id) => !mine.has(id))
  const own = reader.isInbox && reader.personalPlace !== headOf.get(who) ? [who] : []
  return [...late, ...gone, ...own].map(
    (id) =>
      `${reader.name} is at ${places.get(id) ?? reader.personalPlace ?? 'nothing'} of ${headOf.get(id) ?? 0} in ${id}`,
  )
}

/** How far each support conversation has got. */
export async function supportHeads({ database }: World): Promise<{ streamId: string; head: number }[]> {
  const { rows } = await database.query<{ streamId: string; head: number }>(
    `SELECT id AS "streamId", head_event_seq AS head FROM conversations WHERE kind = 'SUPPORT'`,
  )
  return rows.map(({ streamId, head }) => ({ streamId: globalIdOf(streamId), head }))
}

async function behindDesk(world: World, desks: DeskReader[]): Promise<string[]> {
  const heads = await supportHeads(world)
  return desks.flatMap((desk) =>
    heads
      .filter(({ streamId, head }) => desk.place(streamId) !== head)
      .map(
        ({ streamId, head }) =>
          `${desk.name} is at ${desk.place(streamId) ?? 'nothing'} of ${head} in ${uuidOf(streamId)}`,
      ),
  )
}

/** Waits until every reader has everything and nothing changes any more; returns what is missing after `timeoutMs`. */
export async function untilCaughtUp(
  world: World,
  readers: ChaosReader[],
  desks: DeskReader[],
  timeoutMs: number,
): Promise<string[]> {
  const deadlineMs = Date.now() + timeoutMs
  let before = ''
  for (;;) {
    const heads = await readHeads(world)
    const missing = [...readers.flatMap((reader) => behind(reader, heads)), ...(await behindDesk(world, desks))]
    const now = JSON.stringify(heads)
    if ((missing.length === 0 && now === before) || Date.now() > deadlineMs) return missing
    before = now
    await sleep(missing.length === 0 ? stillMs : 250)
  }
}

async function readRuns({ database }: World): Promise<Run[]> {
  const { rows } = await database.query<Run>(`
    SELECT 'events of stream ' || s.id AS name, s.head, count(e.seq)::int AS count,
        coalesce(min(e.seq), 0) AS least, coalesce(max(e.seq), 0) AS greatest
      FROM (SELECT id, head_event_seq AS head FROM conversations UNION ALL SELECT id, head_event_seq FROM users) s
      LEFT JOIN events e ON e.stream_id = s.id GROUP BY s.id, s.head
    UNION ALL
    SELECT 'messages of conversation ' || c.id, c.head_seq, count(m.seq)::int, coalesce(min(m.seq), 0), coalesce(max(m.seq), 0)
      FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id`)
  return rows
}

/** For a finding: what happened in a stream at that time. */
async function readKinds({ database }: World): Promise<History['kinds']> {
  const { rows } = await database.query<{ id: string; kind: string }>(
    `SELECT stream_id || ' ' || seq AS id, concat_ws(' ', seq, type, 'by ' || left(actor_id::text, 13), 'of ' || left(data->>'userId', 13),
        data->>'joinedEventSeq', data->>'leftEventSeq', 'in transaction ' || xid, 'at ' || occurred_at::time(3)) AS kind FROM events`,
  )
  return new Map(rows.map(({ id, kind }) => [id, kind]))
}

async function readStored(
  world: World,
): Promise<Pick<History, 'heads' | 'runs' | 'events' | 'messages' | 'leavings' | 'kinds'>> {
  const { database } = world
  const events = await database.query<History['events'][number]>(
    `SELECT actor_id AS who, op_key AS key, stream_id AS "streamId", seq AS "eventSeq", message_seq AS "messageSeq"
     FROM events WHERE op_key IS NOT NULL
     -- Those of writes that changed nothing.
     UNION ALL SELECT actor_id, op_key, stream_id, event_seq, message_seq FROM retired_op_keys`,
  )
  const messages = await database.query<History['messages'][number]>(
    `SELECT sender_id AS who, client_message_id AS key, conversation_id AS "streamId", seq, text, revision FROM messages`,
  )
  const leavings = await database.query<History['leavings'][number]>(
    `SELECT data->>'userId' AS who, stream_id AS "streamId", seq AS "eventSeq" FROM events WHERE type = 'MEMBER_LEFT'`,
  )
  return {
    heads: (await readHeads(world)).heads,
    runs: await readRuns(world),
    events: events.rows,
    messages: messages.rows,
    leavings: leavings.rows,
    kinds: await readKinds(world),
  }
}

const answerTimeoutMs = 20_000

async function ask(world: World, person: Person, query: string, variables: object): Promise<Record<string, unknown>> {
  for (const { url } of [...world.servers, ...world.servers]) {
    const reply = await call(url, person.session.accessToken, query, variables, answerTimeoutMs)
    if ('data' in reply) return reply.data
  }
  throw new Error('nobody answers although nothing is broken any more')
}

/**
 * A copy as text. The viewer's own read position is left out if it was set by hand, or gathered as in these groups: then it
 * is not in the conversation's events. compareCounts checks it.
 */
function asText(world: World, person: Person, conversationId: string, state: Shown | null): string {
  if (!state) return 'not to be seen'
  const talk = world.talks.find(({ id }) => id === conversationId)
  const own = state.members[person.id]
  const isElsewhere = talk && own && (talk.isGroup || talk.blocks || marksUnread(world, person, talk))
  const members = isElsewhere ? { ...state.members, [person.id]: { ...own, lastReadSeq: 0 } } : state.members
  return JSON.stringify({ ...state, members })
}

async function compareStates(world: World, readers: ChaosReader[]): Promise<History['states']> {
  const states: History['states'] = []
  for (const person of world.people) {
    const client = { request: (document: TypedDocument, v: object) => ask(world, person, textOf(document), v) }
    const asking = { client, id: person.id } as unknown as Asking
    const fresh = new Map<string, Shown | null>()
    for (const reader of readers.filter((one) => one.person === person)) {
      for (const [id, { replica }] of reader.copies) {
        if (!fresh.has(id)) fresh.set(id, await readFresh(asking, id))
        const read = fresh.get(id) ?? null
        // Who follows one conversation alone is not told what they cleared from another device.
        const known = replica.state(read, reader.isInbox ? 0 : read?.historyFromSeq)
        states.push({
          name: `${reader.name}, conversation ${uuidOf(id)}`,
          known: asText(world, person, id, known),
          fresh: asText(world, person, id, read),
        })
      }
    }
  }
  return states
}

/** The counts of reactions, beside their rows and beside the log: the events are the changes. */
async function compareReactions({ database }: World): Promise<History['states']> {
  const { rows } = await database.query<{ name: string; known: string; fresh: string }>(`
    SELECT 'reactions ' || k.kind || ' of message ' || k.message_seq || ' in ' || k.conversation_id AS name, k.count::text AS known,
        CASE WHEN r.count IS NOT DISTINCT FROM e.count THEN r.count::text ELSE r.count || ' rows, ' || e.count || ' events' END AS fresh
      FROM reaction_kinds k
      CROSS JOIN LATERAL (SELECT count(*) FROM reactions
        WHERE conversation_id = k.conversation_id AND message_seq = k.message_seq AND kind = k.kind) r
      CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN (data->>'on')::boolean THEN 1 ELSE -1 END), 0) AS count FROM events
        WHERE stream_id = k.conversation_id AND message_seq = k.message_seq AND type = 'REACTION_TOGGLED'
          AND (data->>'kind')::int = k.kind) e`)
  return rows
}

const inboxQuery = `{ inbox(first: 100, filter: ALL) { nodes { unreadCount unreadMentionCount lastReadSeq conversation { id headSeq } } } }`

interface EntryNode {
  unreadCount: number
  unreadMentionCount: number
  lastReadSeq: number
  conversation: { id: string; headSeq: number }
}

async function compareCounts(world: World): Promise<History['states']> {
  interface Counted {
    who: string
    streamId: string
    unread: number
    mentions: number
    lastReadSeq: number
  }
  const { rows } = await world.database.query<Counted>(
    `SELECT m.user_id AS who, m.conversation_id AS "streamId", m.own_read_seq AS "lastReadSeq", x.unread, x.mentions
      FROM members m CROSS JOIN LATERAL (
        SELECT count(*)::int AS unread,
            (count(*) FILTER (WHERE x.mentions_everyone AND x.created_at >= m.joined_at OR m.user_id = ANY (x.mention_ids)))::int AS mentions
          FROM messages x WHERE x.conversation_id = m.conversation_id AND x.seq > m.own_read_seq
            AND x.sender_id <> m.user_id AND x.deleted_at IS NULL) x
     WHERE m.left_at IS NULL AND NOT m.hidden AND m.user_id = ANY ($1) ORDER BY 1, 2`,
    // Not of those who attack.
    [world.people.map(({ id }) => uuidOf(id))],
  )
  const counted = new Map<string, string>()
  for (const { who, streamId, unread, mentions, lastReadSeq } of rows) {
    counted.set(`${who} ${streamId}`, `${unread} unread, ${mentions} mentions after ${lastReadSeq}`)
  }
  const states: History['states'] = []
  for (const person of world.people) {
    const { inbox } = (await ask(world, person, inboxQuery, {})) as { inbox: { nodes: EntryNode[] } }
    for (const { unreadCount, unreadMentionCount, lastReadSeq, conversation } of inbox.nodes) {
      const id = `${uuidOf(person.id)} ${uuidOf(conversation.id)}`
      const known = `${unreadCount} unread, ${unreadMentionCount} mentions after ${lastReadSeq}`
      states.push({ name: `inbox entry ${id}`, known, fresh: counted.get(id) ?? 'no entry' })
      counted.delete(id)
    }
  }
  for (const [id, fresh] of counted) states.push({ name: `inbox entry ${id}`, known: 'no entry', fresh })
  return states
}

/** Each message has as many files as it says, a deleted one none, and all bytes of files that are gone are removed. */
async function compareFiles({ database }: World): Promise<History['states']> {
  const { rows } = await database.query<{ wrong: number; left: number }>(`
    SELECT (SELECT count(*)::int FROM messages m WHERE m.attachment_count <> (SELECT count(*) FROM attachments a
        WHERE a.conversation_id = m.conversation_id AND a.message_seq = m.seq AND m.deleted_at IS NULL)) AS wrong,
      (SELECT count(*)::int FROM removed_files WHERE removed_at IS NULL) AS left`)
  const { wrong, left } = rows[0] ?? { wrong: -1, left: -1 }
  return [
    { name: 'messages with other files than they say', known: String(wrong), fresh: '0' },
    { name: 'files that are gone and not removed', known: String(left), fresh: '0' },
  ]
}

/** Each group has exactly one owner. */
async function readOwners({ database }: World): Promise<History['states']> {
  const { rows } = await database.query<{ id: string; owners: number }>(`
    SELECT c.id, (count(*) FILTER (WHERE m.role = 'OWNER'))::int AS owners
      FROM conversations c JOIN members m ON m.conversation_id = c.id AND m.left_at IS NULL
     WHERE c.kind = 'GROUP' GROUP BY c.id`)
  return rows.map(({ id, owners }) => ({ name: `owners of ${id}`, known: String(owners), fresh: '1' }))
}

/** All data that the verdict needs, with the ids of the database. */
export async function collect(
  world: World,
  writers: Writer[],
  readers: ChaosReader[],
  desks: DeskReader[],
): Promise<History> {
  const stored = await readStored(world)
  return {
    ...stored,
    acks: writers.flatMap(({ acks }) =>
      acks.map((ack) => ({ ...ack, who: uuidOf(ack.who), streamId: uuidOf(ack.streamId) })),
    ),
    readers: [...readers, ...desks].map((reader) => {
      const { name, who, streams } = reader.history()
      const inIds = streams.map(({ streamId, segments }) => ({ streamId: uuidOf(streamId), segments }))
      return { name, who: uuidOf(who), streams: inIds }
    }),
    states: [
      ...(await compareStates(world, readers)),
      ...(await compareCounts(world)),
      ...(await compareReactions(world)),
      ...(await compareFiles(world)),
      ...(await readOwners(world)),
      ...(await compareSearch(world, ask)),
      ...(await compareSupport(world, ask)),
    ],
    positions: writers.flatMap((writer) =>
      [...writer.positions].map(([id, lastReadSeqs]) => ({ name: `${writer.name} in ${uuidOf(id)}`, lastReadSeqs })),
    ),
    unexpected: [...world.unexpected],
  }
}
