import { Kind, buildSchema, parse, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'
import { expect, test, vi } from 'vitest'
import { defaultOperationLimits, type OperationLimits } from '../../../src/execution/costs/budget.ts'
import { costLimit } from '../../../src/execution/costs/limits.ts'
import { planOperation } from '../../../src/execution/plan-operation.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', async () => (await import('node:module')).createRequire(import.meta.url)('graphql') as object)

function withResolvers(): GraphQLSchema {
  const schema = buildSchema(`
    type Query { thing: Thing! things(first: Int): ThingConnection! nodes(ids: [ID!]!): [Node]! any: Any! strings: [String!]! }
    interface Node { id: ID! }
    type Thing implements Node { id: ID! text: String! next: Thing! later: Thing! fails: String things(first: Int): ThingConnection! }
    type Other implements Node { id: ID! thing: Thing! }
    union Any = Thing | Other
    type ThingConnection { edges: [ThingEdge!]! nodes: [Thing!]! pageInfo: PageInfo! }
    type ThingEdge { node: Thing! }
    type PageInfo { hasNextPage: Boolean! }
  `)
  const thing = { __typename: 'Thing', id: 'x', text: 'x'.repeat(100) }
  const set = (type: string, field: string, resolve: (source: unknown, args: Record<string, unknown>) => unknown) => {
    const found = schema.getType(type) as unknown as { getFields: () => Record<string, { resolve: unknown }> }
    Object.assign(found.getFields()[field] ?? {}, { resolve })
  }
  const page = (_: unknown, { first = 50 }: { first?: number }) => ({
    nodes: Array.from({ length: first }, () => thing),
    edges: [],
  })
  set('Query', 'thing', () => thing)
  set('Query', 'any', () => thing)
  set('Query', 'things', page)
  set('Query', 'nodes', (_, { ids }) => (ids as string[]).map(() => thing))
  set('Thing', 'next', () => thing)
  set('Thing', 'later', () => Promise.resolve(thing))
  set('Thing', 'things', page)
  set('Thing', 'fails', () => {
    throw new Error('this field fails')
  })
  return schema
}

const schema = withResolvers()

function prepare(query: string) {
  const document = parse(query)
  const operation = document.definitions.find(
    (one) => one.kind === Kind.OPERATION_DEFINITION,
  ) as OperationDefinitionNode
  return { document, operation }
}

const costOf = (
  query: string,
  variables = {},
  limits: OperationLimits = { ...defaultOperationLimits, objects: 1e12 },
) => {
  const { document, operation } = prepare(query)
  return costLimit(schema, document, operation, limits).judge(variables)
}

const run = async (query: string, limits: Partial<OperationLimits>, variables = {}) => {
  const { document, operation } = prepare(query)
  return planOperation(
    schema,
    document,
    operation,
  )({ variableValues: variables }, { limits: { ...defaultOperationLimits, ...limits } })
}

test.each([
  ['a singular field', '{ thing { next { next { id } } } }', 3],
  ['what has one name in the answer', '{ thing { next { id } next { text } } thing { next { next { id } } } }', 3],
  ['what has two', '{ a: thing { id } b: thing { id } }', 2],
  ['a page', '{ things(first: 10) { nodes { next { id } } edges { node { id } } pageInfo { hasNextPage } } }', 42],
  ['pages in pages', '{ things(first: 10) { nodes { things(first: 10) { nodes { id } } } } }', 1 + 10 * (1 + 1 + 10)],
  ['the default size', '{ things { nodes { id } } }', 51],
  ['ids', '{ nodes(ids: ["a", "b", "c"]) { ... on Thing { next { id } } } }', 6],
  ['the most expensive type', '{ any { ... on Thing { id } ... on Other { thing { next { id } } } } }', 3],
  [
    'a fragment, wherever it is spread',
    '{ a: thing { ...F } b: thing { ...F } } fragment F on Thing { next { id } }',
    4,
  ],
  ['what is skipped', '{ thing { next @skip(if: true) { next { id } } } }', 1],
])('an operation counts by its objects: %s', (_name, query, objects) => {
  expect(costOf(query)).toMatchObject({ objects, error: null })
})

const doubled = (levels: number) =>
  Array.from({ length: levels }, (_, nth) => {
    const rest = nth === levels - 1 ? '{ id }' : `{ ...F${String(nth + 1)} }`
    return `fragment F${String(nth)} on Thing { a: next ${rest} b: next ${rest} }`
  }).join(' ')

test('fragments that double are counted once each, whatever they come to', () => {
  expect(costOf(`{ thing { ...F0 } } ${doubled(30)}`).objects).toBe(2 ** 31 - 1)
})

test('what differs at each place is looked at up to a bound, and is refused beyond it', () => {
  const many = (make: (nth: number) => string) => Array.from({ length: 150 }, (_, nth) => make(nth)).join(' ')
  const { error } = costOf(`{ ${many((nth) => `x${String(nth)}: thing { ${many((at) => `y${String(at)}: id`)} }`)} }`)
  expect(error?.originalError).toMatchObject({ code: 'QUERY_TOO_COMPLEX' })
})

test('variables that do not fit are no verdict for others of the same size', () => {
  const { document, operation } = prepare('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }')
  const limit = costLimit(schema, document, operation, { ...defaultOperationLimits, objects: 2 })
  expect(limit.judge({ ids: [{}, {}, {}] }).error).toBeNull()
  expect(limit.judge({ ids: ['a', 'b', 'c'] }).error).not.toBeNull()
})

test.each([
  ['objects', { objects: 1_000 }, '{ thing { ...F0 } }'],
  ['objects that come later', { objects: 1_000 }, '{ thing { later { later { ...F0 } } } }'],
  ['bytes', { byteSize: 20_000 }, '{ thing { ...F0 } }'],
  ['bytes of texts', { byteSize: 20_000 }, '{ things(first: 300) { nodes { text } } thing { ...F0 } }'],
  ['errors', { byteSize: 20_000 }, '{ things(first: 300) { nodes { fails } } thing { ...F0 } }'],
  ['time', { processorMs: 1 }, '{ things(first: 20000) { nodes { text next { text id } } } thing { ...F0 } }'],
])('an operation that is over its %s ends with that error alone', async (_name, limits, query) => {
  const answer = await run(`${query} ${doubled(13)}`, limits)
  expect(answer.data).toBeUndefined()
  expect(answer.errors?.map(({ originalError }) => originalError)).toMatchObject([
    {
      code: 'QUERY_TOO_COMPLEX',
      cost: { objects: expect.any(Number) as number, maxObjects: expect.any(Number) as number },
    },
  ])
})

test('of many errors a hundred are told, and all that failed is null', async () => {
  const { data, errors } = await run('{ things(first: 300) { nodes { fails } } }', {})
  expect(errors).toHaveLength(100)
  const { nodes } = (data as { things: { nodes: { fails: null }[] } }).things
  expect(nodes).toEqual(Array(300).fill({ fails: null }))
})

test('fragments that double are planned once each', async () => {
  const fields = await run(`{ thing { ...F0 } } ${doubled(11)}`, {})
  expect(fields.errors).toBeUndefined()
})

test('a plan has a bound', async () => {
  const wide = Array.from(
    { length: 80 },
    (_, nth) =>
      `x${String(nth)}: next { ${Array.from({ length: 80 }, (_field, at) => `y${String(at)}: id`).join(' ')} }`,
  )
  const { errors } = await run(`{ thing { ${wide.join(' ')} } }`, {})
  expect(errors?.[0]?.originalError).toMatchObject({ code: 'QUERY_TOO_COMPLEX' })
})
