import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { failureOf, isDatabaseUnavailable } from '../../../src/store/database/failures.ts'

const withCode = (code: string) => Object.assign(new Error('failed'), { code })

describe('of an error of PostgreSQL', () => {
  // A code of each class, and those that are not as their class is.
  it.each([
    ['undone for the sake of another: again', 'again', '40000 40001 40P01 72000'],
    ['another session than ours: again by another connection', 'again', '25001 25P01 25P02 26000 42P05'],
    ['the connection is gone', 'lost', '08000 08003 08006 08007 08P01 25P03 25P04 40003 57P01 57P02 57P04 57P05'],
    [
      'not now',
      'later',
      '08001 08004 25006 28000 28P01 3D000 53000 53100 53200 53300 53400 55006 55P03 57000 57014 57P03 58000 58030',
    ],
    [
      'ours',
      'ours',
      '03000 09000 0A000 0B000 20000 21000 22001 22P02 23502 23505 23514 24000 27000 2BP01 2D000 2F005 34000 38000 39000 3B001 3F000 40002 42501 42601 42703 42883 42P01 44000 54000 54001 55000 55P02 55P04 F0000 HV000 P0001 P0002 XX000 XX001 XX002',
    ],
  ])('%s', (_, treatment, codes) => {
    for (const code of codes.split(' ')) expect(failureOf(withCode(code)).treatment, code).toBe(treatment)
  })

  it('what the connection is good for afterwards', () => {
    const ending = ['57P01', '08006', '25006', '26000', '42P05', '25P02']
    const going = ['23505', '40001', '40P01', '53100', '55P03', '57014']
    for (const code of ending) expect(failureOf(withCode(code)).endsConnection, code).toBe(true)
    for (const code of going) expect(failureOf(withCode(code)).endsConnection, code).toBe(false)
  })

  it('only that it cannot be reached counts as that, not that it refuses something', () => {
    for (const code of ['57P01', '57P03', '53300', '08006', 'ECONNREFUSED', '28P01'])
      expect(failureOf(withCode(code)).isAway, code).toBe(true)
    for (const code of ['25006', '53100', '53200', '55P03', '57014', '40001', '23505'])
      expect(failureOf(withCode(code)).isAway, code).toBe(false)
  })

  it('a plan that a migration made stale is known by its place, in any language', () => {
    const stale = Object.assign(new pg.DatabaseError('zwischengespeicherter Plan …', 1, 'error'), { code: '0A000' })
    expect(failureOf(stale).treatment).toBe('ours')
    expect(failureOf(Object.assign(stale, { routine: 'RevalidateCachedQuery' }))).toMatchObject({
      treatment: 'again',
      endsConnection: true,
    })
  })
})

describe('a database error counts as unavailable', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', '57P01', '57P03', '53300', 'P2024', '57014'])('by its code %s', (code) => {
    expect(isDatabaseUnavailable(withCode(code))).toBe(true)
  })

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect', 'Query read timeout'])(
    'by its message: %s',
    (text) => {
      expect(isDatabaseUnavailable(new Error(text))).toBe(true)
    },
  )

  it('inside what Prisma and Node wrap it in', () => {
    const adapterError = Object.assign(new Error('adapter'), { cause: { kind: 'postgres', originalCode: '57P01' } })
    for (const code of ['P2010', 'P2039']) {
      const raw = Object.assign(withCode(code), { meta: { driverAdapterError: adapterError } })
      expect(isDatabaseUnavailable(raw)).toBe(true)
    }
    expect(isDatabaseUnavailable({ cause: { kind: 'DatabaseNotReachable' } })).toBe(true)
    expect(isDatabaseUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true)
    // What the pool says itself keeps its code through Prisma, and nothing else of it.
    expect(isDatabaseUnavailable(withCode('UNAVAILABLE'))).toBe(true)
  })

  it('and nothing else does, also not what refers to itself', () => {
    const circular = new Error('x')
    circular.cause = circular
    const others = [null, undefined, 'ECONNREFUSED', new Error('x'), withCode('23505'), withCode('P2002'), circular]
    expect(others.map(isDatabaseUnavailable)).toEqual(others.map(() => false))
  })
})
