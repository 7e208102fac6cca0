import { describe, expect, test } from 'vitest'
import { parseSearchQuery, type SearchQuery } from '../../../src/domain/text/search-query.ts'
import { snippetOf } from '../../../src/domain/text/snippet.ts'

const charactersOf = (text: string) =>
  Array.from(new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment)

const queryOf = (text: string) => parseSearchQuery(text) as SearchQuery

describe('a snippet of a long text', () => {
  test.each([
    ['families', '👩‍👩‍👧‍👦'],
    ['flags', '🇩🇪🇫🇷'],
    ['colours of skin', '👋🏽'],
    ['a flag made of tags', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['letters with marks of their own', 'ñ̲'],
    ['syllables of Hangul', '한'],
    ['what is outside of the first plane', '😀'],
  ])('is not cut within %s', (_, characters) => {
    const known = new Set(charactersOf(characters))
    for (let before = 55; before < 75; before++) {
      for (const filler of ['x', 'xy', 'xyz']) {
        // No space is near either cut.
        const text = `${'x'.repeat(before)}${characters.repeat(30)} needle ${filler}${characters.repeat(80)}`
        const { text: shown, ranges } = snippetOf(queryOf('needle'), text)
        expect(ranges.map(({ start, end }) => shown.slice(start, end))).toEqual(['needle'])
        expect(shown.length).toBeLessThan(260)
        const inside = charactersOf(shown.replaceAll('…', '')).filter((one) => !/^[a-z ]$/.test(one))
        for (const one of inside) expect(known, JSON.stringify(shown)).toContain(one)
      }
    }
  })

  test('is of a bounded size where one letter has a thousand marks', () => {
    const text = `e${'\u0301'.repeat(900)} needle e${'\u0301'.repeat(900)}`
    expect(snippetOf(queryOf('needle'), text).text.length).toBeLessThan(260)
  })
})
