import { rangesOf, type Range, type SearchQuery } from './search-query.ts'

export interface Snippet {
  text: string
  ranges: Range[]
}

/** UTF-16 code units of a text that is shown whole, and of the part that is shown of a longer one. */
const maxLength = 200
/** Of these so many before the first match. */
const lead = 60
/** How far a cut moves to stand between words. */
const reach = 20
const more = '…'

const characters = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** The nearest place at or after `at` where a word begins, or else one that parts no character. */
function cutAfter(text: string, at: number): number {
  for (let place = at; place < Math.min(at + reach, text.length); place++) {
    if (/\s/u.test(text.charAt(place))) return place + 1
  }
  return characterAt(text, at).end
}

function cutBefore(text: string, at: number): number {
  for (let place = at; place > at - reach; place--) if (/\s/u.test(text.charAt(place))) return place
  return characterAt(text, at).start
}

/**
 * What people take for one character, as a family, a flag or a letter with its accents, around a place; both ends are the place
 * itself when one begins there. Of letters with very many marks what is near.
 */
function characterAt(text: string, at: number): { start: number; end: number } {
  const found = characters.segment(text).containing(at)
  if (!found || found.index === at) return { start: at, end: at }
  const start = found.index
  const end = start + found.segment.length
  if (end - start <= reach) return { start, end }
  const isHalf = /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1))
  return isHalf ? { start: at - 1, end: at + 1 } : { start: at, end: at }
}

/** The part of a text with the first match, and where the matches in it are. */
export function snippetOf(query: SearchQuery, text: string): Snippet {
  const ranges = rangesOf(query, text)
  if (text.length <= maxLength) return { text, ranges }
  const first = ranges[0]?.start ?? 0
  const from = Math.min(first, first <= lead ? 0 : cutAfter(text, first - lead))
  const to = from + maxLength >= text.length ? text.length : cutBefore(text, from + maxLength)
  const before = from > 0 ? more : ''
  const shift = from - before.length
  return {
    text: before + text.slice(from, to) + (to < text.length ? more : ''),
    ranges: ranges
      .filter(({ start }) => start < to)
      .map(({ start, end }) => ({ start: start - shift, end: Math.min(end, to) - shift })),
  }
}
