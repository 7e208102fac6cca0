import { buildSchema, getOperationAST, parse } from 'graphql'
import { afterEach, expect, test, vi } from 'vitest'
import { EventResult, type EventResults } from '../../../src/execution/event-results.ts'
import { EventReader, startStream } from '../../../src/execution/subscribe.ts'
import { coerceVariables } from '../../../src/execution/variables.ts'
import type { Share } from '../../../src/fairness/shares.ts'

afterEach(() => vi.restoreAllMocks())

/** A reader of a source that always has more, or has none for a while; whose share is used up when a test says so. */
function readerOf() {
  const source = {
    isBehind: true,
    next: () => Promise.resolve({ done: false, value: 'event' }),
    return: () => Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this
    },
  }
  const results: EventResults = {
    of: () => new EventResult({ data: {} }),
    isOwn: () => true,
    close: () => undefined,
  }
  let wake: () => void = () => undefined
  const share = { isOverworked: false, whenRested: (listener: () => void) => (wake = listener) }
  const reader = new EventReader(source, results, share as unknown as Share)
  const times = vi.spyOn(performance, 'now')
  return {
    source,
    /** The next event, asked for at `fromMs` when the share is used up, and again at `untilMs`, when it is or is not any more. */
    rested: async (fromMs: number, untilMs: number, isOverworked = false) => {
      times.mockReturnValue(fromMs)
      share.isOverworked = true
      const event = reader.next()
      times.mockReturnValue(untilMs)
      share.isOverworked = isOverworked
      wake()
      return event
    },
  }
}

test('a stream whose events cost too much is cut after a minute in which it never caught up, however often it rested', async () => {
  const { rested } = readerOf()
  for (let ms = 1_000; ms < 60_000; ms += 10_000) await rested(ms, ms + 5_000)
  await expect(rested(61_001, 61_500)).rejects.toThrow('The events of your subscriptions cost too much.')
})

test('one that has caught up in between is not', async () => {
  const { rested, source } = readerOf()
  await rested(1_000, 2_000)
  source.isBehind = false
  await rested(30_000, 31_000)
  source.isBehind = true
  await rested(61_001, 61_500)
  await rested(89_000, 89_500)
  await expect(rested(89_600, 90_001, true)).rejects.toThrow('cost too much')
})

test('of the variables those that the events need are kept, and are not coerced again for each event', async () => {
  const schema = buildSchema('type Query { n: Int } type Subscription { news(of: [ID!]!, from: Int): Int }')
  const document = parse('subscription ($of: [ID!]!, $from: Int) { news(of: $of, from: $from) }')
  async function* news() {
    yield await Promise.resolve({ news: 1 })
  }
  const args = { schema, document, variableValues: { of: [1, 'b'], from: 2 }, subscribeFieldResolver: news }
  const opened = vi.fn()
  expect(await startStream(args, opened)).toHaveProperty('next')
  expect(args.variableValues).toEqual({ of: ['1', 'b'] })
  expect(opened.mock.calls).toEqual([[1]])
  const { values } = coerceVariables(schema, getOperationAST(document)!, args.variableValues)
  expect(values).toBe(args.variableValues)
})
