import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  Kind,
  buildSchema,
  execute,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  parse,
  typeFromAST,
  validate,
  type ExecutionResult,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Work } from '../../../src/fairness/work.ts'
import { planOperation } from '../../../src/execution/plan-operation.ts'

const root = join(import.meta.dirname, '../../..')

interface Run {
  schema: GraphQLSchema
  source: string
  variables?: Record<string, unknown>
  operationName?: string
  rootValue?: unknown
}

/** What graphql-js and what our own plans answer, as text: the order of keys counts. The plan runs twice. */
async function bothAnswers({ schema, source, variables = {}, operationName, rootValue }: Run) {
  const document = parse(source)
  expect(validate(schema, document)).toEqual([])
  const operation = document.definitions.find(
    (one): one is OperationDefinitionNode =>
      one.kind === Kind.OPERATION_DEFINITION && (operationName === undefined || one.name?.value === operationName),
  )
  if (!operation) throw new Error('no operation')
  const input = { variableValues: variables, rootValue, contextValue: {} }
  const run = planOperation(schema, document, operation)
  const theirs = await execute({ schema, document, ...input, ...(operationName && { operationName }) })
  const ours = await run(input)
  // Every few objects in a turn of their own: only which errors are told, inside of what became null, may be another.
  const inPieces = await planOperation(schema, document, operation, { work: new ShortTurns() })(input, { payer: 'ann' })
  expect(inPieces.errors === undefined).toBe(ours.errors === undefined)
  expect(JSON.stringify(inPieces.data)).toBe(JSON.stringify(ours.data))
  return { theirs, ours: await run(input) }
}

/** Turns that are over after every third object or item. */
class ShortTurns implements Work {
  private count = 0
  enqueue(_payer: string, piece: () => void) {
    setImmediate(() => {
      this.count = 0
      piece()
    })
  }
  charge() {
    // Nobody pays.
  }
  debtMs() {
    return 0
  }
  waitMs() {
    return 0
  }
  paceMs() {
    return 0
  }
  get isTurnOver() {
    return ++this.count > 3
  }
}

/** A number from 0 to 1 that depends on nothing but the words. */
const chance = (...words: unknown[]) =>
  createHash('md5').update(words.join('/')).digest().readUInt32BE(0) / 0x1_0000_0000

interface Weather {
  seed: number
  /** Chances that a value comes late, is null where it may be, is missing where it may not, or an error. */
  late: number
  none: number
  missing: number
  error: number
}

/** Resolvers for every field of the schema, whose answers depend on the path alone, and not on who asks or when. */
function withWeather(schema: GraphQLSchema, { seed, late, none, missing, error }: Weather) {
  const valueFor = (type: GraphQLOutputType, path: string): unknown => {
    const draw = (what: string) => chance(seed, path, what)
    if (draw('error') < error) return new Error(`error at ${path}`)
    if (isNonNullType(type)) {
      return draw('missing') < missing ? null : presentFor(type.ofType as GraphQLOutputType, path)
    }
    return draw('none') < none ? null : presentFor(type, path)
  }
  const presentFor = (type: GraphQLOutputType, path: string): unknown => {
    if (isListType(type)) {
      const items = Array.from({ length: Math.floor(chance(seed, path, 'length') * 4) }, (_, index) => {
        const item = valueFor(type.ofType, `${path}.${String(index)}`)
        if (item instanceof Error && late > 0) return Promise.reject(item)
        // All of them: graphql-js leaves a rejection that nobody handles when one item fails at once and another later.
        return late > 0 ? Promise.resolve(item) : item
      })
      return chance(seed, path, 'set') < 0.2 ? new Set(items) : items
    }
    if (isEnumType(type)) return type.getValues().at(Math.floor(chance(seed, path) * type.getValues().length))?.value
    if (!isScalarType(type)) return { at: path }
    return type.name === 'Boolean' ? chance(seed, path) < 0.5 : Math.floor(chance(seed, path) * 1e6)
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue
    if (isAbstractType(type)) {
      const possible = schema.getPossibleTypes(type)
      type.resolveType = ({ at }: { at: string }) => {
        const name = possible[Math.floor(chance(seed, at, 'type') * possible.length)]?.name
        return chance(seed, at, 'late type') < late ? Promise.resolve(name) : name
      }
    }
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      field.resolve = (source: { at: string } | undefined, args, _context, info) => {
        const path = `${source?.at ?? ''}.${String(info.path.key)}${JSON.stringify(args)}`
        const value = valueFor(field.type, path)
        const comesLate = chance(seed, path, 'late') < late
        if (!(value instanceof Error)) return comesLate ? Promise.resolve(value) : value
        if (comesLate) return Promise.reject(value)
        if (chance(seed, path, 'throw') < 0.5) throw value
        return value
      }
    }
  }
  return schema
}

function inputFor(type: GraphQLInputType, seed: number, path: string): unknown {
  const draw = chance(seed, path)
  if (!isNonNullType(type) && draw < 0.3) return draw < 0.15 ? null : undefined
  const present = getNullableType(type)
  if (isListType(present)) return [inputFor(present.ofType, seed, `${path}.0`)].filter(Boolean)
  if (isEnumType(present)) return present.getValues()[0]?.name
  if (isInputObjectType(present)) {
    const fields = Object.values(present.getFields())
    return Object.fromEntries(fields.map(({ name, type: of }) => [name, inputFor(of, seed, `${path}.${name}`)]))
  }
  const named = getNamedType(present).name
  if (named === 'Boolean') return draw < 0.5
  return named === 'Int' ? Math.floor(draw * 100) : `text ${String(draw)}`
}

const documents = join(root, 'sdk/documents')
const sdkSource = readdirSync(documents)
  .map((file) => readFileSync(join(documents, file), 'utf8'))
  .join('\n')
const used = (name: string) => {
  const parsed = parse(sdkSource, { noLocation: false })
  // An operation and a fragment may have one name.
  const textsOf = (kind: Kind) =>
    new Map(
      parsed.definitions
        .filter((one) => one.kind === kind)
        .map((one) => ['name' in one ? (one.name?.value ?? '') : '', sdkSource.slice(one.loc?.start, one.loc?.end)]),
    )
  const texts = textsOf(Kind.FRAGMENT_DEFINITION)
  const operation = textsOf(Kind.OPERATION_DEFINITION).get(name) ?? ''
  const needed = new Set<string>()
  const addFragmentsOf = (text: string) => {
    for (const [, spread = ''] of text.matchAll(/\.\.\.(\w+)/g)) {
      if (!texts.has(spread) || needed.has(spread)) continue
      needed.add(spread)
      addFragmentsOf(texts.get(spread) ?? '')
    }
  }
  addFragmentsOf(operation)
  return [operation, ...[...needed].map((one) => texts.get(one))].join('\n')
}
const sdkOperations = parse(sdkSource).definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
const schemaText = readFileSync(join(root, 'schema.graphql'), 'utf8')

const sorted = ({ errors = [] }: ExecutionResult) => errors.map((error) => JSON.stringify(error)).sort()

describe('planned operations answer as graphql-js does', () => {
  it.each([
    ['when all is well', { late: 0, none: 0.2, missing: 0, error: 0 }, 'text'],
    ['when values come late', { late: 0.5, none: 0.2, missing: 0, error: 0 }, 'text'],
    ['with errors and missing values at once', { late: 0, none: 0.1, missing: 0.05, error: 0.05 }, 'text'],
    ['with late errors and missing values', { late: 0.5, none: 0.1, missing: 0.03, error: 0.03 }, 'data'],
  ] as const)('%s, for all documents of the SDK', async (_name, weather, compared) => {
    for (let seed = 1; seed <= 3; seed++) {
      const schema = withWeather(buildSchema(schemaText), { seed, ...weather })
      for (const { name, variableDefinitions = [] } of sdkOperations) {
        const operationName = name?.value ?? ''
        const variables = Object.fromEntries(
          variableDefinitions.map(({ variable, type }) => [
            variable.name.value,
            inputFor(typeFromAST(schema, type as never) as GraphQLInputType, seed, variable.name.value),
          ]),
        )
        const { theirs, ours } = await bothAnswers({ schema, source: used(operationName), variables, operationName })
        if (compared === 'text') expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs))
        expect(JSON.stringify(ours.data)).toBe(JSON.stringify(theirs.data))
        // What else failed inside of a place that became null is told or not, by who was first.
        const all = sorted(theirs)
        const some = sorted(ours)
        expect(some.length > 0).toBe(all.length > 0)
      }
    }
  })

  const schema = buildSchema(`
    directive @note on FIELD
    interface Named { name: String! }
    type Cat implements Named { name: String! lives: Int friend: Named sad: String! }
    type Dog implements Named { name: String! barks: Boolean friend: Named }
    union Pet = Cat | Dog
    enum Mood { GOOD BAD }
    input Wish { text: String = "fish", mood: Mood! , more: [Wish!] }
    type Query {
      pet: Pet pets: [Pet!] named: Named strict: [Cat!]! nested: [[Int]]
      echo(text: String = "none", n: Int, mood: Mood = GOOD, wish: Wish, wishes: [Wish!]): String
      required(n: Int!): Int
      same: Query
    }
    type Mutation { add(n: Int!): Int fail(late: Boolean): Int! }
  `)
  const cat = { __typename: 'Cat', name: 'Tom', lives: 9, friend: { __typename: 'Dog', name: 'Rex', barks: true } }
  let count = 0
  const order: number[] = []
  const values = {
    pet: cat,
    pets: () => [cat, Promise.resolve({ __typename: 'Dog', name: 'Rex', barks: null, friend: cat })],
    named: () => Promise.resolve({ __typename: 'Dog', name: () => Promise.resolve('Rex') }),
    strict: [cat, { __typename: 'Cat', name: null }],
    nested: [[1, null], null, new Set([2, Promise.resolve(3)])],
    echo: (args: object) => JSON.stringify(args),
    required: ({ n }: { n: number }) => n,
    add: async ({ n }: { n: number }) => {
      const before = count
      await new Promise((resolve) => setTimeout(resolve, 5 - n))
      order.push(n)
      return (count = before + n)
    },
    fail: ({ late }: { late?: boolean }) => {
      if (late) return Promise.reject(new Error('late'))
      throw new Error('at once')
    },
  }
  const rootValue = { ...values, same: () => values }

  const flags = 'query ($a: Boolean!, $b: Boolean = true)'
  const cases: [string, string, Record<string, unknown>?, unknown?][] = [
    [
      'fragments on unions and interfaces',
      '{ pets { __typename ...F ... on Named { n: name } ... on Dog { barks } } } fragment F on Cat { lives friend { __typename name ... on Cat { lives } } }',
    ],
    [
      'fields that are merged',
      '{ pet { ... on Cat { friend { name } } ... on Named { name } ...G } } fragment G on Cat { friend { __typename ... on Dog { barks } } }',
    ],
    ['a late type and a late leaf', '{ named { __typename name } a: named { b: name } }'],
    ['lists in lists', '{ nested }'],
    ['null in a list that may have none', '{ pet { __typename } strict { name } }'],
    [
      'a missing value below a place that may be null',
      '{ pet { ... on Cat { name sad } } same { pet { __typename } } }',
    ],
    ['a field called __proto__', '{ __proto__: pet { __typename } constructor: nested toString: __typename }'],
    [
      'a mistake in a type',
      '{ named { name } pets { __typename } }',
      {},
      { ...rootValue, named: { __typename: 'Query' }, pets: [{}] },
    ],
    ['something that is no list', '{ pets { __typename } nested }', {}, { ...rootValue, pets: 5, nested: 'text' }],
    [
      'an error that is given back',
      '{ pet { __typename } nested }',
      {},
      { ...rootValue, nested: [[new Error('given')]] },
    ],
    [
      'constant arguments',
      '{ a: echo b: echo(text: null, n: 3, mood: BAD) c: echo(wish: { mood: BAD, more: [{ mood: GOOD }] }) }',
    ],
    [
      'variables in arguments',
      'query ($t: String, $n: Int = 7, $w: Wish, $m: Mood!) { a: echo(text: $t, n: $n, wish: $w) b: echo(wishes: [{ mood: $m, text: $t }]) }',
      { w: { mood: 'BAD' }, m: 'GOOD' },
    ],
    ['null for a variable with a default', 'query ($n: Int = 7) { echo(n: $n) required(n: $n) }', { n: null }],
    [
      'wrong variables',
      'query ($n: Int!, $w: Wish, $m: [Mood!]) { a: echo(n: $n, wish: $w) b: echo(mood: GOOD) c: same { __typename @skip(if: false) } d: echo(wishes: [{ mood: GOOD }]) e: pets { __typename @include(if: true) } f: echo(wish: { mood: GOOD }) g: echo(n: 1) h: same { ...M } } fragment M on Query { m: echo(wishes: [{ mood: BAD }]) }',
      { n: 'x', w: { mood: 'UGLY', more: [{}], nope: 1 }, m: [1, null] },
    ],
    ['introspection', getIntrospectionQuery()],
    [
      'a type by name',
      '{ __type(name: "Cat") { name fields { name type { kind ofType { name } } } } __schema { types { name } } }',
    ],
    ...[true, false].flatMap((a): [string, string, Record<string, unknown>][] => [
      [
        `@skip and @include with ${String(a)}`,
        `${flags} { pet @skip(if: $a) { __typename } nested @include(if: $b) same { ...S @include(if: $a) } x: echo } fragment S on Query { pet @skip(if: $b) { __typename } echo ... @include(if: $b) { named { name } } }`,
        { a },
      ],
      [
        `@skip of all with ${String(a)}`,
        `${flags} { pet @skip(if: $a) { __typename @skip(if: $b) name: __typename } same { echo @include(if: $a) nested @skip(if: $b) } }`,
        { a, b: !a },
      ],
    ]),
    ['null for a condition', `${flags} { echo same { pet { __typename @include(if: $b) } } }`, { a: true, b: null }],
    [
      'null for a condition at the top',
      `${flags} { echo @include(if: $b) x: nested @skip(if: $a) }`,
      { a: true, b: null },
    ],
    ['mutations one after the other', 'mutation { a: add(n: 1) b: add(n: 3) c: add(n: 2) }'],
    ['a mutation that fails at once', 'mutation { a: add(n: 1) f: fail b: add(n: 2) }'],
    ['a mutation that fails late', 'mutation { a: add(n: 1) f: fail(late: true) b: add(n: 2) }'],
  ]
  // $m and $a stand in the definitions of some cases for their values alone.
  const unused = new Set([
    'wrong variables',
    'null for a condition',
    '@skip of all with true',
    '@skip of all with false',
  ])

  it.each(cases)('%s', async (name, source, variables = {}, value = rootValue) => {
    const document = parse(source)
    const mistakes = validate(schema, document).filter(({ message }) => !message.endsWith('is never used.'))
    expect(unused.has(name) ? [] : validate(schema, document)).toEqual([])
    expect(mistakes).toEqual([])
    const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)
    if (!operation) throw new Error('no operation')
    const run = planOperation(schema, document, operation)
    const answers: string[] = []
    const orders: number[][] = []
    const input = { variableValues: variables, rootValue: value, contextValue: {} }
    const expected = () => execute({ schema, document, ...input, hideSuggestions: true })
    for (const answer of [expected, () => run(input), () => run(input)]) {
      count = 0
      order.length = 0
      const { data, errors } = await answer()
      // Words about faults of ours, which no client sees, are our own; where and how many counts.
      const told = errors?.map((error) => [
        /Abstract|Runtime Object|serialize/.test(error.message) ? '' : error.message,
        error.path,
        error.locations,
      ])
      answers.push(JSON.stringify({ told, data }))
      await new Promise((resolve) => setTimeout(resolve, 10))
      orders.push([...order])
    }
    expect(answers[1]).toBe(answers[0])
    expect(answers[2]).toBe(answers[0])
    expect(orders[1]).toEqual(orders[0])
  })

  it('the same plan with other variables', async () => {
    const document = parse(`${flags} { pet @skip(if: $a) { __typename } nested @include(if: $b) }`)
    const run = planOperation(schema, document, document.definitions[0] as OperationDefinitionNode)
    for (const variableValues of [
      { a: true },
      { a: false },
      { a: true, b: false },
      { a: false, b: false },
      { a: true },
    ]) {
      const input = { variableValues, rootValue }
      expect(JSON.stringify(await run(input))).toBe(JSON.stringify(await execute({ schema, document, ...input })))
    }
  })

  it('but for what ends a process: an item that fails at once, and another one later', async () => {
    const document = parse('{ strict { name sad } }')
    const run = planOperation(schema, document, document.definitions[0] as OperationDefinitionNode)
    const sad = () => Promise.reject(new Error('later'))
    const { data, errors } = await run({ rootValue: { strict: [{ name: 'Tom', sad }, null] } })
    expect([data, errors?.map(({ path }) => path)]).toEqual([null, [['strict', 1]]])
  })

  it('arguments are new for each row and each run', async () => {
    const document = parse('{ pets: same { echo(text: "a", wish: { mood: GOOD }) } echo(text: "b") }')
    const run = planOperation(schema, document, document.definitions[0] as OperationDefinitionNode)
    const spoiling = {
      ...values,
      echo: (args: Record<string, unknown>) => JSON.stringify([args, (args.text = 'spoiled')]),
    }
    const input = { rootValue: { ...spoiling, same: () => spoiling } }
    const first = JSON.stringify(await run(input))
    expect(JSON.stringify(await run(input))).toBe(first)
    expect(JSON.stringify(await execute({ schema, document, ...input }))).toBe(first)
  })
})
