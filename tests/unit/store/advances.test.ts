import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UnavailableError } from '../../../src/domain/errors.ts'
import type { AdvanceCursor } from '../../../src/store/writing/commands.ts'
import { createAdvances } from '../../../src/store/writing/advances.ts'
import type { Database } from '../../../src/store/database/database.ts'
import type { OutcomeOf } from '../../../src/store/writing/outcomes.ts'

/** A statement that was asked for, to be answered by the test. */
interface Asked {
  actors: string[]
  single: boolean
  answer: (outcome?: string) => Promise<void>
  fail: (error: Error) => Promise<void>
}

let asked: Asked[]
let advance: (actorId: string, conversationId?: string) => Promise<OutcomeOf<'advanceCursor'>>

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

beforeEach(() => {
  // A statement that took long would let others begin beside it.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  asked = []
  const ask = <Answer>(actors: string[], single: boolean, answerOf: (outcome: string) => Answer) =>
    new Promise<Answer>((resolve, reject) => {
      asked.push({
        actors,
        single,
        async answer(outcome = 'ADVANCED') {
          resolve(answerOf(outcome))
          await settled()
        },
        async fail(error) {
          reject(error)
          await settled()
        },
      })
    })
  const positions = { lastReadSeq: 1, lastDeliveredSeq: 1, unreadCount: 0 }
  const run = (_: unknown, [actors]: string[][]) =>
    ask(actors!, false, (outcome) =>
      actors!.map((_, index) => ({ outcome, ...positions, eventSeq: index === 0 ? 7 : null, atMs: 5 })),
    )
  const advances = createAdvances({
    db: { run } as unknown as Database,
    gatherFrom: 10,
    // A conversation is as large as its name says.
    one: ({ actorId, conversationId }: AdvanceCursor) =>
      ask([actorId], true, (outcome) => ({
        outcome,
        ...positions,
        events: [],
        gathered: conversationId.startsWith('large'),
      })),
  })
  advance = (actorId, conversationId = 'large') =>
    advances({ type: 'advanceCursor', actorId, conversationId, readSeq: 1, deliveredSeq: 0 })
})

afterEach(() => {
  vi.useRealTimers()
})

const names = () => asked.map(({ actors, single }) => `${single ? 'one' : 'many'}: ${actors.join(' ')}`)

/** Makes a conversation known to be large. */
async function learn(conversationId = 'large') {
  const first = advance('first', conversationId)
  await settled()
  await asked.pop()!.answer()
  await first
}

test('a thousand who come at once to a conversation of unknown size are a handful of statements', async () => {
  const answers = Promise.all(Array.from({ length: 1_000 }, (_, index) => advance(`person ${index}`)))
  await settled()
  expect(names()).toEqual(['one: person 0'])
  let count = 0
  for (let statement = asked.shift(); statement; statement = asked.shift()) {
    count++
    await statement.answer()
  }
  expect(await answers).toHaveLength(1_000)
  // The first, then one alone, as nothing was under way, and then as many together as go into a statement.
  expect(count).toBeLessThanOrEqual(11)
})

test('in a small conversation each goes by itself, when the first has been answered', async () => {
  const answers = ['ann', 'bob', 'cleo'].map((name) => advance(name, 'small'))
  await settled()
  expect(names()).toEqual(['one: ann'])
  await asked.shift()!.answer()
  expect(names()).toEqual(['one: bob', 'one: cleo'])
  for (const statement of asked) await statement.answer()
  await Promise.all(answers)
  // Nothing is remembered of it but that it is not known to be large.
  void advance('dora', 'small')
  await settled()
  expect(names().at(-1)).toBe('one: dora')
})

test('each gets its own answer, with the event of its own stream', async () => {
  await learn()
  const answers = ['x', 'bob', 'ann'].map((name) => advance(name))
  await settled()
  expect(names()).toEqual(['one: x'])
  await asked.shift()!.answer()
  expect(names()).toEqual(['many: bob ann'])
  await asked[0]!.answer()
  const [, bob] = await Promise.all(answers)
  expect(bob).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1, lastDeliveredSeq: 1, unreadCount: 0 })
  expect(bob!.events).toEqual([
    {
      streamId: 'bob',
      seq: 7,
      type: 'INBOX_ENTRY_CHANGED',
      actorId: 'bob',
      messageSeq: null,
      data: { conversationId: 'large' },
      occurredAt: new Date(5),
      message: null,
    },
  ])
})

test('one that has become small meanwhile is done singly', async () => {
  await learn()
  const answers = ['x', 'ann', 'bob'].map((name) => advance(name))
  await settled()
  await asked.shift()!.answer()
  const [both] = asked.splice(0)
  expect(both!.actors).toEqual(['ann', 'bob'])
  await both!.answer('SMALL')
  expect(names()).toEqual(['one: ann', 'one: bob'])
  for (const statement of asked) await statement.answer()
  expect(await Promise.all(answers)).toHaveLength(3)
})

test('of one member there is one advance at a time, and those whose row is held go again and then wait for it', async () => {
  await learn()
  const answers = ['x', 'ann', 'ann', 'bob'].map((name) => advance(name))
  await settled()
  await asked.shift()!.answer()
  expect(names()).toEqual(['many: ann bob'])
  await asked.shift()!.answer('LOCKED')
  expect(names()).toEqual(['many: ann bob'])
  await asked.shift()!.answer('LOCKED')
  await asked.shift()!.answer('LOCKED')
  expect(names()).toEqual(['one: ann'])
  for (let statement = asked.shift(); statement; statement = asked.shift()) await statement.answer()
  expect((await Promise.all(answers)).map(({ outcome }) => outcome)).toEqual(Array(4).fill('ADVANCED'))
})

test('who waits for a first one that finds no database is told so as well, and the next one tries again', async () => {
  const answers = ['ann', 'bob'].map((name) => advance(name))
  const told = Promise.allSettled(answers)
  await settled()
  await asked.shift()!.fail(new UnavailableError('Gone.', 1_000))
  expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(asked).toEqual([])
  void advance('cleo')
  await settled()
  expect(names()).toEqual(['one: cleo'])
})

test('who waits for a first one that fails for a reason of its own is none the worse for it', async () => {
  const bad = advance('ann')
  const told = Promise.allSettled([bad])
  const good = advance('bob')
  await settled()
  await asked.shift()!.fail(new Error('ann is bad'))
  expect((await told)[0].status).toBe('rejected')
  expect(names()).toEqual(['one: bob'])
  await asked.shift()!.answer()
  expect((await good).outcome).toBe('ADVANCED')
})

test('one that was overtaken while it waited for its row is done again', async () => {
  const answer = advance('ann')
  await settled()
  await asked.shift()!.answer('LOCKED')
  expect(names()).toEqual(['one: ann'])
  await asked.shift()!.answer()
  expect((await answer).outcome).toBe('ADVANCED')
})
