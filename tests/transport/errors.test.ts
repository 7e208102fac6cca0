import { createRequire } from 'node:module'
import { getIntrospectionQuery } from 'graphql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createToy, type Answer, type Toy } from './toy.ts'

// Vite resolves graphql to its ES module while Yoga's own imports reach the CommonJS one; they must be one and the same.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const deepQuery = `${'{ deep '.repeat(16)}{ name }${'}'.repeat(16)}`

let toy: Toy
beforeEach(async () => {
  toy = createToy()
  await toy.start()
})
afterEach(() => toy.stop())

describe('errors', () => {
  const operations: [string, string, Record<string, unknown>, Record<string, unknown>?, string?][] = [
    ['an unexpected error', '{ fail(how: "unexpected") }', { code: 'INTERNAL', retryable: false }],
    ['a value no Int can hold', '{ badInt }', { code: 'INTERNAL', retryable: false }],
    ['a lost database', '{ fail(how: "database") }', { code: 'UNAVAILABLE', retryable: true, retryAfterMs: 1000 }],
    ['what is not found', '{ fail(how: "notFound") }', { code: 'NOT_FOUND', retryable: false }],
    ['a rate limit', '{ fail(how: "limited") }', { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2500 }],
    [
      'a refused value',
      '{ fail(how: "invalid") }',
      { code: 'VALIDATION_ERROR', fields: [{ path: ['input', 'text'] }] },
    ],
    ['an id that is none', '{ fail(how: "pothos") }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a syntax error', '{ hello', { code: 'VALIDATION_ERROR', fields: [] }],
    ['an unknown field', '{ nope }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a wrong literal', '{ even(n: 3) }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['a wrong variable', 'query ($n: Even!) { even(n: $n) }', { code: 'VALIDATION_ERROR', fields: [] }, { n: 3 }],
    ['a missing variable', 'query ($n: Even!) { even(n: $n) }', { code: 'VALIDATION_ERROR', fields: [] }],
    ['an unknown operation', 'query A { hello } query B { hello }', { code: 'VALIDATION_ERROR', fields: [] }, {}, 'C'],
    ['too deep a query', deepQuery, { code: 'QUERY_TOO_COMPLEX', retryable: false }],
    [
      'too many aliases',
      `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: hello`).join(' ')} }`,
      { code: 'QUERY_TOO_COMPLEX' },
    ],
    ['too many tokens', `{ ${'hello '.repeat(1_000)} }`, { code: 'QUERY_TOO_COMPLEX', retryable: false }],
  ]

  it.each(operations)(
    'are the same by HTTP and WebSocket for %s',
    async (_name, query, extensions, variables, operationName) => {
      const byHttp = await toy.ask(query, { variables, operationName })
      const bySocket = await toy.askSocket(query, variables, operationName)
      const [error] = byHttp.errors ?? []
      expect(error?.extensions).toMatchObject(extensions)
      expect(error?.extensions.traceId).toEqual(expect.any(String))
      expect(JSON.stringify([byHttp, bySocket])).not.toMatch(/secret|stack|originalError|"http"/)
      const comparable = ({ errors, ...rest }: Answer) => ({
        ...rest,
        errors: errors?.map((one) => {
          const traceId = String(one.extensions.traceId)
          return { ...one, message: one.message.replace(traceId, 'T'), extensions: { ...one.extensions, traceId: 'T' } }
        }),
      })
      expect(comparable(bySocket)).toEqual(comparable(byHttp))
    },
  )

  it('are logged with their stack and trace id when they are masked', async () => {
    const { errors } = await toy.ask('{ fail(how: "unexpected") }')
    const [line] = toy.logLines
    expect(line).toMatchObject({
      traceId: errors?.[0]?.extensions.traceId,
      path: ['fail'],
      err: { message: 'secret detail' },
    })
    expect((line?.err as { stack: string }).stack).toContain('transport/toy.ts')
    expect(errors?.[0]?.message).toContain(String(errors?.[0]?.extensions.traceId))
  })

  it('of a refused token answer UNAUTHENTICATED', async () => {
    for (const authorization of ['Bearer expired', 'Basic abc', 'Bearer']) {
      expect((await toy.ask('{ hello }', { headers: { authorization } })).errors?.[0]?.extensions.code).toBe(
        'UNAUTHENTICATED',
      )
    }
    const accept = 'application/graphql-response+json'
    expect((await toy.post('{ hello }', { headers: { authorization: 'Bearer expired', accept } })).status).toBe(401)
  })

  it('keep introspection for GraphiQL, and off where it is off', async () => {
    const query = getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, oneOf: true })
    expect((await toy.ask(query)).errors).toBeUndefined()
    const closed = createToy({ introspection: false })
    await closed.start()
    const { errors } = (await (await closed.post('{ __schema { queryType { name } } }')).json()) as Answer
    expect(errors?.[0]?.extensions.code).toBe('VALIDATION_ERROR')
    expect(((await (await closed.post('{ __typename }')).json()) as Answer).data).toEqual({ __typename: 'Query' })
    await closed.stop()
  })
})
