import { describe, expect, it } from 'vitest'
import { isDatabaseUnavailable } from '../../../src/store/unavailable.ts'

const withCode = (code: string) => Object.assign(new Error('failed'), { code })

describe('a database error counts as unavailable', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', '57P01', '57P03', '53300', 'P2024', '57014'])('by its code %s', (code) => {
    expect(isDatabaseUnavailable(withCode(code))).toBe(true)
  })

  it.each(['Connection terminated unexpectedly', 'timeout exceeded when trying to connect'])(
    'by its message: %s',
    (text) => {
      expect(isDatabaseUnavailable(new Error(text))).toBe(true)
    },
  )

  it('inside what Prisma and Node wrap it in', () => {
    const adapterError = Object.assign(new Error('adapter'), { cause: { kind: 'postgres', originalCode: '57P01' } })
    const raw = Object.assign(withCode('P2010'), { meta: { driverAdapterError: adapterError } })
    expect(isDatabaseUnavailable(raw)).toBe(true)
    expect(isDatabaseUnavailable({ cause: { kind: 'DatabaseNotReachable' } })).toBe(true)
    expect(isDatabaseUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true)
  })

  it('and nothing else does, also not what refers to itself', () => {
    const circular = new Error('x')
    circular.cause = circular
    const others = [null, undefined, 'ECONNREFUSED', new Error('x'), withCode('23505'), withCode('P2002'), circular]
    expect(others.map(isDatabaseUnavailable)).toEqual(others.map(() => false))
  })
})
