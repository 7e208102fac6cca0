import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldName } from '../../../src/domain/text/fold.ts'

/** Ways to write one name, each of which finds each. */
const same: [what: string, ...spellings: string[]][] = [
  [
    'Turkish',
    'İbrahim Çelik',
    'ibrahim çelik',
    'İBRAHİM ÇELİK',
    'IBRAHIM CELIK',
    'i\u0307brahim c\u0327elik',
    'ıbrahım celık',
  ],
  ['dotless i', 'Işık', 'IŞIK', 'ışık', 'Isik', 'işik'],
  ['Greek in capitals', 'ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς', 'οδυσσευς', 'ὈΔΥΣΣΕΎΣ', 'Ὀδυσσεύς', 'οδυσσευσ'],
  ['a subscript iota', 'Ἅιδης', 'ᾍδης', 'ᾅδης', 'ἅιδης'],
  ['sharp s', 'Strauß', 'STRAUSS', 'STRAUẞ', 'strauss'],
  ['composed and decomposed', 'Zoë', 'Zoe\u0308', 'ZOË', 'zoe'],
  ['Vietnamese', 'Nguyễn Văn Đạt', 'Nguye\u0302\u0303n Va\u0306n Đa\u0323t', 'NGUYỄN VĂN ĐẠT', 'nguyen van dat'],
  ['Polish', 'Łukasz Żółć', 'łukasz żółć', 'Lukasz Zolc'],
  ['Danish', 'Søren Ærø', 'SØREN ÆRØ', 'soren aero'],
  ['French', 'Œuvre', 'œuvre', 'OEUVRE'],
  ['Russian', 'Семён Ёлкин', 'СЕМЁН ЁЛКИН', 'семен елкин', 'Семе\u0308н Е\u0308лкин'],
  ['Ukrainian', 'Андрій', 'АНДРІЙ', 'андріи'],
  ['Armenian', 'Արմեն', 'ԱՐՄԵՆ'],
  ['Georgian in its capitals', 'გიორგი', 'ᲒᲘᲝᲠᲒᲘ'],
  ['Hebrew with points', 'שָׁלוֹם', 'שלום', '\ufb2aלום'],
  ['Arabic with marks', 'مُحَمَّد', 'محمد', 'محـــمد'],
  ['Arabic with hamza', 'أحمد', 'احمد', 'إحمد'],
  ['Persian on an Arabic keyboard', 'علی کریمی', 'علي كريمي', 'علی\u200c کریمی'],
  ['Korean', '김민수', '\u1100\u1175\u11b7\u1106\u1175\u11ab\u1109\u116e'],
  ['Japanese, half as wide', 'ガ行', 'カ\u3099行', 'ｶﾞ行'],
  ['letters as wide as ideographs', 'Ａｎｎ', 'Ann', 'ANN'],
  ['a ligature', 'Griﬃn', 'Griffin', 'GRIFFIN'],
  ['apostrophes', "O'Brien", 'O’Brien', 'OʼBrien', 'O´Brien', 'o`brien'],
  ['dashes', 'Jean-Luc', 'Jean‐Luc', 'Jean‑Luc', 'Jean–Luc'],
  ['spaces', 'Jean Luc', ' Jean  Luc ', 'Jean\u00a0Luc', 'Jean\u3000\u200bLuc'],
  ['a soft hyphen and joiners', 'Donau\u00addampf', 'Donaudampf', 'Donau\u200d\u2060dampf'],
  ['an emoji in its two looks', '❤ Ann', '❤\ufe0f Ann'],
  ['a Kelvin and an Ångström sign', '\u212aelvin \u212bngstro\u0308m', 'kelvin ångström', 'Kelvin Angstrom'],
]

/** Names of different people. */
const different: [what: string, a: string, b: string][] = [
  ['Kana with and without voice', 'ガ', 'カ'],
  ['vowels of Devanagari', 'कु', 'कि'],
  ['tones of Thai', 'ใหม่', 'ไหม้'],
  ['letters of Tamil', 'கா', 'கி'],
  ['Hangul with and without an end', '김', '기'],
  ['ideographs', '山田', '山口'],
  ['consonants', 'Anna', 'Ann'],
]

describe('a name', () => {
  test.each(same)('is found in all its spellings: %s', (_what, name, ...spellings) => {
    for (const spelling of spellings) expect(foldName(spelling), spelling).toBe(foldName(name))
    expect(foldName(name)).not.toBe('')
  })

  test.each(different)('is not taken for another one: %s', (_what, a, b) => {
    expect(foldName(a)).not.toBe(foldName(b))
  })

  test('is folded to what the version of the rules says: whoever changes this raises foldRule', () => {
    expect(foldName('İbrahim Çelik')).toBe('ibrahim celik')
    expect(foldName('ΟΔΥΣΣΕΥΣ')).toBe('οδυσσευσ')
    expect(foldName('Strauß–Ærø’s ﬁn')).toBe("strauss-aero's fin")
    expect(foldName('김가')).toBe('김가')
    expect(foldName('علي كريمي')).toBe('علی کریمی')
  })

  test('may be nothing but marks, and then nothing is left', () => {
    for (const text of ['', ' ', '\u0301', '\u200b\u2060', '\ufe0f', '\u0640']) expect(foldName(text)).toBe('')
  })

  test('of 64 characters takes at most 1 KB, which an index can hold', () => {
    for (const character of ['\ufdfa', '\u{1f469}', '\u3349', '\u{20000}', '㌖']) {
      expect(Buffer.byteLength(foldName(character.repeat(64)))).toBeLessThanOrEqual(1024)
    }
  })
})

describe('folding', () => {
  const spellings = (text: string) => [
    text.normalize('NFC'),
    text.normalize('NFD'),
    text.toUpperCase(),
    text.toLowerCase(),
    text.toUpperCase().normalize('NFD'),
    text.toLowerCase().normalize('NFC'),
    foldName(text),
  ]

  test('makes no difference of case and composition, for each character that has any', () => {
    const failures: string[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code)
      // All that have a case, are marks, or change when they are folded by Unicode's own rule.
      if (!/[\p{M}\p{Cased}\p{CWCM}\p{CWKCF}]/u.test(character)) continue
      const text = `x${character}x`
      const folded = foldName(text)
      if (spellings(text).some((spelling) => foldName(spelling) !== folded)) failures.push(code.toString(16))
    }
    expect(failures).toEqual([])
  })

  test('makes no difference of case for a subscript iota before a half-wide voicing mark', () => {
    const text = 'ｶ\u0345ﾞ'
    for (const spelling of spellings(text)) expect(foldName(spelling)).toBe('カι')
  })

  test('makes no difference of case and composition, for any text', () => {
    const letters = fc.constantFrom(...Array.from('aAiIıİßẞςσΣΐᾳǅﬁŉéÉ\u0307\u0301\u0327\u0345가각ㄱがﾞｶ -’\u200d'))
    fc.assert(
      fc.property(
        fc.array(fc.oneof(letters, fc.string({ unit: 'grapheme', maxLength: 1 })), { maxLength: 20 }),
        (parts) => {
          // Capitals are made of texts whose marks are in order: U+0345 becomes a letter, which others then stand after.
          const text = parts.join('').normalize('NFD')
          const folded = foldName(text)
          for (const spelling of spellings(text)) expect(foldName(spelling)).toBe(folded)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
