import type { Texts } from './en.ts'
import { useLanguage, type Language } from './texts.tsx'

const formats = new Map<string, Intl.DateTimeFormat>()
/** Making one takes longer than using it a hundred times. */
function formatOf(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  let format = formats.get(key)
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language, options)))
  return format
}

const dayOf = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
const dayMs = 86_400_000
/** Days of the calendar between; a day of 23 or 25 hours is one too. */
const daysBetween = (earlier: Date, later: Date) => Math.round((dayOf(later) - dayOf(earlier)) / dayMs)

export const isSameDay = (one: string, other: string) => dayOf(new Date(one)) === dayOf(new Date(other))

export interface Dates {
  time(iso: string): string
  /** The heading of a day in a timeline. */
  day(iso: string): string
  /** For a list: the time today, the weekday this week, the date otherwise. */
  short(iso: string): string
  /** Everything, as for a tooltip. */
  full(iso: string): string
}

export function datesOf(language: Language, texts: Texts, now = () => new Date()): Dates {
  const time = (iso: string) => formatOf(language, { hour: 'numeric', minute: '2-digit' }).format(new Date(iso))
  return {
    time,
    day(iso) {
      const date = new Date(iso)
      const days = daysBetween(date, now())
      if (days === 0) return texts.timeline.today
      if (days === 1) return texts.timeline.yesterday
      const sameYear = date.getFullYear() === now().getFullYear()
      const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' }
      return formatOf(language, sameYear ? options : { ...options, year: 'numeric' }).format(date)
    },
    short(iso) {
      const date = new Date(iso)
      const days = daysBetween(date, now())
      if (days === 0) return time(iso)
      if (days === 1) return texts.timeline.yesterday
      if (days > 1 && days < 7) return formatOf(language, { weekday: 'short' }).format(date)
      return formatOf(language, { dateStyle: 'short' }).format(date)
    },
    full: (iso) => formatOf(language, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(iso)),
  }
}

export function useDates(): Dates {
  const { texts, language } = useLanguage()
  return datesOf(language, texts)
}
