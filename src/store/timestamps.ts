import pg from 'pg'

type Parser = (text: string) => unknown

const { TIMESTAMPTZ } = pg.types.builtins
const parseAny = pg.types.getTypeParser(TIMESTAMPTZ) as Parser
const zero = 48

/**
 * Parses a timestamptz as PostgreSQL writes it in UTC, with up to milliseconds: `2026-11-20 13:31:08.123+00`. All of ours
 * look like that while the server's TimeZone is UTC. Reading by position takes a third of the time of pg's own parser,
 * which reads all other texts. A page of 50 has 150 timestamps.
 */
export function parseTimestamp(text: string): unknown {
  const end = text.length - 3
  // Date.UTC takes a year before 100 for one of the last century.
  if (end < 19 || end > 23 || text.startsWith('00') || text[4] !== '-' || text[10] !== ' ' || !text.endsWith('+00'))
    return parseAny(text)
  const digits = (from: number, to: number) => {
    let value = 0
    for (let at = from; at < to; at++) value = value * 10 + text.charCodeAt(at) - zero
    return value
  }
  const ms = end > 20 ? digits(20, end) * 10 ** (23 - end) : 0
  return new Date(
    Date.UTC(digits(0, 4), digits(5, 7) - 1, digits(8, 10), digits(11, 13), digits(14, 16), digits(17, 19), ms),
  )
}

/** pg's own parsers, except for timestamps. */
export function typeParsers(): pg.CustomTypesConfig {
  const parsers = new pg.TypeOverrides()
  parsers.setTypeParser(TIMESTAMPTZ, parseTimestamp)
  return parsers
}
