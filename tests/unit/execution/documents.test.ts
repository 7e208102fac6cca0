import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { buildSchema, getIntrospectionQuery, type GraphQLError } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import { Documents } from '../../../src/execution/documents/documents.ts'
import { FairWork, type Work } from '../../../src/fairness/work.ts'
import { presentErrors } from '../../../src/transport/errors.ts'

// One graphql for all of them: the limits' parser takes it by require.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'))
const logger = { error: () => undefined }
const make = (introspection = false, work: Work = new FairWork(logger)) =>
  new Documents({ schema, introspection, work })

/** What a client is told. */
function refusalOf(documents: Documents, text: string, payer = 'address:192.0.2.1') {
  try {
    documents.read(text, payer)
  } catch (error) {
    return presentErrors([error], { traceId: 'T', logger: logger as never }).map((one) => one.toJSON())
  }
  throw new Error('It was taken.')
}
const codesOf = (refusal: ReturnType<typeof refusalOf>) => refusal.map(({ extensions }) => extensions?.code)

const numbered = (count: number, make: (at: number) => string) => Array.from({ length: count }, (_, at) => make(at))
const chain = (length: number) => numbered(length, (at) => `fragment f${String(at)} on User{id ...f${String(at + 1)}}`)

describe('a new document', () => {
  const tooLarge: [string, string][] = [
    ['bytes', `{ viewer { user { id } } } #${'x'.repeat(32_768)}`],
    ['bytes of two for each character', `{ viewer { user { id } } } #${'é'.repeat(16_400)}`],
    ['a name', `{ ${'x'.repeat(900_000)} }`],
    ['a shorter name', `{ ${'x'.repeat(129)} }`],
    ['lines', `{ viewer ${'\n'.repeat(2_000)} { user { id } } }`],
    ['tokens', `{ viewer { user { ${'id '.repeat(2_000)} } } }`],
    ['fields of one name', `{ viewer { ${'user{presence{status}}'.repeat(120)} } }`],
    [
      'fields of one name in fragments',
      `{ ${numbered(40, (at) => `...f${String(at % 9)}`).join(' ')} } ${numbered(9, (at) => `fragment f${String(at)} on Query{${'viewer{user{id}}'.repeat(13)}}`).join(' ')}`,
    ],
    ['fragments', `{ viewer { user { ...f0 } } } ${chain(101).join(' ')} fragment f101 on User{id}`],
    ['operations', numbered(51, (at) => `query q${String(at)} { __typename }`).join(' ')],
    ['arguments', `{ node(${'id:"x" '.repeat(51)}) { id } }`],
    ['variables', `query (${'$a:Int '.repeat(101)}) { __typename }`],
    ['brackets', `${'{viewer'.repeat(65)}${'}'.repeat(65)}`],
  ]

  it.each(tooLarge)('has bounds that are asked before its meaning: %s', (_name, text) => {
    const refusal = refusalOf(make(), text)
    expect(codesOf(refusal)).toEqual(['QUERY_TOO_COMPLEX'])
    expect(JSON.stringify(refusal).length).toBeLessThan(500)
  })

  it('of the tools that people use is within them', () => {
    const introspection = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    })
    expect(make(true).read(introspection, 'x').kind).toBe('Document')
    const ids = numbered(60, (at) => `fragment f${String(at)} on User { id __typename handle }`)
    const used = numbered(60, (at) => `...f${String(at)}`).join(' ')
    expect(make().read(`{ viewer { user { ${used} } } } ${ids.join(' ')}`, 'x').kind).toBe('Document')
  })

  it('is told of five mistakes at the most, in short words', () => {
    const unknown = numbered(900, (at) => `usr${String(at)}`).join(' ')
    expect(codesOf(refusalOf(make(), `{ viewer { ${unknown} } }`))).toEqual(Array(5).fill('VALIDATION_ERROR'))
    const long = refusalOf(make(), `{ node(id: {a: "${'y'.repeat(20_000)}"}) { ${'x'.repeat(120)} } }`)
    for (const { message } of long) expect(message.length).toBeLessThan(300)
    expect(JSON.stringify(long)).not.toMatch(/x{65}|y{65}/)
    const [syntax] = refusalOf(make(), `{ viewer "${'z'.repeat(20_000)}" }`)
    expect(syntax?.message).toMatch(/^Syntax Error: .*z{63,64}…/)
  })

  it('is told what it might mean only where the schema may be seen', () => {
    expect(refusalOf(make(true), '{ viewer { usr { id } } }')[0]?.message).toContain('Did you mean')
    const secret = [
      '{ viewer { usr { id } } }',
      '{ node(idd: 1) { id } }',
      '{ __type(name: "Use") { name } }',
      '{ x @skp }',
    ]
    for (const text of secret) expect(JSON.stringify(refusalOf(make(), text))).not.toContain('Did you mean')
  })

  it('that was refused is refused in the same words without being read', () => {
    const charged: number[] = []
    const work = { charge: (_: string, ms: number) => charged.push(ms), debtMs: () => 0, waitMs: () => 0 } as never
    const documents = make(false, work)
    for (const text of [
      '{ viewer {\n nope } }',
      '{ viewer',
      `{ viewer { ${'user{presence{status}}'.repeat(120)} } }`,
    ]) {
      const first = refusalOf(documents, text)
      expect(first.length).toBeGreaterThan(0)
      expect(refusalOf(documents, text)).toEqual(first)
    }
    // Also of what is remembered the time is counted.
    expect(charged).toHaveLength(2 * 6)
  })

  it('is RATE_LIMITED when its payer has used up their time, and nobody else is', () => {
    const documents = make()
    const attempt = (at: number) => `{ viewer { ${'user{presence{status}}'.repeat(60)} a${String(at)}: nope } }`
    const codes = new Set<unknown>()
    let refusal: ReturnType<typeof refusalOf>[number] | undefined
    for (let at = 0; at < 5_000 && !codes.has('RATE_LIMITED'); at++) {
      ;[refusal] = refusalOf(documents, attempt(at))
      codes.add(refusal?.extensions?.code)
    }
    expect([...codes]).toEqual(['VALIDATION_ERROR', 'RATE_LIMITED'])
    expect(refusal?.extensions).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) as number })
    // What is known costs nothing.
    documents.read('{ viewer { user { id } } }', 'somebody else')
    expect(documents.read('{ viewer { user { id } } }', 'address:192.0.2.1').kind).toBe('Document')
    expect(codesOf(refusalOf(documents, attempt(0) + ' # ', 'address:192.0.2.2'))).toEqual(['VALIDATION_ERROR'])
  })

  it('keeps no place of a mistake that would hold the document', () => {
    const documents = make()
    refusalOf(documents, '{ nope }')
    try {
      documents.read('{ nope }', 'x')
    } catch (error) {
      const [kept] = (error as AggregateError).errors as GraphQLError[]
      expect([kept?.nodes, kept?.source, kept?.locations]).toEqual([undefined, undefined, [{ line: 1, column: 3 }]])
    }
    expect.assertions(1)
  })
})
