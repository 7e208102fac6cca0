import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineFault, showsSomething, trimUnseen } from '../../../src/domain/text/shown.ts'

const scotland = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'
const family = '👩\u200d👩\u200d👧\u200d👦'
const persian = 'می\u200cخواهم'

const nothing: [what: string, text: string][] = [
  ['nothing at all', ''],
  ['spaces of all alphabets', ' \u00a0\u1680\u2000\u2003\u202f\u205f\u3000'],
  ['line breaks and tabs', '\r\n\t\v\f\u0085\u2028\u2029'],
  ['controls', '\u0001\u0007\u001b\u007f\u009f'],
  ['a zero width space', '\u200b'],
  ['a zero width joiner and non-joiner', '\u200d\u200c'],
  ['word joiners and invisible operators', '\u2060\u2061\u2062\u2063\u2064'],
  ['a byte order mark', '\ufeff'],
  ['a soft hyphen', '\u00ad'],
  ['marks of direction', '\u200e\u200f\u061c'],
  ['embeddings, overrides and isolates', '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'],
  ['deprecated format characters', '\u206a\u206f'],
  ['annotations', '\ufff9\ufffa\ufffb'],
  ['fillers of Hangul', '\u3164\u115f\u1160\uffa0'],
  ['a blank of Braille', '\u2800'],
  ['inherent vowels of Khmer', '\u17b4\u17b5'],
  ['separators of Mongolian', '\u180b\u180e\u180f'],
  ['a grapheme joiner', '\u034f'],
  ['variation selectors', '\ufe00\ufe0e\ufe0f\u{e0100}\u{e01ef}'],
  ['tags without a flag', '\u{e0067}\u{e0062}\u{e007f}'],
  ['controls of musical and hieroglyphic writing', '\u{1d173}\u{1d17a}\u{13430}\u{1343f}'],
  ['blanks of hieroglyphs', '\u{13441}\u{13442}'],
  ['a null notehead, a number joiner, a filler of Khitan', '\u{1d159}\u{1107f}\u{16fe4}'],
  ['the place of an object', '\ufffc'],
  ['private characters', '\ue000\u{f0000}\u{10fffd}'],
  ['noncharacters', '\ufdd0\uffff\u{1fffe}\u{2ffff}\u{10ffff}'],
  ['characters that are none yet', '\u0378\u{e1000}'],
  ['halves of pairs', '\ud800 \udc00'],
  ['all of it together', ' \u200b\u3164\u2800\u0007\ufe0f\u202e\n'],
]

const something: [what: string, text: string][] = [
  ['a letter', 'a'],
  ['a letter among what shows nothing', '\u200b \u3164a'],
  ['Chinese', '漢'],
  ['a rare ideograph', '\u{20000}'],
  ['an ideograph of a later Unicode', '\u{3fffd}'],
  ['a pictograph of a later Unicode', '\u{1fac7}'],
  ['an emoji', '😀'],
  ['a heart in red', '❤\ufe0f'],
  ['a family', family],
  ['a flag', '🇮🇳'],
  ['a flag by tags', scotland],
  ['a keycap', '1\ufe0f\u20e3'],
  ['Persian with a non-joiner', persian],
  ['a sign of Arabic numbers', '\u0600'],
  ['an end of ayah', '\u06dd'],
  ['a dot', '.'],
  ['a lone vowel sign', '\u093f'],
  ['a lone accent', '\u0301'],
  ['a replacement character', '\ufffd'],
  ['Braille', '\u2801'],
  ['a Hangul vowel', '\u1161'],
]

describe('a text', () => {
  test.each(nothing)('of %s shows nothing', (_what, text) => {
    expect(showsSomething(text)).toBe(false)
    for (const character of Array.from(text)) expect(showsSomething(character), character).toBe(false)
  })

  test.each(something)('of %s shows something', (_what, text) => {
    expect(showsSomething(text)).toBe(true)
  })
})

describe('trimming', () => {
  test.each(something)('leaves %s whole', (_what, text) => {
    const inner = `x${text}`
    expect(trimUnseen(` \u200b\u3164${inner}\u2800\u2060 \n`)).toBe(inner)
  })

  test('takes all of a text that is made of spaces and invisible characters', () => {
    expect(trimUnseen(' \u200b\u3164\u2800\u200f')).toBe('')
  })

  test('takes nothing away that a newer or other system may show', () => {
    for (const text of ['Tim \uf8ff', '\u{e1000}a\u0378']) expect(trimUnseen(text)).toBe(text)
  })

  test('of any text cuts at the ends only, and once is enough', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const trimmed = trimUnseen(text)
        expect(text).toContain(trimmed)
        expect(trimUnseen(trimmed)).toBe(trimmed)
        expect(showsSomething(trimmed)).toBe(showsSomething(text))
      }),
    )
  })
})

describe('a line', () => {
  const faulty: [what: string, text: string, fault: RegExp][] = [
    ['a line feed', 'a\nb', /one line/],
    ['a carriage return', 'a\rb', /one line/],
    ['a next line', 'a\u0085b', /one line/],
    ['a line separator', 'a\u2028b', /one line/],
    ['a paragraph separator', 'a\u2029b', /one line/],
    ['a vertical tab', 'a\vb', /one line/],
    ['a form feed', 'a\fb', /one line/],
    ['a tab', 'a\tb', /one line/],
    ['an escape', 'a\u001b[31mb', /one line/],
    ['a control of the upper half', 'a\u009bb', /one line/],
    ['a right-to-left override', 'Ana\u202egpj.exe', /direction/],
    ['a left-to-right override', '\u202dAna', /direction/],
    ['an embedding', 'a\u202bb\u202c', /direction/],
    ['an isolate', 'a\u2067b\u2069', /direction/],
    ['the end of an isolate', 'a\u2069', /direction/],
    ['a deprecated format character', 'a\u206eb', /direction/],
    ['an annotation', 'a\ufff9b\ufffac\ufffb', /direction/],
    ['a mark at its start', '\u0301a', /begin with a mark/],
    ['an enclosing mark at its start', '\u20e0a', /begin with a mark/],
    ['a tower of marks', `Z${'\u0335\u0321\u0348'.repeat(4)}algo`, /more than 9 marks/],
  ]
  test.each(faulty)('must not have %s', (_what, text, fault) => {
    expect(lineFault(text)).toMatch(fault)
  })

  const fine: [what: string, text: string][] = [
    ['Latin with accents put together', 'Ngu\u0302\u0303 Ye\u0302\u0301n'],
    ['Hebrew with points', 'שָׁלוֹם'],
    ['Arabic with marks', 'مُحَمَّد'],
    ['Arabic between marks of direction', '\u200fعلي\u200e'],
    ['Persian with a non-joiner', persian],
    ['Hindi with a joiner', 'क्\u200dष'],
    ['the longest stack of Tibetan', '\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82'],
    ['Thai', 'กิ่งแก้ว'],
    ['a space that does not break', 'Jean\u00a0Luc'],
    ['an ideographic space', '山田\u3000太郎'],
    ['a family', family],
    ['a flag by tags', scotland],
    ['a skin tone', '👍🏽'],
    ['a keycap', '1\ufe0f\u20e3'],
    ['a soft hyphen', 'Donau\u00addampf'],
  ]
  test.each(fine)('may have %s', (_what, text) => {
    expect(lineFault(text)).toBeNull()
  })
})
