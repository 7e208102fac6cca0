import { beforeAll, expect, test } from 'vitest'
import { effort } from '../testkit/effort.ts'
import type { Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { readFresh, Replica } from '../testkit/replica.ts'
import { sharedPair } from '../testkit/shared.ts'
import { keepActing, Talk } from '../testkit/traffic.ts'

let pair: Pair

beforeAll(async () => {
  pair = await sharedPair()
})

/** Somebody on each of these servers in turn. */
const signUpMany = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => signUp(pair.urls[index % pair.urls.length]!)))

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const messagesEach = effort(250, 60)
test(`${String(8 * messagesEach)} messages of 8 writers in 2 processes are numbered without a gap, and a subscriber in each process gets all, in order, once`, async () => {
  const atOnce = 4
  const writers = await signUpMany(8)
  const readers = await signUpMany(2)
  const [owner, ...others] = writers
  const conversation = await owner!.createGroup([...others, ...readers])
  const subscriptions = await Promise.all(readers.map((reader) => reader.conversationEvents(conversation)))

  const answers = await Promise.all(
    writers.flatMap((writer) =>
      Array.from({ length: atOnce }, async (_, lane) => {
        const own = []
        for (let count = lane; count < messagesEach; count += atOnce) {
          own.push(await writer.send(conversation, `${writer.handle} ${count}`))
        }
        return own
      }),
    ),
  )
  const accepted = answers.flat().sort((a, b) => a.message.seq - b.message.seq)
  const total = writers.length * messagesEach
  expect(accepted.map(({ message }) => message.seq)).toEqual(oneTo(total))
  expect(accepted.map(({ ack }) => ack.cursor.eventSeq)).toEqual(oneTo(total))
  expect(new Set(accepted.map(({ message }) => message.text)).size).toBe(total)

  for (const subscription of subscriptions) {
    const events = await subscription.waitForCount(total)
    expect(
      events.map((event) => event.__typename === 'MessageSent' && [event.cursor.eventSeq, event.message.text]),
    ).toEqual(accepted.map(({ ack, message }) => [ack.cursor.eventSeq, message.text]))
  }
  // Nothing comes after the last one but what is sent after it.
  await owner!.send(conversation, 'the end')
  for (const subscription of subscriptions) expect(await subscription.waitForCount(total + 1)).toHaveLength(total + 1)
})

test('messages, edits, deletions and receipts of several writers at once share one numbering without a gap', async () => {
  await withRandom(async (random) => {
    const people = await signUpMany(4)
    const [owner, ...others] = people as [Person, ...Person[]]
    const talk = new Talk(await owner.createGroup(others))
    const subscriptions = await Promise.all(people.map((person) => person.conversationEvents(talk.conversationId)))
    await Promise.all(
      people.map(async (person) => {
        for (let count = 0; count < effort(60, 25); count++) await talk.act(random, person)
      }),
    )
    await talk.send(owner)
    const { eventSeq } = (await readFresh(owner, talk.conversationId))!
    for (const subscription of subscriptions) {
      const events = await subscription.waitForCount(eventSeq)
      expect(events.map((event) => 'cursor' in event && event.cursor.eventSeq)).toEqual(oneTo(eventSeq))
      const seqs = events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.seq] : []))
      expect(seqs).toEqual(oneTo(talk.sent.length))
    }
  })
})

test('a snapshot read while others write, and the events after its cursor, equal a fresh read at the end', async () => {
  await withRandom(async (random) => {
    const people = await signUpMany(4)
    const [owner, ...others] = people as [Person, ...Person[]]
    const talk = new Talk(await owner.createGroup(others))
    await talk.send(owner)
    const stop = keepActing(people, (person) => talk.act(random, person))
    const followed = []
    for (let round = 0; round < effort(25, 10); round++) {
      const reader = random.pick(people).at(random.pick(pair.urls))
      const replica = (await Replica.read(reader, talk.conversationId))!
      followed.push({ replica, from: replica.eventSeq, reader })
    }
    const subscriptions = await Promise.all(
      followed.map(({ reader, from }) => reader.conversationEvents(talk.conversationId, from, true)),
    )
    await stop()
    await talk.send(owner)
    for (const [index, { replica, from, reader }] of followed.entries()) {
      const fresh = (await readFresh(reader, talk.conversationId))!
      const events = await subscriptions[index]!.waitForCount(fresh.eventSeq - from)
      for (const event of events) replica.apply(event)
      expect(events).toHaveLength(fresh.eventSeq - from)
      expect(replica.state(fresh)).toEqual(fresh)
    }
  })
})
