import { buildSchema, type GraphQLSchema, type ValidationRule } from 'graphql'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOperations, type Prepared } from '../../../src/execution/operations.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', async () => (await import('node:module')).createRequire(import.meta.url)('graphql') as object)
vi.mock('../../../src/execution/costs/cost.ts', { spy: true })
vi.mock('../../../src/execution/costs/sizing-variables.ts', { spy: true })
vi.mock('../../../src/execution/costs/budget.ts', { spy: true })
vi.mock('../../../src/execution/documents/document-bounds.ts', { spy: true })
vi.mock('../../../src/schema/building/parse.ts', { spy: true })
vi.mock('@escape.tech/graphql-armor-max-depth', { spy: true })
vi.mock('@escape.tech/graphql-armor-max-aliases', { spy: true })
const cost = await import('../../../src/execution/costs/cost.ts')
const sizing = await import('../../../src/execution/costs/sizing-variables.ts')
const budget = await import('../../../src/execution/costs/budget.ts')
const bounds = await import('../../../src/execution/documents/document-bounds.ts')
const parsing = await import('../../../src/schema/building/parse.ts')
const depth = await import('@escape.tech/graphql-armor-max-depth')
const aliases = await import('@escape.tech/graphql-armor-max-aliases')
const { createFairness } = await import('../../../src/fairness/fairness.ts')

let resolvedCount = 0
const schema: GraphQLSchema = buildSchema('type Query { thing(n: Int): Thing } type Thing { name: String }')
const query = schema.getQueryType()?.getFields().thing
if (query) {
  query.resolve = () => {
    resolvedCount++
    return { name: 'x' }
  }
}

// Also in place of a class.
const broken = function () {
  throw new TypeError('a fault of the limiter itself')
}
const brokenRule = (): ValidationRule => () => ({ Field: broken })

afterEach(() => {
  vi.restoreAllMocks()
  resolvedCount = 0
})

/** Whatever is thrown or answered: true when the operation ran. */
async function ran(fairness = createFairness({ error: () => undefined })): Promise<boolean> {
  let prepared: Prepared
  try {
    const operations = createOperations({ schema, introspection: true, fairness })
    prepared = operations.prepare({ query: 'query ($n: Int) { thing(n: $n) { name } }' }, 'ann')
    const answer = await prepared.execute({ contextValue: { payer: 'ann' }, variableValues: { n: 1 } })
    const opened = await prepared.open({ contextValue: { payer: 'ann' } }, () => {
      resolvedCount++
      return Promise.resolve({})
    })
    expect((opened as { errors?: unknown[] }).errors?.length ?? 0).toBe(resolvedCount > 1 ? 0 : 1)
    return answer.errors === undefined
  } catch {
    return false
  }
}

it('an operation runs while all limiters work', async () => {
  expect(await ran()).toBe(true)
  expect(resolvedCount).toBe(2)
})

describe('nothing runs while a limiter fails', () => {
  it.each<[string, () => unknown]>([
    ['of the cost', () => vi.spyOn(cost.CostWalk.prototype, 'objectsOf').mockImplementation(broken)],
    ['of the cost, when it is made', () => vi.mocked(cost.CostWalk).mockImplementation(broken)],
    ['of what its verdicts depend on', () => vi.mocked(sizing.sizingVariables).mockImplementation(broken)],
    ['of the size of a document', () => vi.mocked(bounds.sizeFault).mockImplementation(broken)],
    ['of the text of a document', () => vi.mocked(parsing.parseWithinLimits).mockImplementation(broken)],
    ['of the depth', () => vi.mocked(depth.maxDepthRule).mockImplementation(brokenRule as never)],
    ['of the aliases', () => vi.mocked(aliases.maxAliasesRule).mockImplementation(brokenRule as never)],
  ])('%s', async (_name, breakIt) => {
    breakIt()
    expect(await ran()).toBe(false)
    expect(resolvedCount).toBe(0)
  })

  it.each(['operations', 'work'] as const)('of the %s in flight', async (part) => {
    const fairness = createFairness({ error: () => undefined })
    if (part === 'operations') vi.spyOn(fairness.operations, 'run').mockImplementation(broken)
    else vi.spyOn(fairness.work, 'enqueue').mockImplementation(broken)
    expect(await ran(fairness)).toBe(false)
    expect(resolvedCount).toBeLessThanOrEqual(part === 'operations' ? 0 : 1)
  })

  it('of what an answer comes to, and nothing of it is answered', async () => {
    vi.spyOn(budget.Budget.prototype, 'addBytes').mockImplementation(broken)
    expect(await ran()).toBe(false)
    expect(resolvedCount).toBe(0)
  })
})
