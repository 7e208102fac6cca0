import { ImportError } from '../model.ts'

export interface LocalTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const isoPattern = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i

/** Milliseconds, rounded down; null for what is no time. Without an offset it is UTC. */
export function parseIso(text: unknown): number | null {
  const match = typeof text === 'string' ? isoPattern.exec(text) : null
  if (!match) return null
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone = 'Z'] = match
  const time = toUtc({
    ...{ year: Number(year), month: Number(month), day: Number(day) },
    ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
  })
  if (time === null) return null
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const offsetMs = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return time - offsetMs + Number(fraction.padEnd(3, '0').slice(0, 3))
}

/** As if it were UTC; null when there is no such day or minute. */
export function toUtc({ year, month, day, hour, minute, second }: LocalTime): number | null {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  return isReal ? date.getTime() : null
}

/** Local times of one zone in the order in which they happened, as UTC: never back in time. */
export interface ZonedClock {
  /** Null for what is no time. */
  next: (local: LocalTime) => number | null
}

export function createZonedClock(timeZone: string): ZonedClock {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', era: 'short' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  })
  const offsetAt = (utcMs: number): number => {
    const parts = Object.fromEntries(format.formatToParts(utcMs).map(({ type, value }) => [type, value]))
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
    const local = toUtc({
      ...{ year, month: Number(parts.month), day: Number(parts.day) },
      ...{ hour: Number(parts.hour), minute: Number(parts.minute), second: Number(parts.second) },
    })
    return (local ?? utcMs) - Math.floor(utcMs / 1000) * 1000
  }
  const dayMs = 86_400_000
  const cache = new Map<number, [number, number]>()
  /** The offsets of the day before and after: the same, except where clocks are changed. */
  const offsetsAround = (asUtc: number): [number, number] => {
    const day = Math.floor(asUtc / dayMs)
    let found = cache.get(day)
    if (!found) cache.set(day, (found = [offsetAt((day - 1) * dayMs), offsetAt((day + 2) * dayMs)]))
    return found
  }
  let last = -Infinity
  return {
    next(local) {
      const asUtc = toUtc(local)
      if (asUtc === null) return null
      const [before, after] = offsetsAround(asUtc)
      const candidates = [before, after]
        .filter((offset, place) => place === 0 || offset !== before)
        .map((offset) => asUtc - offset)
        .filter((time) => offsetAt(time) === asUtc - time)
        .sort((a, b) => a - b)
      // In the hour that the clocks leave out there is none: then as if they had not been changed yet.
      const possible = candidates.length > 0 ? candidates : [asUtc - before]
      const time = possible.find((candidate) => candidate >= last) ?? possible.at(-1) ?? asUtc
      last = Math.max(last, time)
      return last
    },
  }
}

export function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone })
  } catch (cause) {
    throw new ImportError(`There is no time zone ${timeZone}: use a name like Europe/Berlin.`, { cause })
  }
}
