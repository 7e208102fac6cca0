import { expect, it } from 'vitest'
import { DateTime } from '../../../src/schema/building/date-time.ts'

it.each([
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
])('%s is taken, and answered as it is in UTC', (text, answer) => {
  expect(DateTime.serialize(DateTime.parseValue(text))).toBe(answer)
})

it.each(['9999-12-31T23:59:59-23:59', '0001-01-01T00:00:00+00:01', '0000-01-01T00:00:00Z'])(
  '%s is refused: in UTC it has no year of four digits',
  (text) => {
    expect(() => DateTime.parseValue(text)).toThrow('A DateTime has to lie within the years 0001 to 9999 in UTC.')
  },
)
