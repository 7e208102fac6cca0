// Dates in words of a language, as Google writes them: "Tuesday, March 14, 2021 at 10:41:03 PM UTC", "14. März 2021 um 22:41:03 UTC".
import { toUtc } from './times.ts'

const languages = 'en de fr es it pt nl sv da nb fi pl cs tr id ro hu ca'.split(' ')

let months: Map<string, number> | undefined

/** The names of months, as they stand in a date and as they stand alone. */
function monthNames(): Map<string, number> {
  if (months) return months
  months = new Map()
  for (const language of languages)
    for (const options of [{ month: 'long', day: 'numeric' }, { month: 'long' }, { month: 'short' }] as const) {
      const format = new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' })
      for (let month = 0; month < 12; month += 1) {
        const name = format.formatToParts(Date.UTC(2021, month, 14)).find(({ type }) => type === 'month')?.value
        const plain = name?.toLowerCase().replace(/\.$/, '')
        if (plain !== undefined && !months.has(plain)) months.set(plain, month + 1)
      }
    }
  return months
}

/** Milliseconds; null for what cannot be read. The zone is always UTC. */
export function parseWordedDate(text: string): number | null {
  const time = /(\d{1,2}):(\d{2}):(\d{2})(?:[\s\u00A0\u202F]*([ap])\.?[\s\u00A0\u202F]?m\b)?/i.exec(text)
  if (!time || !/\b(UTC|GMT)\b/.test(text)) return null
  const [, hours, minutes, seconds, half] = time
  const words = text.slice(0, time.index)
  const year = /(?<!\d)\d{4}(?!\d)/.exec(words)?.[0]
  const day = /(?<!\d)\d{1,2}(?!\d)/.exec(words)?.[0]
  const names = words.toLowerCase().match(/\p{L}+/gu) ?? []
  // The day of the week may begin like a month: "mar" is Tuesday in one language and March in another. The last one counts.
  const month = names.flatMap((name) => monthNames().get(name) ?? []).at(-1)
  if (year === undefined || day === undefined || month === undefined) return null
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  return toUtc({
    ...{ year: Number(year), month, day: Number(day) },
    ...{ hour, minute: Number(minutes), second: Number(seconds) },
  })
}
