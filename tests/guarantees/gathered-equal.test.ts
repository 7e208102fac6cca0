import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
/** Three who are members of everything, one who has left, and one who never was in it. */
const people = [1, 2, 3, 4, 5].map(uuid)
/** Two that are open, one that is closed, and one that is not there. */
const conversations = [11, 12, 13, 14].map(uuid)

const begin = `
  TRUNCATE users, conversations, events, retired_op_keys CASCADE;
  INSERT INTO users (id, handle, display_name, search_name)
    SELECT id, 'p_' || right(id::text, 2), 'P', 'p' FROM unnest('{${people.join()}}'::uuid[]) id;
  INSERT INTO conversations (id, kind, closed_at)
    SELECT id, 'GROUP', CASE WHEN id = '${conversations[2]!}' THEN now() END
      FROM unnest('{${conversations.slice(0, 3).join()}}'::uuid[]) id;
  INSERT INTO members (conversation_id, user_id, left_at)
    SELECT c.id, u.id, CASE WHEN u.id = '${people[3]!}' THEN now() END
      FROM conversations c, users u WHERE u.id <> '${people[4]!}';`

const sendStep = fc.record({
  actor: fc.constantFrom(...people.slice(0, 3), ...people),
  conversation: fc.constantFrom(...conversations.slice(0, 2), ...conversations.slice(0, 2), ...conversations),
  // Few keys and texts, so that many are used again, for the same and for something else.
  opKey: fc.nat({ max: 40 }).map((n) => `key ${n}`),
  text: fc.constantFrom('Hello', 'Ünïcödé "quoted" \\ {braces}, NULL\n'),
  replyTo: fc.option(fc.integer({ min: 0, max: 12 }), { freq: 2 }),
})
type Send = typeof sendStep extends fc.Arbitrary<infer T> ? T : never

const batchStep = fc.uniqueArray(sendStep, { maxLength: 25, minLength: 1, selector: (s) => `${s.actor} ${s.opKey}` })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), sends: batchStep }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      conversation: fc.constantFrom(...conversations.slice(0, 2)),
      seq: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      actor: fc.constantFrom(...people.slice(0, 3)),
      conversation: fc.constantFrom(...conversations.slice(0, 2)),
      seq: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('archive' as const),
      actor: fc.constantFrom(...people.slice(0, 3)),
      conversation: fc.constantFrom(...conversations.slice(0, 2)),
      muted: fc.constantFrom(null, '1 day', '-1 day'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** The outcome of a send, as far as no clock goes into it. */
interface Outcome {
  outcome: string
  seq: number | null
  eventSeq: number | null
  text?: string | null
}

interface Answer {
  outcome: string
  eventSeq?: number
  message?: { seq: number; text: string | null } | null
}

const hashOf = ({ conversation, text, replyTo }: Send) =>
  createHash('sha256')
    .update(JSON.stringify([conversation, text, replyTo]))
    .digest()

const outcomeOf = ({ outcome, eventSeq, message }: Answer): Outcome => ({
  outcome,
  seq: message?.seq ?? null,
  eventSeq: eventSeq ?? null,
  ...(message && { text: message.text }),
})

async function sendOneByOne(db: TestDatabase, sends: Send[]): Promise<Outcome[]> {
  const heads = new Map(
    (await db.query<{ id: string; head: number }>('SELECT id, head_seq AS head FROM conversations')).map(
      ({ id, head }) => [id, head],
    ),
  )
  // Who answers what is not there yet counts as first.
  const isEarly = ({ conversation, replyTo }: Send) => (replyTo ?? 0) > (heads.get(conversation) ?? 0)
  const outcomes = new Map<Send, Outcome>()
  for (const send of [...sends.filter(isEarly), ...sends.filter((one) => !isEarly(one))]) {
    const { actor, conversation, opKey, text, replyTo } = send
    const [row] = await db.query<{ answer: Answer }>('SELECT parley_send_message($1, $2, $3, $4, $5, $6) AS answer', [
      actor,
      conversation,
      opKey,
      hashOf(send),
      text,
      replyTo,
    ])
    outcomes.set(send, outcomeOf(row!.answer))
  }
  return sends.map((send) => outcomes.get(send)!)
}

interface Row {
  outcome: string | null
  seq: number
  event_seq: number
  replayed: Answer | null
}

async function sendGathered(db: TestDatabase, sends: Send[]): Promise<Outcome[]> {
  const rows = await db.query<Row>(
    'SELECT * FROM parley_send_messages($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[])',
    [
      sends.map(({ actor }) => actor),
      sends.map(({ conversation }) => conversation),
      sends.map(({ opKey }) => opKey),
      sends.map(hashOf),
      sends.map(({ text }) => text),
      sends.map(({ replyTo }) => replyTo),
    ],
  )
  // The events on personal streams come after.
  const isOwn = ({ outcome }: Row) => outcome === 'BESIDES'
  expect(rows.findIndex(isOwn)).toBe(rows.length > sends.length ? sends.length : -1)
  return rows.slice(0, sends.length).map(({ outcome, seq, event_seq: eventSeq, replayed }, index) => {
    if (replayed) return outcomeOf(replayed)
    if (outcome === 'ACCEPTED') return { outcome, seq, eventSeq, text: sends[index]!.text }
    return { outcome: outcome ?? 'none', seq: null, eventSeq: null }
  })
}

/** All that the writes have left, but for clocks, salts and transaction ids. */
async function stateOf(db: TestDatabase) {
  const tables = {
    conversations: 'SELECT id, head_seq, head_event_seq FROM conversations ORDER BY id',
    members: `SELECT conversation_id, user_id, last_read_seq, own_read_seq, last_delivered_seq, last_sent_seq, archived
      FROM members ORDER BY 1, 2`,
    messages: `SELECT conversation_id, seq, sender_id, text, revision, client_message_id, reply_to_seq,
      deleted_at IS NULL AS "there", salt IS NULL AS unsalted FROM messages ORDER BY 1, 2`,
    events: `SELECT stream_id, seq, type, actor_id, op_key, octet_length(request_hash) AS hash, message_seq, data - 'receipts' AS data
      FROM events WHERE stream_id IN (SELECT id FROM conversations) ORDER BY 1, 2`,
    // In which order two conversations come back to one person, and which of two messages it was, is not said.
    personal: `SELECT stream_id, type, data, count(*)::int FROM events WHERE stream_id IN (SELECT id FROM users)
      GROUP BY 1, 2, 3 ORDER BY 1, 3`,
    users: 'SELECT id, head_event_seq FROM users ORDER BY 1',
    receipts: 'SELECT conversation_id, user_id, up_to_seq FROM receipts ORDER BY 1, 2, 3',
    retired: 'SELECT actor_id, op_key, stream_id, event_seq, message_seq FROM retired_op_keys ORDER BY 1, 2',
  }
  return Object.fromEntries(
    await Promise.all(Object.entries(tables).map(async ([name, sql]) => [name, await db.query(sql)] as const)),
  )
}

test('sends in one statement give each the answer, and leave the rows, of the same sends one after the other', async () => {
  const [one, gathered] = await Promise.all([createTestDatabase(), createTestDatabase()])
  const both = (sql: string, params: unknown[] = []) => Promise.all([one, gathered].map((db) => db.query(sql, params)))
  const seen = new Set<string>()
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
    await both(begin)
    for (const [index, action] of steps.entries()) {
      switch (action.kind) {
        case 'send': {
          const [expected, outcomes] = await Promise.all([
            sendOneByOne(one, action.sends),
            sendGathered(gathered, action.sends),
          ])
          expect(outcomes).toEqual(expected)
          for (const { outcome } of outcomes) seen.add(outcome)
          break
        }
        case 'delete':
          await both(
            'SELECT parley_delete_message(sender_id, $1, $2, $3, $4) FROM messages WHERE conversation_id = $1 AND seq = $2',
            [action.conversation, action.seq, `delete ${index}`, Buffer.alloc(32)],
          )
          break
        case 'read':
          await both('SELECT parley_advance_cursor($1, $2, $3, 0)', [action.actor, action.conversation, action.seq])
          break
        case 'archive':
          await both('SELECT parley_update_entry($1, $2, true, now() + $3::interval, true, NULL, NULL)', [
            action.actor,
            action.conversation,
            action.muted,
          ])
          break
        case 'retire':
          // All streams: which one comes first follows from where its rows lie.
          for (let stream = 0; stream < conversations.length; stream++) {
            await both("SELECT parley_retire_events(now() + interval '1 day', 1000)")
          }
      }
    }
    expect(await stateOf(gathered)).toEqual(await stateOf(one))
    // Times never go back within a conversation.
    expect(
      await gathered.query(
        `SELECT FROM messages later JOIN messages earlier USING (conversation_id)
          WHERE later.seq > earlier.seq AND later.created_at < earlier.created_at`,
      ),
    ).toEqual([])
  })
  const again: Send = {
    actor: people[0]!,
    conversation: conversations[0]!,
    opKey: 'again',
    text: 'Hello',
    replyTo: null,
  }
  const batches: Send[][] = [[again], [again], [{ ...again, replyTo: 3 }]]
  // The same key for the same and for something else, which chance may not bring.
  const examples: [Step[]][] = [[batches.map((sends) => ({ kind: 'send', sends }))]]
  const outcomes = ['ACCEPTED', 'CONVERSATION_CLOSED', 'DUPLICATE', 'NOT_FOUND', 'OP_KEY_REUSED', 'REPLY_NOT_FOUND']
  // Once is enough, but for an outcome that chance has not brought yet.
  for (let round = 0; round < 5 && (round === 0 || seen.size < outcomes.length); round++) {
    await fc.assert(property, { numRuns: effort(60, 20), interruptAfterTimeLimit: 40_000, examples })
  }
  expect([...seen].sort()).toEqual(outcomes)
}, 120_000)
