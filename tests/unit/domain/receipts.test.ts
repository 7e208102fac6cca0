import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startReceipts } from '../../../src/domain/receipts/receipts.ts'
import type { Rounds } from '../../../src/flow/rounds.ts'
import type { Append } from '../../../src/log/append.ts'
import type { FlushReceipts } from '../../../src/store/writing/commands.ts'
import type { OutcomeOf } from '../../../src/store/writing/outcomes.ts'
import type { Logger } from '../../../src/telemetry/logger.ts'

type Answer = Partial<OutcomeOf<'flushReceipts'>> | Error

/** What was asked of the database: a conversation by itself, or all after one. */
let calls: string[]
/** What it answers, in order; after that there is nothing to be told. */
let answers: (Answer | Promise<Answer>)[]
let logged: string[]
let receipts: Rounds

const intervalMs = 1_000

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  answers = []
  logged = []
  const log = (level: string) => (_: unknown, message?: string) => void logged.push(`${level}: ${message ?? String(_)}`)
  receipts = startReceipts({
    append: (async ({ type, conversationId, afterId, pauseMs }: FlushReceipts) => {
      calls.push(conversationId ?? `all after ${String(afterId)}`)
      expect([type, pauseMs]).toEqual(['flushReceipts', 750])
      const answer = await (answers.shift() ?? { next: null, left: [] })
      if (answer instanceof Error) throw answer
      return { outcome: 'ACCEPTED', next: null, left: [], events: [], ...answer }
    }) as unknown as Append,
    intervalMs,
    logger: { warn: log('warn'), info: log('info') } as unknown as Logger,
  })
})

afterEach(() => {
  vi.useRealTimers()
})

const turn = () => vi.advanceTimersByTimeAsync(intervalMs)

test('each turn goes on until nothing more is to be told', async () => {
  answers = [
    { next: 'c', left: [] },
    { next: 'f', left: [] },
  ]
  await vi.advanceTimersByTimeAsync(intervalMs - 1)
  expect(calls).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(calls).toEqual(['all after null', 'all after c', 'all after f'])
  await turn()
  expect(calls.slice(3)).toEqual(['all after null'])
  await receipts.stop()
  await turn()
  expect(calls).toHaveLength(4)
})

test('what was passed over, or has more than an event holds, is done by itself before what comes after', async () => {
  answers = [{ next: 'c', left: ['a', 'b'] }, { left: ['a'] }, { left: [] }, { left: [] }]
  await turn()
  expect(calls).toEqual(['all after null', 'a', 'a', 'b', 'all after c'])
  await receipts.stop()
})

test('one conversation that cannot be had keeps the others not waiting, and is tried again', async () => {
  answers = [{ next: 'c', left: ['a', 'b'] }, new Error('held'), { left: [] }]
  await turn()
  expect(calls).toEqual(['all after null', 'a', 'b', 'all after c'])
  expect(logged).toEqual(['warn: could not publish gathered receipts; will try again'])
  await receipts.stop()
})

test('a failure is logged once, however long it lasts, and so is its end', async () => {
  answers = [new Error('away'), new Error('away'), new Error('away')]
  for (let count = 0; count < 3; count++) await turn()
  expect(logged).toEqual(['warn: could not publish gathered receipts; will try again'])
  for (let count = 0; count < 2; count++) await turn()
  expect(logged.slice(1)).toEqual(['info: gathered receipts are published again'])
  expect(calls).toHaveLength(5)
  await receipts.stop()
})

test('stopping waits for what is under way, and begins nothing more', async () => {
  let answer: (given: Answer) => void = () => undefined
  answers = [new Promise<Answer>((resolve) => (answer = resolve))]
  await turn()
  let stopped = false
  const stopping = receipts.stop().then(() => (stopped = true))
  await vi.advanceTimersByTimeAsync(0)
  expect(stopped).toBe(false)
  answer({ next: 'c', left: ['a'] })
  await stopping
  await turn()
  expect(calls).toEqual(['all after null'])
})
