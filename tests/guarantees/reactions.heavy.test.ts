import { beforeAll, expect, test } from 'vitest'
import { ReactionsDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { crowdSecret, gather, signUpMany } from '../testkit/crowd.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { statementsOf } from '../testkit/statements.ts'

const crowdSize = 1_000

let pair: Pair
let ann: Person
let crowd: Person[]
let group: string
beforeAll(async () => {
  pair = await startPair({ env: { JWT_SECRET: crowdSecret } })
  ann = await signUp(pair.urls[0], 'Ann')
  crowd = await signUpMany(pair.database, pair.urls[0], crowdSize)
  group = await gather(pair.database, ann, crowd)
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1]!.split('/')[0]!
const mutation = `mutation ($input: ToggleReactionInput!) { toggleReaction(input: $input) {
  __typename ... on ToggleReactionSuccess { ack { outcome cursor { eventSeq } } } ... on Error { code reason } } }`

interface Toggled {
  __typename: string
  ack: { outcome: 'ACCEPTED' | 'DUPLICATE'; cursor: { eventSeq: number } }
}

/** Sends it to both processes at once, and again, as a client whose answers are lost; asks again when told to wait. */
async function toggle(person: Person, messageId: string, emoji: string, on: boolean): Promise<Toggled[]> {
  const input = { messageId, emoji, on, opKey: newKey() }
  const once = async (url: string): Promise<Toggled> => {
    for (;;) {
      const answer = await ask<{ toggleReaction: Toggled }>(person.at(url), mutation, { input })
      if (answer.data) return answer.data.toggleReaction
      const [error] = answer.errors ?? []
      if (!error?.extensions.retryable) throw new Error(answer.text)
      await new Promise((resolve) => setTimeout(resolve, error.extensions.retryAfterMs ?? 100))
    }
  }
  return Promise.all([once(pair.urls[0]), once(pair.urls[1])])
}

const countsOf = async (messageId: string) => {
  const [node] = (await ann.client.request(ReactionsDocument, { ids: [messageId] })).nodes
  return node && 'reactions' in node ? node.reactions.map(({ emoji, count }) => `${emoji}${String(count)}`) : null
}

test('1,000 people toggle the same emoji at once with retries: the count is the people, and the events the changes', async () => {
  const { message } = await ann.send(group, 'Hello everybody')
  const before = await pair.database.query<{ head: number }>(
    'SELECT head_event_seq AS head FROM conversations WHERE id = $1',
    [uuidOf(group)],
  )
  let next = 0
  const answers: Toggled[][] = []
  // As many at once as one client of a browser's size may have: 100 people.
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      for (let person = crowd[next++]; person; person = crowd[next++]) {
        answers.push(await toggle(person, message.id, next % 2 === 0 ? '❤' : '❤️', true))
      }
    }),
  )
  expect(new Set(answers.flat().map(({ __typename }) => __typename))).toEqual(new Set(['ToggleReactionSuccess']))
  for (const [one, other] of answers) {
    expect([one!.ack.outcome, other!.ack.outcome].sort()).toEqual(['ACCEPTED', 'DUPLICATE'])
    expect(one!.ack.cursor).toEqual(other!.ack.cursor)
  }
  expect(await countsOf(message.id)).toEqual([`❤️${String(crowdSize)}`])
  // Every third takes it back, and every other third does again what is done.
  const later: Promise<Toggled[]>[] = []
  for (let start = 0; start < 300; start += 100) {
    const some = crowd
      .slice(start, start + 100)
      .map((person, index) => toggle(person, message.id, '❤️', index % 2 === 0))
    later.push(...some)
    await Promise.all(some)
  }
  expect(await countsOf(message.id)).toEqual([`❤️${String(crowdSize - 150)}`])
  const log = await pair.database.query<{ on: boolean; count: number; numbers: number }>(
    `SELECT (data->>'on')::boolean AS on, count(*)::int, count(DISTINCT seq)::int AS numbers FROM events
      WHERE stream_id = $1 AND seq > $2 AND type = 'REACTION_TOGGLED' GROUP BY 1 ORDER BY 1 DESC`,
    [uuidOf(group), before[0]!.head],
  )
  expect(log).toEqual([
    { on: true, count: crowdSize, numbers: crowdSize },
    { on: false, count: 150, numbers: 150 },
  ])
  const [{ head, rows, kinds }] = (await pair.database.query(
    `SELECT head_event_seq AS head, (SELECT count(*)::int FROM reactions WHERE conversation_id = c.id) AS rows,
      (SELECT sum(count)::int FROM reaction_kinds WHERE conversation_id = c.id) AS kinds FROM conversations c WHERE id = $1`,
    [uuidOf(group)],
  )) as [{ head: number; rows: number; kinds: number }]
  expect({ head, rows, kinds }).toEqual({
    head: before[0]!.head + crowdSize + 150,
    rows: crowdSize - 150,
    kinds: crowdSize - 150,
  })
})

test('a page of 50 messages with reactions reads as much when each has 1,000 of them', async () => {
  const id = await gather(pair.database, ann, crowd)
  for (let index = 0; index < 50; index++) await ann.send(id, `Message ${String(index)}`)
  const query = `query ($id: ID!) { conversation(id: $id) { messages(last: 50) { nodes {
    seq reactions { emoji count viewerReacted firstUsers { displayName } } } } } }`
  const read = async () => {
    const answer = await ask<{ conversation: { messages: { nodes: { reactions: object[] }[] } } }>(ann, query, { id })
    return answer.data!.conversation.messages.nodes
  }
  const react = async (people: number) => {
    await pair.database.query(
      `WITH who AS (SELECT user_id, row_number() OVER () AS nth FROM members WHERE conversation_id = $1 LIMIT $2),
        made AS (INSERT INTO reactions (conversation_id, message_seq, user_id, kind, event_seq)
          SELECT $1, seq, user_id, 1, 1000 + nth FROM who, generate_series(1, 50) AS seq
          ON CONFLICT DO NOTHING)
       INSERT INTO reaction_kinds (conversation_id, message_seq, kind, emoji, count, since_event_seq)
        SELECT $1, seq, 1, '👍', $2::int, 1000 FROM generate_series(1, 50) AS seq
        ON CONFLICT (conversation_id, message_seq, kind) DO UPDATE SET count = excluded.count`,
      [uuidOf(id), people],
    )
    // As autovacuum does within a minute.
    await pair.database.query('ANALYZE reactions, reaction_kinds')
  }
  await react(1)
  await read()
  // Servers do things of their own besides, on some reads.
  const least = async () => {
    const rounds = [
      await statementsOf(pair.database, read),
      await statementsOf(pair.database, read),
      await statementsOf(pair.database, read),
    ]
    return rounds.reduce((one, other) => (other.calls < one.calls ? other : one))
  }
  const few = await least()
  await react(crowdSize)
  const nodes = await read()
  expect(nodes.map(({ reactions }) => reactions)).toEqual(
    nodes.map(() => [expect.objectContaining({ emoji: '👍', count: crowdSize }) as object]),
  )
  const many = await least()
  expect(many.calls, JSON.stringify([few.list, many.list], null, 2)).toBe(few.calls)
  expect(many.pages, JSON.stringify(many.list, null, 2)).toBeLessThan(few.pages * 3)
})
