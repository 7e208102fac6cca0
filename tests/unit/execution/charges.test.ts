import { createRequire } from 'node:module'
import { expect, it, vi } from 'vitest'
import { createOperations } from '../../../src/execution/operations.ts'
import { chargeReads, createFairness } from '../../../src/fairness/fairness.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)
const { buildSchema } = await import('graphql')

const schema = buildSchema(`
  type Query { n: Int }
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
