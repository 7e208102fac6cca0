// Splits texts into words for the search: the same for what is stored and for what is asked, and here alone, so that neither the
// locale of the database nor its parser matters: docs/decisions/0060.

import { foldLetters } from './fold.ts'

/** Number of these rules and of those that fold. To change them, raise it: all messages are then indexed again. */
export const wordRule = 2

export interface Word {
  /** Folded: letters, digits and marks; or a picture; some extras begin with @ or #, or end with + or #. */
  text: string
  /** Place in the text: 1, 2, 3 … Extras stand at the place of what they are made of. */
  position: number
  /** Where it is in the text, in UTF-16 code units. */
  start: number
  end: number
  kind: 'word' | 'pair' | 'single' | 'picture' | 'joined' | 'sign' | 'inner'
}

/** Longer words are cut, those asked for too. */
const maxWordLength = 64
/** Parts that are also taken as one word: more are a list, or a number with many groups. */
const maxJoinedParts = 8

/** Scripts that put no spaces between words, and Hangul, whose words have endings. They are split into pairs of signs. */
const unspaced =
  '(?=[\\p{L}\\p{N}\\p{M}])[\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Bopo}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}\\p{scx=Tibt}]'
const colour = '(?:\\ufe0f|[\\u{1f3fb}-\\u{1f3ff}])?'
const picture =
  `\\p{RI}\\p{RI}|[0-9#*]\\ufe0f?\\u20e3|\\p{ExtPict}${colour}(?:[\\u{e0020}-\\u{e007e}]+\\u{e007f})?` +
  `(?:\\u200d\\p{ExtPict}${colour})*`
const letter = `(?!${unspaced})[\\p{L}\\p{N}]`
/** Most words, found without a look at any property. */
const easyWord = '[A-Za-z0-9]+(?![A-Za-z0-9]|[^\\0-\\x7f])'
const wordOrPicture = new RegExp(
  `(?<easy>${easyWord})|(?<picture>${picture})|(?<unspaced>(?:${unspaced})(?:${unspaced}|[\\p{M}\\p{DI}\\p{Cf}])*)|` +
    `(?<word>${letter}(?:${letter}|(?!${unspaced})[\\p{M}\\p{DI}\\p{Cf}])*)|(?<symbol>(?![\\0-\\x7f])\\p{S})`,
  'gu',
)
/** One sign of such a script: a base with its marks, or the parts of a syllable of Hangul. */
const unit =
  /[\u1100-\u115f\ua960-\ua97c][\u1160-\u11a7\ud7b0-\ud7c6]+[\u11a8-\u11ff\ud7cb-\ud7fb]*|[^][\p{M}\p{DI}\p{Cf}\uff9e\uff9f]*/gu
const plain = /^[a-z0-9]+$/
const notOfWords = /[^\p{L}\p{N}\p{M}]/gu
const selectors = /\ufe0e|\ufe0f|[\u{1f3fb}-\u{1f3ff}]/gu
/** Between parts that may as well be written together: e-mail, don't, U.S.A., snake_case, 1,000. */
const joint = /^[-\u2010\u2011'\u2018\u2019\u02bc._,]$/u
/** A handle or a hashtag, from its sign on. */
const tagged = /[@\uff20][\p{L}\p{N}\p{M}][\p{L}\p{N}\p{M}._-]*|[#\uff03][\p{L}\p{N}\p{M}][\p{L}\p{N}\p{M}_-]*/uy
const trailing = /[._-]+$/
const domain = /^[@\uff20].*[^.]\.[^.]/u
/** C++, C#: signs that end a word. */
const ending = /[+#]{1,2}(?![\p{L}\p{N}+#])/uy
const isStartOfTag = (sign: string) => sign === '@' || sign === '#' || sign === '\uff20' || sign === '\uff03'
const isLetter = /[\p{L}\p{N}\p{M}]$/u
/** The words in getUserName and XMLHttpRequest. */
const humps = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|\p{Lu}+|\p{N}+/gu
const mixedCase = /\p{Ll}\p{Lu}|\p{Lu}\p{Lu}\p{Ll}/u
/** Letters and digits in one word: the 2 of v2.1, the 5 and the km of 5km. */
const measured = /^(?:(?<letters>\p{L}{1,8})(?<digits>\d+)|(?<number>\d+)(?<unit>\p{L}{1,8}))$/u

const cut = (text: string) => (text.length <= maxWordLength ? text : Array.from(text).slice(0, maxWordLength).join(''))

function fold(raw: string): string {
  const lower = raw.toLowerCase()
  return cut(plain.test(lower) ? lower : foldLetters(raw).replace(notOfWords, ''))
}

class Splitter {
  readonly words: Word[] = []
  private position = 0
  /** The words that the last one continues without a break but a joint. */
  private chain: Word[] = []
  private chainEnd = -1

  constructor(private readonly text: string) {}

  private add(text: string, start: number, end: number, kind: Word['kind']): Word | null {
    if (text === '') return null
    const word = { text, position: ++this.position, start, end, kind }
    this.words.push(word)
    return word
  }

  private addAt(place: Word, text: string, start: number, end: number, kind: Word['kind']): void {
    if (text !== '' && text !== place.text) this.words.push({ text, position: place.position, start, end, kind })
  }

  picture(raw: string, start: number): void {
    // Some signs are letters in a frame: ㎏.
    this.add(fold(raw) || raw.replace(selectors, ''), start, start + raw.length, 'picture')
  }

  /** Pairs of neighbours, and the last sign alone: so each sign begins a pair or is one. */
  unspaced(raw: string, start: number): void {
    const units: { text: string; start: number; end: number }[] = []
    for (const match of raw.matchAll(unit)) {
      const text = fold(match[0])
      const at = start + match.index
      if (text !== '') units.push({ text, start: at, end: at + match[0].length })
    }
    for (const [index, { text, start: at, end }] of units.entries()) {
      const next = units[index + 1]
      if (next) this.add(text + next.text, at, next.end, 'pair')
      else this.add(text, at, end, 'single')
    }
  }

  word(raw: string, start: number): void {
    const end = start + raw.length
    const word = this.add(fold(raw), start, end, 'word')
    if (!word) return
    if (mixedCase.test(raw)) {
      for (const hump of raw.matchAll(humps)) {
        const text = fold(hump[0])
        const at = start + hump.index
        if (text.length > 1) this.addAt(word, text, at, at + hump[0].length, 'inner')
      }
    }
    const parts = /\d/.test(raw) ? measured.exec(raw)?.groups : null
    if (parts) {
      const [first = '', second = ''] =
        parts.digits === undefined ? [parts.number, parts.unit] : [parts.letters, parts.digits]
      const middle = start + first.length
      // A letter alone says nothing, a digit does.
      if (first.length > 1 || parts.number) this.addAt(word, fold(first), start, middle, 'inner')
      if (second.length > 1 || parts.digits) this.addAt(word, fold(second), middle, end, 'inner')
    }
    ending.lastIndex = end
    const signs = ending.exec(this.text)?.[0]
    if (signs) this.addAt(word, word.text + signs, start, end + signs.length, 'sign')
    if (!(this.chain.length > 0 && start === this.chainEnd + 1 && joint.test(this.text.charAt(this.chainEnd)))) {
      this.endChain()
    }
    this.chain.push(word)
    this.chainEnd = end
  }

  /** What the joints may as well be left out of, at the places of its first and its last part. */
  endChain(): void {
    const { chain } = this
    this.chain = []
    const first = chain[0]
    const last = chain.at(-1)
    if (!first || !last || first === last || chain.length > maxJoinedParts) return
    const text = cut(chain.map((part) => part.text).join(''))
    this.addAt(first, text, first.start, last.end, 'joined')
    this.addAt(last, text, first.start, last.end, 'joined')
  }

  /** Handles and hashtags, at the place of their first word; of an e-mail address the part from @ on. */
  tag(start: number, place: Word | undefined): void {
    if (!place) return
    tagged.lastIndex = start
    const raw = tagged.exec(this.text)?.[0].replace(trailing, '')
    if (!raw) return
    const isBehind = start > 0 && isLetter.test(this.text.slice(Math.max(0, start - 2), start))
    if (isBehind && !domain.test(raw)) return
    const sign = raw.startsWith('@') || raw.startsWith('\uff20') ? '@' : '#'
    const name = foldLetters(raw.slice(1)).replace(/[^\p{L}\p{N}\p{M}._-]/gu, '')
    this.addAt(place, cut(sign + name), start, start + raw.length, 'sign')
  }
}

/** The words of a text in the order of their places, with their extras behind them. */
export function wordsOf(text: string): Word[] {
  const splitter = new Splitter(text)
  for (const { 0: raw, index, groups } of text.matchAll(wordOrPicture)) {
    const before = splitter.words.length
    if (groups?.easy !== undefined || groups?.word !== undefined) splitter.word(raw, index)
    else if (groups?.unspaced !== undefined) splitter.unspaced(raw, index)
    else splitter.picture(raw, index)
    if (index > 0 && isStartOfTag(text.charAt(index - 1))) splitter.tag(index - 1, splitter.words[before])
  }
  splitter.endChain()
  return splitter.words
}
