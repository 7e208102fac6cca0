import { beforeAll, expect, test } from 'vitest'
import { AddMembersDocument, RemoveMemberDocument } from '../../sdk/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { pageOf, readAfter, type TokenEvent } from '../testkit/token-reader.ts'
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
  async read(url: string, count: number, isDone: ((events: TokenEvent[]) => boolean) | null = null): Promise<void> {
    const live = await readAfter(this.person.at(url), this.resume)
    if (isDone) await live.waitFor(() => isDone([...this.told, ...live.events]), 'the end')
    else await live.waitForCount(count)
    live.cut()
    for (const event of live.events) {
      this.told.push(event)
      expect(event.resume, JSON.stringify(event)).toMatch(/^r1[\w-]+$/)
      this.longest = Math.max(this.longest, event.resume!.length)
      this.resume = event.resume!
    }
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
      talks.push(new Talk(await writers[0]!.createGroup([reader, ...writers.slice(1)])))
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
    await writers[0]!.send(talks[0]!.conversationId, 'The end')
    expect((await last.waitForCount(1))[0]!.cursor.streamId).toBe(talks[0]!.conversationId)
    last.cut()
  })
})
