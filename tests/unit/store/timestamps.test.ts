import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { parseTimestamp } from '../../../src/store/timestamps.ts'

/** PostgreSQL leaves out zeros at the end. */
const trimmed = (text: string) => text.replace(/(\.\d*?)0+\+00$/, '$1+00').replace('.+00', '+00')

test('any moment is read as pg reads it', () => {
  const moments = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(moments, (moment) => {
      const text = trimmed(`${moment.toISOString().replace('T', ' ').replace('Z', '')}+00`)
      expect(parseTimestamp(text)).toEqual(moment)
    }),
  )
})

test.each([
  '2026-11-20 13:31:08+00',
  '2026-11-20 13:31:08.1+00',
  '2026-11-20 13:31:08.12+00',
  '2026-11-20 13:31:08.123456+00',
  '2026-11-20 13:31:08.123+05:30',
  '2026-11-20 13:31:08.123-03',
  '12026-11-20 13:31:08+00',
  '0044-03-15 12:00:00+00 BC',
  'infinity',
])('%s is read as pg reads it', (text) => {
  const parse = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => unknown
  expect(parseTimestamp(text)).toEqual(parse(text))
})
