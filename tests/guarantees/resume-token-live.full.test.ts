import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { pageOf, readAfter, resyncAfter, type TokenEvent } from '../testkit/token-reader.ts'
import { keepActing, Talk } from '../testkit/traffic.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair({ env: { RING_EVENTS: '8' } })
})

const cuts = 40

/** What a reader that keeps nothing but its newest token was told, in the order in which it came. */
class TokenKeeper {
  readonly told: TokenEvent[] = []
  longest = 0

  constructor(
    private readonly person: Person,
    public resume: string,
  ) {}

  /** Reads until there are so many more, or what `isDone` waits for, and is cut off. */
  async read(
    url: string,
    count: number,
    isDone: ((events: TokenEvent[]) => boolean) | null = null,
    attempt = 1,
  ): Promise<void> {
    if (isDone?.(this.told)) return
    const live = await readAfter(this.person.at(url), this.resume)
    try {
      if (isDone) await live.waitFor(() => isDone([...this.told, ...live.events]), 'the end')
      else await live.waitForCount(count)
    } catch (error) {
      // As a client does: it comes back with what it has.
      if (attempt === 10 || !JSON.stringify(live.ended).includes('UNAVAILABLE')) throw error
      await sleep(500)
    }
    live.cut()
    for (const event of live.events) {
      this.told.push(event)
      expect(event.resume, JSON.stringify(event)).toMatch(/^r1[\w-]+$/)
      this.longest = Math.max(this.longest, event.resume!.length)
      this.resume = event.resume!
    }
    const left = count - live.events.length
    if (isDone ? !isDone(this.told) : left > 0) await this.read(url, left, isDone, attempt + 1)
  }

  seqsOf(streamId: string): number[] {
    return this.told.filter(({ cursor }) => cursor.streamId === streamId).map(({ cursor }) => cursor.eventSeq)
  }
}

const headOf = async (conversationId: string): Promise<number> => {
  const [row] = await pair.database.query<{ head: number }>(
    'SELECT head_event_seq AS head FROM conversations WHERE id = $1',
    [keyOf(conversationId)],
  )
  return row!.head
}

const from = (start: number, end: number) =>
  Array.from({ length: Math.max(0, end - start) }, (_, nth) => start + 1 + nth)

test.each([
  ['few conversations', 3],
  ['many conversations', 25],
])('with %s, cut off at random, all that was written comes once, in order', async (_, count) => {
  await withRandom(async (random) => {
    const [a, b] = pair.urls
    const [reader, ...writers] = await Promise.all([signUp(a), signUp(b), signUp(a), signUp(b)])
    const talks: Talk[] = []
    for (let nth = 0; nth < count; nth++)
      talks.push(new Talk(await writers[0].createGroup([reader, ...writers.slice(1)])))
    const { resume } = await pageOf(reader)
    const heads = new Map<string, number>()
    for (const { conversationId } of talks) heads.set(conversationId, await headOf(conversationId))
    const keeper = new TokenKeeper(reader, resume)
    const stop = keepActing(writers, (writer) => random.pick(talks).act(random, writer))
    for (let round = 0; round < cuts; round++) {
      await keeper.read(pair.urls[round % 2]!, random.below(4) * random.below(12))
    }
    await stop()
    const ends = new Map<string, number>()
    for (const { conversationId } of talks) ends.set(conversationId, await headOf(conversationId))
    await keeper.read(a, 0, (events) =>
      [...ends].every(
        ([streamId, head]) =>
          head === heads.get(streamId) ||
          events.some(({ cursor }) => cursor.streamId === streamId && cursor.eventSeq === head),
      ),
    )
    for (const { conversationId } of talks) {
      expect(keeper.seqsOf(conversationId)).toEqual(from(heads.get(conversationId)!, ends.get(conversationId)!))
    }
    expect(keeper.told.filter(({ __typename }) => __typename === 'SnapshotRequired')).toEqual([])
    expect(keeper.longest).toBeLessThan(900)
    // Nothing is left.
    const last = await readAfter(reader, keeper.resume)
    await writers[0].send(talks[0]!.conversationId, 'The end')
    expect((await last.waitForCount(1))[0]!.cursor.streamId).toBe(talks[0]!.conversationId)
    last.cut()
  })
})

test('with conversations joined, left and joined again all the time, nothing of theirs is missed and nothing comes twice', async () => {
  await withRandom(async (random) => {
    const [a, b] = pair.urls
    const [reader, host, ...others] = await Promise.all([signUp(a), signUp(b), signUp(a), signUp(b)])
    const groups: Talk[] = []
    for (let nth = 0; nth < 6; nth++) groups.push(new Talk(await host.createGroup([reader, ...others])))
    const steady = groups[0]!
    const { resume } = await pageOf(reader)
    const heads = new Map<string, number>()
    for (const { conversationId } of groups) heads.set(conversationId, await headOf(conversationId))
    const changeMembership = async () => {
      const choice = random.below(3)
      if (choice === 0 && groups.length < 14) {
        const talk = new Talk(await host.createGroup(random.below(2) ? [reader, ...others] : others))
        groups.push(talk)
        heads.set(talk.conversationId, 0)
        return
      }
      const { conversationId } = random.pick(groups.slice(1))
      if (choice === 1) {
        await host.client.request(RemoveMemberDocument, { input: { conversationId, userId: reader.id } })
      } else await host.client.request(AddMembersDocument, { input: { conversationId, userIds: [reader.id] } })
    }
    const stop = keepActing([host, ...others], async (writer) => {
      if (writer === host && random.below(3) === 0) return changeMembership()
      return random.pick(groups).act(random, writer)
    })
    const keeper = new TokenKeeper(reader, resume)
    for (let round = 0; round < cuts; round++) {
      await keeper.read(pair.urls[round % 2]!, random.below(4) * random.below(10))
    }
    await stop()
    // The last thing that happens in each, so that there is an end to wait for.
    const ends = new Map<string, number>()
    for (const { conversationId } of groups) {
      await host.client.request(AddMembersDocument, { input: { conversationId, userIds: [reader.id] } })
      await host.send(conversationId, 'The end')
      ends.set(conversationId, await headOf(conversationId))
    }
    await keeper.read(a, 0, (events) =>
      [...ends].every(([streamId, head]) =>
        events.some(({ cursor }) => cursor.streamId === streamId && cursor.eventSeq === head),
      ),
    )
    for (const { conversationId } of groups) {
      const told = keeper.told.filter(
        ({ __typename, cursor }) => cursor.streamId === conversationId && __typename !== 'SnapshotRequired',
      )
      const seqs = told.map(({ cursor }) => cursor.eventSeq)
      expect(seqs, JSON.stringify(seqs)).toEqual([...new Set(seqs)].sort((one, other) => one - other))
      // Who left for good while away was told that alone.
      const wasToldToReadAnew = keeper.told.some(({ streamId }) => streamId === conversationId)
      if (wasToldToReadAnew) continue
      const theirs = await whileMember(conversationId, reader, heads.get(conversationId)!)
      expect(theirs.filter((seq) => !seqs.includes(seq))).toEqual([])
    }
    const { conversationId } = steady
    expect(keeper.seqsOf(conversationId)).toEqual(from(heads.get(conversationId)!, ends.get(conversationId)!))
    expect(keeper.told.filter(({ streamId }) => streamId === conversationId)).toEqual([])
  })
})

/** Numbers of the events after this one that happened while the person was a member. */
async function whileMember(conversationId: string, { id }: Person, after: number): Promise<number[]> {
  const rows = await pair.database.query<{ seq: number; type: string; userId: string | null }>(
    `SELECT seq, type::text, data->>'userId' AS "userId" FROM events WHERE stream_id = $1 ORDER BY seq`,
    [keyOf(conversationId)],
  )
  let isMember = false
  return rows.flatMap(({ seq, type, userId }) => {
    const isTheirs = userId === keyOf(id)
    if (type === 'MEMBER_JOINED' && isTheirs) isMember = true
    const counts = isMember && seq > after
    if (type === 'MEMBER_LEFT' && isTheirs) isMember = false
    return counts ? [seq] : []
  })
}

test('a transaction that stays open for long, and others that are rolled back, hide nothing and repeat nothing', async () => {
  const [a, b] = pair.urls
  const [reader, writer] = [await signUp(a), await signUp(b)]
  const conversation = await writer.createGroup([reader])
  const others = [await writer.createGroup([reader]), await writer.createGroup([reader])]
  const client = new Client({ connectionString: pair.database.url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT pg_current_xact_id()')
  const keeper = new TokenKeeper(reader, (await pageOf(reader)).resume)
  const start = await headOf(conversation)
  for (let round = 1; round <= 12; round++) {
    await pair.database
      .query('DO $$ BEGIN PERFORM parley_xid(); RAISE EXCEPTION $m$undone$m$; END $$')
      .catch(() => undefined)
    if (round === 8) await client.query('ROLLBACK')
    await writer.send(conversation, `Round ${round}`)
    for (const other of others) await writer.send(other, `Round ${round}`)
    await keeper.read(pair.urls[round % 2]!, 2)
  }
  await keeper.read(a, 0, (events) => events.filter(({ __typename }) => __typename === 'MessageSent').length === 36)
  await client.end()
  expect(keeper.seqsOf(conversation)).toEqual(from(start, start + 12))
  expect(keeper.longest).toBeLessThanOrEqual(256)
})

test('an event of a transaction that ends after a later one was told comes all the same', async () => {
  const [a, b] = pair.urls
  const [reader, writer] = [await signUp(a), await signUp(b)]
  const [slow, fast] = [await writer.createGroup([reader]), await writer.createGroup([reader])]
  const client = new Client({ connectionString: pair.database.url })
  await client.connect()
  const start = await headOf(slow)
  await client.query('BEGIN')
  await client.query(`SELECT parley_conversation_event($1, 'CONVERSATION_UPDATED', $2, NULL)`, [
    keyOf(slow),
    keyOf(writer.id),
  ])
  await writer.send(fast, 'Meanwhile')
  const { resume } = await pageOf(reader)
  await client.query('COMMIT')
  await client.end()
  const { streams } = await resyncAfter(reader, { resume })
  expect(streams).toMatchObject([{ streamId: slow, cursor: { eventSeq: start + 1 } }])
})

test('readers of the same event get each their own token', async () => {
  const [a, b] = pair.urls
  const [one, other, writer] = [await signUp(a), await signUp(a), await signUp(b)]
  const conversation = await writer.createGroup([one, other])
  const readers = await Promise.all(
    [one, other].map(async (person) => readAfter(person, (await pageOf(person)).resume)),
  )
  await writer.send(conversation, 'To both')
  const [first, second] = await Promise.all(readers.map(async (reader) => (await reader.waitForCount(1))[0]!))
  expect(first!.resume).not.toBe(second!.resume)
  await writer.send(conversation, 'Afterwards')
  for (const [person, event, strange] of [
    [one, first!, second!],
    [other, second!, first!],
  ] as const) {
    const live = await readAfter(person.at(b), event.resume)
    expect((await live.waitForCount(1))[0]!.cursor.eventSeq).toBe(event.cursor.eventSeq + 1)
    const wrong = await readAfter(person.at(b), strange.resume)
    expect((await wrong.waitForCount(1))[0]).toMatchObject({ __typename: 'SnapshotRequired' })
  }
})

test('a stream of which retention took what comes next is expired, and that one alone', async () => {
  const [a, b] = pair.urls
  const [reader, writer] = [await signUp(a), await signUp(b)]
  const [old, fresh] = [await writer.createGroup([reader]), await writer.createGroup([reader])]
  const { resume } = await pageOf(reader)
  const start = await headOf(fresh)
  for (const conversation of [old, fresh, old, fresh]) await writer.send(conversation, 'Something')
  await pair.database.query(`UPDATE events SET occurred_at = now() - interval '2 days' WHERE stream_id = $1`, [
    keyOf(old),
  ])
  await pair.database.query(`SELECT parley_retire_events(now() - interval '1 day', 1000)`)
  const keeper = new TokenKeeper(reader, resume)
  await keeper.read(b, 3)
  expect(keeper.told.filter(({ __typename }) => __typename === 'SnapshotRequired')).toMatchObject([
    { streamId: old, reason: 'EXPIRED' },
  ])
  expect(keeper.seqsOf(fresh)).toEqual(from(start, start + 2))
  const head = await headOf(old)
  await writer.send(old, 'Live again')
  await keeper.read(a, 1)
  expect(keeper.told.at(-1)!.cursor).toMatchObject({ streamId: old, eventSeq: head + 1 })
})

test('somebody in 10,000 conversations that all moved is told of each once, cut off on the way, with tokens that stay short', async () => {
  const [a, b] = pair.urls
  const [reader, writer] = [await signUp(a), await signUp(b)]
  const first = keyOf(await writer.createGroup([reader], 'One of many'))
  await pair.database.query(
    `INSERT INTO conversations SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'title', 'Of the ten thousand',
       'head_event_seq', 0, 'head_mark', '0', 'head_xid', '0', 'head_seq', 0))).* FROM conversations c, generate_series(1, 9999) WHERE c.id = $1`,
    [first],
  )
  await pair.database.query(
    `INSERT INTO members SELECT (jsonb_populate_record(m, jsonb_build_object('conversation_id', c.id, 'joined_event_seq', 0))).*
       FROM members m, conversations c WHERE m.conversation_id = $1 AND c.title = 'Of the ten thousand'`,
    [first],
  )
  const { resume } = await pageOf(reader)
  await pair.database.query(
    `SELECT parley_conversation_event(id, 'CONVERSATION_UPDATED', $1, NULL) FROM conversations WHERE title = 'Of the ten thousand'`,
    [keyOf(writer.id)],
  )
  const keeper = new TokenKeeper(reader, resume)
  for (const [round, count] of [1, 700, 2_500].entries()) await keeper.read(pair.urls[round % 2]!, count)
  await keeper.read(b, 9_999 - keeper.told.length)
  expect(new Set(keeper.told.map(({ cursor }) => cursor.streamId)).size).toBe(9_999)
  expect(keeper.told).toHaveLength(9_999)
  expect(keeper.longest).toBeLessThanOrEqual(256)
  // One answer has 5,000 events at the most, and its token leads on.
  const caughtUp: string[] = []
  for (let hasMore = true, from = resume; hasMore && caughtUp.length < 20_000;) {
    const answer = await resyncAfter(reader, { resume: from, limit: 10 })
    for (const { streamId, events } of answer.streams) if (events.length > 0) caughtUp.push(streamId)
    hasMore = answer.streams.some((stream) => stream.hasMore)
    from = answer.resume
  }
  expect(caughtUp).toHaveLength(9_999)
  expect(new Set(caughtUp).size).toBe(9_999)
})
