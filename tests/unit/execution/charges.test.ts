import { createRequire } from 'node:module'
import { expect, it, vi } from 'vitest'
import { createOperations } from '../../../src/execution/operations.ts'
import { chargeReads, createFairness } from '../../../src/fairness/fairness.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)
const { buildSchema } = await import('graphql')

const schema = buildSchema(`
  type Query { n: Int rows(first: Int): RowConnection }
  type Mutation { markRead(first: Int): Entry other: Int }
  type Subscription { events: Int }
  type Entry { n: Int rows(first: Int): RowConnection }
  type RowConnection { nodes: [Row] edges: [Int] pageInfo: Int }
  type Row { n: Int }
`)
const contextValue = { payer: 'ann' }

function make() {
  const fairness = createFairness({ error: () => undefined })
  const operations = createOperations({ schema, introspection: true, fairness })
  return { fairness, prepare: (query: string) => operations.prepare({ query }, 'ann') }
}

it.each([
  ['a send that selects a few objects', 'mutation { markRead { n } }', true],
  ['a send that asks for a page', 'mutation { markRead { rows(first: 2) { nodes { n } } } }', false],
  ['what is no send', 'mutation { other }', false],
])('%s: goes past what waits for its turn: %#', async (_what, query, isSend) => {
  const { fairness, prepare } = make()
  const prepared = prepare(query)
  // The first time its size is not known yet.
  await prepared.execute({ contextValue })
  prepared.costOf({})
  const [sends, operations] = [vi.spyOn(fairness.sends, 'run'), vi.spyOn(fairness.operations, 'run')]
  await prepared.execute({ contextValue })
  expect([sends.mock.calls.length, operations.mock.calls.length]).toEqual(isSend ? [1, 0] : [0, 1])
})

it('who opens subscriptions is charged for each by the streams that it follows', async () => {
  const { fairness, prepare } = make()
  const charge = vi.spyOn(fairness.work, 'charge')
  const open = (streamCount: number) =>
    prepare('subscription { events }').open({ contextValue }, (onOpened) => {
      onOpened(streamCount)
      return Promise.resolve({})
    })
  // The last one: before it comes what the document cost.
  const charged = async (streamCount: number) => {
    await open(streamCount)
    return charge.mock.calls.at(-1)
  }
  expect(await charged(1)).toEqual(['ann', 0.53])
  expect(await charged(1_000)).toEqual(['ann', 30.5])
})

it('who reads much is charged for it, and nobody for a little', () => {
  const { work } = createFairness({ error: () => undefined })
  const onRead = chargeReads({ work })
  for (let count = 0; count < 1_000; count++) onRead('ann', 1_000)
  onRead(undefined, 100_000_000)
  expect(work.debtMs('ann')).toBe(0)
  for (let count = 0; count < 100; count++) onRead('ann', 1_600_000)
  expect(work.debtMs('ann')).toBeGreaterThan(1_000)
})

it('an answer that is there already waits for its turn, counts as a read and is charged; what is too much is not looked for', async () => {
  const fairness = createFairness({ error: () => undefined }, { maxRunningPerPayer: 1 })
  const countReads = vi.fn(async (_payer: string, _objects: number) => Promise.resolve())
  const operationLimits = { objects: 10, byteSize: 1_000, processorMs: 100 }
  const operations = createOperations({ schema, introspection: true, fairness, countReads, operationLimits })
  const prepared = operations.prepare({ query: '{ n }' }, 'ann')
  const charge = vi.spyOn(fairness.work, 'charge')
  const there = Buffer.from('{}')
  let answerFirst: ((body: Buffer) => void) | undefined
  const first = prepared.answer({ contextValue }, () => new Promise<Buffer>((resolve) => (answerFirst = resolve)))
  const find = vi.fn(() => Promise.resolve(there))
  const second = prepared.answer({ contextValue }, find)
  await vi.waitFor(() => expect(answerFirst).toBeDefined())
  expect(find).not.toHaveBeenCalled()
  answerFirst?.(there)
  expect(await Promise.all([first, second])).toEqual([there, there])
  expect(countReads.mock.calls.map(([payer]) => payer)).toEqual(['ann', 'ann'])
  expect(charge.mock.calls).toEqual(Array(2).fill(['ann', 0.05]))

  countReads.mockRejectedValueOnce(new Error('too often'))
  expect(await prepared.answer({ contextValue }, find)).toMatchObject({ errors: [{ message: 'too often' }] })
  const dear = operations.prepare(
    { query: `{ ${Array.from({ length: 11 }, (_, at) => `n${at}: rows(first: 9) { nodes { n } }`).join(' ')} }` },
    'ann',
  )
  const known = find.mock.calls.length
  const refused = await dear.answer({ contextValue }, find)
  expect('errors' in refused && refused.errors?.[0]?.message).toMatch(/objects/)
  expect(find).toHaveBeenCalledTimes(known)
})
