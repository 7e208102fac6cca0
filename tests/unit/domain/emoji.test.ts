import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { toEmoji } from '../../../src/domain/text/emoji.ts'

// Unicode's list of recommended emoji as data, which a regular expression cannot enumerate.
const { characters, strings } = createRequire(import.meta.url)(
  'regenerate-unicode-properties/Property_of_Strings/RGI_Emoji.js',
) as { characters: { toArray(): number[] }; strings: string[] }
const list = [...characters.toArray().map((point) => String.fromCodePoint(point)), ...strings]
const known = new RegExp('^\\p{RGI_Emoji}$', 'v')
/** A newer list may have emoji that this Node does not know. */
const emoji = list.filter((each) => known.test(each))

test('every recommended emoji is itself, and with fewer or more selectors the same one', () => {
  expect(emoji.length).toBeGreaterThan(3_700)
  const selector = '\uFE0F'
  const wrong = emoji.filter((each) => {
    const bare = each.replaceAll(selector, '')
    // At the end, after a skin tone, and, of a sequence, at one place of many.
    const spellings = [each, bare, each.endsWith(selector) ? each : each + selector, each.replace(selector, '')]
    return spellings.some((spelling) => toEmoji(spelling) !== each)
  })
  expect(wrong).toEqual([])
})

test('no two of them become one: not by a skin tone either', () => {
  expect(new Set(emoji.map(toEmoji)).size).toBe(emoji.length)
  expect(toEmoji('👍🏽')).toBe('👍🏽')
  expect(toEmoji('👍🏽')).not.toBe(toEmoji('👍'))
})

test.each([
  ['❤', '❤️'],
  ['1⃣', '1️⃣'],
  ['🏳‍🌈', '🏳️‍🌈'],
  ['👍\uFE0F', '👍'],
  ['👍\uFE0F🏽', '👍🏽'],
  ['©', '©️'],
])('%j is %j', (spelling, full) => {
  expect(toEmoji(spelling)).toBe(full)
})

test.each([
  '',
  ' ',
  'a',
  '1',
  '#',
  ':+1:',
  '👍👍',
  '👍 ',
  '❤\uFE0E',
  '👍\uFE0F\uFE0F',
  '\uFE0F',
  '👩‍👩',
  '👍\u200D',
  '🇩',
  '🇩🇩',
  '\u200D',
  '\uD83D',
  '👍\0',
  '👍'.repeat(1000),
])('%j is no emoji', (text) => {
  expect(toEmoji(text)).toBeNull()
})
