// The first line of each WhatsApp message: a date, a time and what follows, as a phone of some language writes it.
import type { DateOrder } from '../model.ts'
import type { LocalTime } from '../text/times.ts'

/** Marks of direction, which are not seen: before a line, before what is no typed text, round numbers of phones. */
export const invisible = /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
const blank = '[\\s\\u00A0\\u2009\\u202F]'

const date = '(\\d{1,4})([./-])\\s?(\\d{1,2})\\2\\s?(\\d{1,4})\\.?'
const time = `(\\d{1,2})[:.](\\d{2})(?:[:.](\\d{2}))?(?:${blank}*([AaPp])\\.?${blank}?[Mm]\\.?)?`
const ios = new RegExp(`^\\u200E*\\uFEFF?\\u200E*\\[${date},?${blank}+${time}\\]${blank}?`)
const android = new RegExp(`^\\uFEFF?\\u200E*${date},?${blank}+${time}${blank}+[-–]${blank}`)

export interface DatedLine {
  /** The three numbers of the date, as they stand there. */
  parts: readonly [number, number, number]
  /** Whether the year stands first, with four digits: then there is nothing to ask. */
  isYearFirst: boolean
  hour: number
  minute: number
  second: number
  isIos: boolean
  rest: string
}

export function parseDatedLine(line: string): DatedLine | null {
  const match = ios.exec(line) ?? android.exec(line)
  if (!match) return null
  const [whole, first = '', , second = '', third = '', hours = '', minutes = '', seconds = '0', half] = match
  let hour = Number(hours)
  if (half !== undefined) hour = (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const isYearFirst = first.length === 4
  if (first.length === 3 || third.length === 3 || (isYearFirst && third.length === 4)) return null
  return {
    parts: [Number(first), Number(second), Number(third)],
    ...{ isYearFirst, hour, minute: Number(minutes), second: Number(seconds) },
    isIos: whole.includes('['),
    rest: line.slice(whole.length),
  }
}

/** The date by this order; a year of two digits is of this century. */
export function localTimeOf({ parts, isYearFirst, hour, minute, second }: DatedLine, order: DateOrder): LocalTime {
  const [a, b, c] = parts
  const [year, month, day] = isYearFirst || order === 'YMD' ? [a, b, c] : order === 'DMY' ? [c, b, a] : [c, a, b]
  return { year: year < 100 ? 2000 + year : year, month, day, hour, minute, second }
}

/** What the numbers themselves prove: no month is greater than 12. */
export function provenOrder(lines: readonly DatedLine[]): DateOrder | null {
  if (lines.length > 0 && lines.every(({ isYearFirst }) => isYearFirst)) return 'YMD'
  const others = lines.filter(({ isYearFirst }) => !isYearFirst)
  const isDayFirst = others.some(({ parts }) => parts[0] > 12 && parts[0] <= 31 && parts[1] <= 12)
  const isMonthFirst = others.some(({ parts }) => parts[1] > 12 && parts[0] <= 12)
  // A year of two digits in front cannot be told from a day.
  const endsInYear = others.some(({ parts }) => parts[2] > 31)
  if (isDayFirst === isMonthFirst || !endsInYear) return null
  return isDayFirst ? 'DMY' : 'MDY'
}
