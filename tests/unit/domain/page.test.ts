import { describe, expect, test } from 'vitest'
import { ValidationError } from '../../../src/domain/errors.ts'
import {
  checkPage,
  decodeCursor,
  encodeCursor,
  isMomentMs,
  toPage,
  type HasMore,
  type Page,
} from '../../../src/domain/page.ts'

const limits = { defaultSize: 25, maxSize: 100 }
const forward = { size: 3, backward: false, after: null, before: null }

/** The field that a refusal names. */
function refusedFor(work: () => unknown): string[] | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof ValidationError) return error.fields[0]?.path
    throw error
  }
  return undefined
}

describe('checkPage', () => {
  test('takes the default size, from the end that the list asks for', () => {
    expect(checkPage({}, limits)).toEqual({ size: 25, backward: false, after: null, before: null })
    expect(checkPage({}, limits, 'last')).toMatchObject({ size: 25, backward: true })
    expect(checkPage({ first: null, last: null, after: null }, limits, 'last')).toMatchObject({ backward: true })
  })

  test('goes in the direction of the number that is given, whatever the default', () => {
    expect(checkPage({ first: 1 }, limits, 'last')).toMatchObject({ size: 1, backward: false })
    expect(checkPage({ first: 0 }, limits, 'last')).toMatchObject({ size: 0, backward: false })
    expect(checkPage({ last: 100 }, limits)).toMatchObject({ size: 100, backward: true })
    expect(checkPage({ last: 2, before: 'b', after: 'a' }, limits)).toMatchObject({ before: 'b', after: 'a' })
  })

  test('refuses sizes out of bounds and both numbers at once', () => {
    for (const size of [-1, 101, 1000]) {
      expect(refusedFor(() => checkPage({ first: size }, limits))).toEqual(['first'])
      expect(refusedFor(() => checkPage({ last: size }, limits))).toEqual(['last'])
    }
    expect(refusedFor(() => checkPage({ first: 1, last: 1 }, limits))).toEqual(['last'])
  })
})

describe('cursors', () => {
  const numberOf = ([value]: unknown[]) => (typeof value === 'number' ? value : null)

  test('come back as they were made', () => {
    const parts = ['text "with" quotes', 42, true, 'ünï']
    expect(decodeCursor('list', 'after', encodeCursor('list', parts), (decoded) => decoded)).toEqual(parts)
    expect(encodeCursor('list', parts)).toMatch(/^[\w-]+$/)
  })

  test('of another list, and what is none, are refused with the name of the argument', () => {
    const strange = [
      '',
      'x',
      '%',
      'null',
      encodeCursor('other', [1]),
      encodeCursor('list', []),
      encodeCursor('list', ['1']),
    ]
    for (const cursor of [
      ...strange,
      ...['{}', '[]', '1', '"list"'].map((json) => Buffer.from(json).toString('base64')),
    ]) {
      expect(refusedFor(() => decodeCursor('list', 'before', cursor, numberOf))).toEqual(['before'])
    }
  })

  test('hold only moments that a date and the database can hold', () => {
    for (const moment of [0, 1, 1_800_000_000_000, Date.parse('9999-12-31T23:59:59.999Z')]) {
      expect(isMomentMs(moment)).toBe(true)
    }
    for (const moment of [-1, 0.5, 8.7e15, Number.MAX_SAFE_INTEGER, NaN, Infinity, '1', null, undefined]) {
      expect(isMomentMs(moment)).toBe(false)
    }
  })
})

describe('toPage', () => {
  const cursorOf = (row: number) => `c${row}`
  const backward = { ...forward, backward: true }
  const page = (rows: number[], request: Page, isBehind: HasMore = () => true) => {
    const { hasNextPage, hasPreviousPage, ...rest } = toPage(rows, request, cursorOf, isBehind)
    return { ...rest, hasNextPage: hasNextPage(), hasPreviousPage: hasPreviousPage() }
  }

  test('cuts the one row too many, which says that there are more', () => {
    const first = page([1, 2, 3, 4], forward)
    expect(first.rows).toEqual([1, 2, 3])
    expect(first.rows.map(first.cursorOf)).toEqual(['c1', 'c2', 'c3'])
    expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    expect(page([1, 2, 3], forward).hasNextPage).toBe(false)
  })

  test('turns rows that were read backwards round', () => {
    const last = page([9, 8, 7, 6], backward)
    expect(last.rows).toEqual([7, 8, 9])
    expect(last).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  })

  test('says of the side where its cursor is what is found there, and does not guess', () => {
    for (const isBehind of [true, false]) {
      expect(page([1], { ...forward, after: 'c0' }, () => isBehind).hasPreviousPage).toBe(isBehind)
      expect(page([1], { ...backward, before: 'c2' }, () => isBehind).hasNextPage).toBe(isBehind)
    }
  })

  test('of no rows says whether there are any', () => {
    expect(page([], forward)).toMatchObject({ rows: [], hasNextPage: false, hasPreviousPage: false })
    expect(page([1], { ...forward, size: 0 })).toMatchObject({ rows: [], hasNextPage: true, hasPreviousPage: false })
    expect(page([1], { ...backward, size: 0 })).toMatchObject({ rows: [], hasNextPage: false, hasPreviousPage: true })
  })
})
