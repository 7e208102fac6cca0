// The first line of each WhatsApp message: a date, a time and what follows, as a phone of some language writes it.
import type { DateOrder } from '../model.ts'
import type { LocalTime } from '../text/times.ts'

/** Marks of direction, which are not seen: before a line, before what is no typed text, round numbers of phones. */
export const invisible = /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
const marks = '[\\u200E\\u200F]*'
const blank = '[\\s\\u00A0\\u2009\\u202F]'

/** The halves of the day, before or after the time. */
const morning = `a\\.?${blank}?m\\.?|上午|午前|오전|凌晨|早上|清晨|ص|π\\.?μ\\.?|पूर्वाह्न|öö|sa|pg|de\\.`
const evening = `p\\.?${blank}?m\\.?|下午|午後|오후|中午|傍晚|晚上|م|μ\\.?μ\\.?|अपराह्न|ös|ch|ptg|du\\.`
const half = `(${morning}|${evening})`
const isMorning = new RegExp(`^(?:${morning})$`, 'iu')

const date = `(\\d{1,4})${marks}([./-])${marks}\\s?(\\d{1,2})${marks}\\2${marks}\\s?(\\d{1,4})\\.?`
// Between date and time some languages have a word: 1.3.2024 klo 10.05, 01/03/2024 à 10:05, 1.03.2024 г., 10:05 ч.
const between = `(?:${blank}(?:klo|kl\\.|à|um|г\\.))?[,،、]?${blank}+`
const time = `(?:${half}${blank}*)?(\\d{1,2})[:.](\\d{2})(?:[:.](\\d{2}))?(?:${blank}*${half}|${blank}ч\\.)?`
const ios = new RegExp(`^${marks}\\uFEFF?${marks}\\[${date}${between}${time}\\]${blank}?`, 'iu')
const android = new RegExp(`^\\uFEFF?${marks}${date}${between}${time}${blank}+[-–]${blank}`, 'iu')

/** Arabic, Persian, Hindi and Bengali digits: one letter for one, so that places in the line stay. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6]
const withPlainDigits = (text: string) =>
  text.replace(/[\u0660-\u0669\u06F0-\u06F9\u0966-\u096F\u09E6-\u09EF]/g, (digit) => {
    const code = digit.charCodeAt(0)
    return String(code - (zeros.findLast((zero) => zero <= code) ?? code))
  })

export interface DatedLine {
  /** The three numbers of the date, as they stand there. */
  parts: readonly [number, number, number]
  /** Whether the year stands first, with four digits: then there is nothing to ask. */
  isYearFirst: boolean
  hour: number
  minute: number
  second: number
  rest: string
}

export function parseDatedLine(line: string): DatedLine | null {
  // No phone writes a longer one.
  const plain = withPlainDigits(line.slice(0, 80))
  const match = ios.exec(plain) ?? android.exec(plain)
  if (!match) return null
  const [whole, first = '', , second = '', third = '', before, hours = '', minutes = '', seconds = '0', after] = match
  const halfOfDay = before ?? after
  let hour = Number(hours)
  if (halfOfDay !== undefined && hour <= 12) hour = (hour % 12) + (isMorning.test(halfOfDay) ? 0 : 12)
  const isYearFirst = first.length === 4
  if (first.length === 3 || third.length === 3 || (isYearFirst && third.length === 4)) return null
  return {
    parts: [Number(first), Number(second), Number(third)],
    ...{ isYearFirst, hour, minute: Number(minutes), second: Number(seconds) },
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
