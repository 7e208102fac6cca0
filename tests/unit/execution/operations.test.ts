import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { VerifiedTokens } from '../../../src/domain/sessions/verified-tokens.ts'
import { DocumentCache } from '../../../src/execution/documents/document-cache.ts'
import { createOperations } from '../../../src/execution/operations.ts'
import { sha256Of } from '../../../src/execution/documents/persisted.ts'
import { readTrustedDocuments } from '../../../src/execution/documents/trusted-documents.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)
const { buildSchema } = await import('graphql')

afterEach(() => {
  vi.useRealTimers()
})

describe('a cache of documents', () => {
  it('is bounded by count and by length, and loses first what was used longest ago', () => {
    const cache = new DocumentCache<number>(3, 10, 20)
    for (const [at, key] of ['a', 'b', 'c'].entries()) cache.set(key, 'x', at)
    expect(cache.get('a')).toBe(0)
    cache.set('d', 'x', 3)
    expect([cache.get('a'), cache.get('b'), cache.size]).toEqual([0, undefined, 3])
    cache.set('long', 'x'.repeat(11), 4)
    expect(cache.get('long')).toBeUndefined()
    cache.set('e', 'x'.repeat(10), 5)
    cache.set('f', 'x'.repeat(10), 6)
    expect([cache.size, cache.get('e'), cache.get('f')]).toEqual([2, 5, 6])
    cache.set('f', 'x', 7)
    cache.set('g', 'x'.repeat(9), 8)
    expect([cache.get('e'), cache.get('f'), cache.get('g')]).toEqual([5, 7, 8])
  })
})

describe('operations', () => {
  const schema = buildSchema(`
    type Query { rows(first: Int, ids: [ID!]): RowConnection other(n: Int): Int }
    type RowConnection { nodes: [Row] edges: [Int] pageInfo: Int }
    type Row { rows(first: Int): RowConnection n: Int }
  `)
  const make = () => createOperations({ schema, introspection: true })
  const payer = 'address:127.0.0.1'

  it('are prepared once for a text and a name', () => {
    const operations = make()
    const query = 'query A { other } query B { other }'
    const a = operations.prepare({ query, operationName: 'A' }, payer)
    expect(operations.prepare({ query, operationName: 'A' }, payer)).toBe(a)
    const b = operations.prepare({ query, operationName: 'B' }, payer)
    expect([b === a, b.document === a.document, operations.documentCount]).toEqual([false, true, 1])
  })

  it('are not kept when they are wrong or long', () => {
    const operations = make()
    for (let n = 0; n < 50; n++) {
      expect(() => operations.prepare({ query: `{ nope${String(n)} }` }, `payer ${String(n)}`)).toThrow()
      expect(() => operations.prepare({ query: `{ other(n: ${String(n)} }` }, `payer ${String(n)}`)).toThrow()
      expect(() =>
        operations.prepare({ query: `query A${String(n)} { other }`, operationName: 'B' }, `payer ${String(n)}`),
      ).toThrow()
    }
    expect(() => operations.prepare({ query: `{ other }${' '.repeat(40_000)}` }, payer)).toThrow('up to 20480 bytes')
    // The valid documents that were asked for by a name they do not have.
    expect(operations.documentCount).toBe(50)
  })

  it('are limited by what each request asks for, whatever was asked before', () => {
    const operations = make()
    const query =
      'query ($a: Int = 100, $b: Int, $n: Int) { rows(first: $a) { nodes { rows(first: $b) { nodes { rows(first: 5) { nodes { n } } } } } } other(n: $n) }'
    const prepared = operations.prepare({ query }, payer)
    const verdictOn = (variables: Record<string, unknown>) => prepared.costOf(variables).error
    for (let time = 0; time < 3; time++) {
      expect(verdictOn({ a: 1, b: 1 })).toBeNull()
      expect(verdictOn({ b: 100 })).not.toBeNull()
      expect(verdictOn({ a: null, b: 10 })).toBeNull()
      expect(verdictOn({ a: 100, b: 100, n: time })).not.toBeNull()
      expect(verdictOn({ a: 'x' })).toBeNull()
    }
    // More sizes than are remembered.
    for (let a = 1; a <= 100; a++) {
      const objects = 1 + a * (2 + 100 * (2 + 5))
      expect(prepared.costOf({ a, b: 100 }).objects).toBe(objects)
      expect(verdictOn({ a, b: 100 }) === null).toBe(objects <= 50_000)
    }
  })

  it('count nothing of an operation without pages', () => {
    expect(make().prepare({ query: '{ other }' }, payer).costOf({}).objects).toBe(0)
  })
})

describe('verified tokens', () => {
  it('are believed until they expire', () => {
    vi.useFakeTimers()
    const tokens = new VerifiedTokens()
    tokens.set('token', 'session', Date.now() + 1_000)
    vi.advanceTimersByTime(999)
    expect(tokens.get('token')).toBe('session')
    vi.advanceTimersByTime(1)
    expect([tokens.get('token'), tokens.size]).toEqual([undefined, 0])
  })

  it('are bounded by count, and of long ones a hash is kept', () => {
    const tokens = new VerifiedTokens()
    for (let n = 0; n < 10_001; n++) tokens.set(`token ${String(n)}`, 'session', Date.now() + 60_000)
    tokens.set('x'.repeat(2_000), 'long', Date.now() + 60_000)
    const found = ['token 0', 'token 10000', 'x'.repeat(2_000), 'x'.repeat(2_001)].map((token) => tokens.get(token))
    expect([tokens.size, ...found]).toEqual([10_000, undefined, 'session', 'long', undefined])
  })
})

describe('the operator’s documents', () => {
  const file = (content: string) => {
    const path = join(mkdtempSync(join(tmpdir(), 'parley-')), 'persisted.json')
    writeFileSync(path, content)
    return path
  }

  it('are read by their hashes', () => {
    const text = '{ other }'
    const path = file(JSON.stringify({ [sha256Of(text).toUpperCase()]: text }))
    expect(readTrustedDocuments(path, true)).toEqual({ byHash: new Map([[sha256Of(text), text]]), only: true })
  })

  it.each([
    [
      'a text under another hash',
      JSON.stringify({ [sha256Of('{ a }')]: '{ b }' }),
      'is not a document under its SHA-256',
    ],
    ['something that is no text', JSON.stringify({ a: 5 }), 'is not a document under its SHA-256'],
    ['a list', '[]', 'must be a JSON object'],
    ['no JSON', '{', 'cannot be read'],
  ])('are refused with %s', (_name, content, words) => {
    expect(() => readTrustedDocuments(file(content), false)).toThrow(words)
  })

  it('are refused when there is no file', () => {
    expect(() => readTrustedDocuments('/nowhere/at/all.json', false)).toThrow('cannot be read')
  })
})
