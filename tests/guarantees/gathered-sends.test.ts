import { beforeAll, describe, expect, test } from 'vitest'
import { SendMessageDocument } from '../../sdk/src/generated/graphql.ts'
import { encodeGlobalId } from '../../src/schema/building/ids.ts'
import { expectWholeChain } from '../testkit/chain.ts'
import { keyOf } from '../testkit/ask.ts'
import { effort } from '../testkit/effort.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { statementsOf } from '../testkit/statements.ts'

let pair: Pair

beforeAll(async () => {
  pair = await startPair()
})

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Somebody on each of these servers in turn. */
const signUpMany = (count: number, urls: string[] = pair.urls) =>
  Promise.all(oneTo(count).map((index) => signUp(urls[index % urls.length]!)))

const groups = (count: number, owner: Person, others: Person[]) =>
  Promise.all(oneTo(count).map((index) => owner.createGroup(others, `Group ${index}`)))

interface Stored {
  conversation: string
  seq: number
  eventSeq: number
  text: string
}

/** As a client does it on a machine that is too busy to answer in time: the same again with its key. */
async function sendOnce(writer: Person, conversation: string, text: string) {
  const key = newKey()
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await writer.send(conversation, text, key)
      if (attempt === 1) expect(answer.ack.outcome).toBe('ACCEPTED')
      return answer
    } catch (error) {
      if ((error as { code?: string }).code !== 'UNAVAILABLE' || attempt === 10) throw error
    }
  }
}

/** All messages of these conversations with their places in the log, out of the database. */
const stored = (database: Pair['database'], conversations: string[]) =>
  database.query<Stored & Record<string, unknown>>(
    `SELECT m.conversation_id::text AS conversation, m.seq, e.seq AS "eventSeq", m.text
       FROM messages m JOIN events e ON e.stream_id = m.conversation_id AND e.message_seq = m.seq AND e.type = 'MESSAGE_SENT'
      WHERE m.conversation_id = ANY ($1::uuid[]) ORDER BY 1, 2`,
    [conversations.map(keyOf)],
  )

function expectGapless(rows: Stored[], conversations: string[]): void {
  for (const conversation of conversations) {
    const own = rows.filter((row) => row.conversation === keyOf(conversation))
    expect(own.map(({ seq }) => seq)).toEqual(oneTo(own.length))
    expect(own.map(({ eventSeq }) => eventSeq)).toEqual(oneTo(own.length))
  }
}

const sendsEach = effort(100, 20)
describe.each([1, 5, 100])('with %i conversations', (conversationCount) => {
  test(`${String(20 * sendsEach)} sends of 20 writers in 2 processes go together, each with its own answer, numbered without a gap`, async () => {
    const atOnce = 10
    const writers = await signUpMany(20)
    const [owner, ...others] = writers as [Person, ...Person[]]
    const conversations = await groups(conversationCount, owner, others)
    const answered: Stored[] = []
    const { list } = await statementsOf(pair.database, () =>
      Promise.all(
        writers.flatMap((writer, who) =>
          oneTo(atOnce).map(async (lane) => {
            for (let count = lane; count <= sendsEach; count += atOnce) {
              const conversation = conversations[(who * sendsEach + count) % conversationCount]!
              const text = `${writer.handle} ${count}`
              const { ack, message } = await sendOnce(writer, conversation, text)
              expect(message.text).toBe(text)
              answered.push({
                conversation: keyOf(conversation),
                seq: message.seq,
                eventSeq: ack.cursor.eventSeq,
                text,
              })
            }
          }),
        ),
      ),
    )
    const inOrder = (a: Stored, b: Stored) =>
      a.conversation < b.conversation ? -1 : a.conversation > b.conversation ? 1 : a.seq - b.seq
    const total = writers.length * sendsEach
    expect(answered).toHaveLength(total)
    const rows = await stored(pair.database, conversations)
    expect(rows).toEqual(answered.sort(inOrder))
    expectGapless(rows, conversations)
    const callsOf = (name: string) =>
      list.filter(({ query }) => query.includes(name)).reduce((sum, { calls }) => sum + calls, 0)
    expect(callsOf('parley_send_messages(')).toBeGreaterThan(0)
  }, 120_000)
})

const typeOf = async (person: Person, input: object) => {
  const { sendMessage } = await person.client.request(SendMessageDocument, { input: input as never })
  return sendMessage.__typename === 'SendMessageSuccess'
    ? `${sendMessage.ack.outcome} ${sendMessage.message.text ?? 'deleted'}`
    : sendMessage.__typename
}

test('sends that go together have each their own outcome, and those that are refused harm no other', async () => {
  const [ann, bob, outsider] = (await signUpMany(3, [pair.urls[0]])) as [Person, Person, Person]
  const open = await ann.createGroup([bob])
  const elsewhere = await ann.createGroup([bob])
  const closed = await ann.startDirect(bob)
  await pair.database.query('UPDATE conversations SET closed_at = now() WHERE id = $1', [keyOf(closed)])
  const first = await ann.send(open, 'First')
  const deleted = await ann.send(open, 'To be deleted')
  await ann.remove(deleted.message.id)
  const input = (conversationId: string, text: string, more: object = {}) => ({
    conversationId,
    text,
    clientMessageId: newKey(),
    ...more,
  })
  const nowhere = encodeGlobalId('Conversation', '00000000-0000-7000-8000-000000000000')
  const messageAt = (seq: number) => encodeGlobalId('Message', `${keyOf(open)}/${seq}`)
  const asked: [Person, object, string][] = oneTo(4).flatMap((round): [Person, object, string][] => [
    [ann, input(open, `Ann ${round}`), `ACCEPTED Ann ${round}`],
    [bob, input(elsewhere, `Bob ${round}`), `ACCEPTED Bob ${round}`],
    [outsider, input(open, 'Let me in'), 'NotFoundError'],
    [ann, input(nowhere, 'Anybody?'), 'NotFoundError'],
    [bob, input(closed, 'Too late'), 'ConversationClosedError'],
    [ann, input(open, 'First', { clientMessageId: first.ack.opKey }), 'DUPLICATE First'],
    [ann, input(open, 'Second', { clientMessageId: first.ack.opKey }), 'OpKeyReusedError'],
    [ann, input(open, 'To be deleted', { clientMessageId: deleted.ack.opKey }), 'DUPLICATE deleted'],
    [bob, input(open, `Reply ${round}`, { replyToId: first.message.id }), `ACCEPTED Reply ${round}`],
    [bob, input(open, 'To what?', { replyToId: messageAt(1_000) }), 'NotFoundError'],
  ])
  // The same person with the same key, for the same and for something else, all at once.
  const key = newKey()
  const same = oneTo(8).map((index) => typeOf(ann, input(open, index % 2 ? 'Same' : 'Other', { clientMessageId: key })))
  const { list } = await statementsOf(pair.database, async () => {
    const outcomes = await Promise.all(asked.map(([person, what]) => typeOf(person, what)))
    expect(outcomes).toEqual(asked.map(([, , expected]) => expected))
  })
  expect(list.some(({ query }) => query.includes('parley_send_messages('))).toBe(true)
  const outcomes = (await Promise.all(same)).sort()
  expect(outcomes.filter((outcome) => outcome.startsWith('ACCEPTED'))).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome.startsWith('DUPLICATE'))).toHaveLength(3)
  expect(outcomes.filter((outcome) => outcome === 'OpKeyReusedError')).toHaveLength(4)

  const rows = await stored(pair.database, [open, elsewhere])
  expect(rows.map(({ seq }) => seq)).toEqual(
    [open, elsewhere]
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .flatMap((id) => oneTo(id === open ? 2 + 8 + 1 : 4)),
  )
})

test('a conversation that somebody holds keeps no other waiting, and its own sends go on when it is free', async () => {
  const [ann, bob] = (await signUpMany(2, [pair.urls[0]])) as [Person, Person]
  const conversations = await groups(6, ann, [bob])
  const [heldOne, ...others] = conversations as [string, ...string[]]
  const held = await holdRows(pair.database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [keyOf(heldOne)])
  const waiting: Promise<unknown>[] = []
  const free: Promise<unknown>[] = []
  for (const count of oneTo(5)) {
    for (const other of others) free.push(ann.send(other, `Free ${count}`))
    waiting.push(bob.send(heldOne, `Held ${count}`))
  }
  await Promise.all(free)
  let isAnswered = false
  void Promise.any(waiting).then(
    () => (isAnswered = true),
    () => (isAnswered = true),
  )
  await held.waitForBlocked(1)
  expect(isAnswered).toBe(false)
  await held.release()
  await Promise.all(waiting)
  const rows = await stored(pair.database, conversations)
  expect(rows).toHaveLength(30)
  expectGapless(rows, conversations)
})

test('a process killed with many sends under way has lost none that it acknowledged, and the others are settled by their keys', async () => {
  const { database, servers, urls } = await startPair()
  const writers = await signUpMany(10, [urls[1]])
  const [owner, ...others] = writers as [Person, ...Person[]]
  const conversations = await groups(3, owner, others)
  const acknowledged: string[] = []
  const unknown: { writer: Person; conversation: string; text: string; key: string }[] = []
  await Promise.all(
    writers.flatMap((writer) =>
      oneTo(6).map(async (lane) => {
        for (let count = 1; ; count++) {
          const conversation = conversations[(lane + count) % conversations.length]!
          const [text, key] = [`${writer.handle} ${lane} ${count}`, newKey()]
          try {
            await writer.send(conversation, text, key)
          } catch {
            unknown.push({ writer, conversation, text, key })
            return
          }
          acknowledged.push(text)
          if (acknowledged.length === 300) servers[1].kill('SIGKILL')
        }
      }),
    ),
  )
  expect(unknown).toHaveLength(60)
  const before = await stored(database, conversations)
  expectGapless(before, conversations)
  const texts = new Set(before.map(({ text }) => text))
  expect(acknowledged.filter((text) => !texts.has(text))).toEqual([])
  const settled = await Promise.all(
    unknown.map(async ({ writer, conversation, text, key }) => {
      const { ack } = await writer.at(urls[0]).send(conversation, text, key)
      return ack.outcome === (texts.has(text) ? 'DUPLICATE' : 'ACCEPTED')
    }),
  )
  expect(settled).not.toContain(false)
  const after = await stored(database, conversations)
  expectGapless(after, conversations)
  expect(after.map(({ text }) => text).sort()).toEqual([...acknowledged, ...unknown.map(({ text }) => text)].sort())
})

test('each event of all this names the one before it', () => expectWholeChain(pair.database))
