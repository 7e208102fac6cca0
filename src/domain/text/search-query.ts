// What people type into a search: words that must all be there, "phrases", -not, or. The last word may be a beginning.

import { wordsOf, type Word } from './words.ts'

/** One word of a query, and how many places after the one before it stands. */
interface Step {
  text: string
  isPrefix: boolean
  distance: number
}

/** Steps in a row, or instead of them the word that they are when written together. */
interface Term {
  steps: Step[]
  joined: Step | null
  isNegated: boolean
}

export interface SearchQuery {
  /** Any of these, of which all have to hold. */
  alternatives: Term[][]
}

/** Why a query finds nothing, whatever there is. */
export type QueryFault = 'no-words' | 'only-not' | 'too-many'

/** Words of a query in all. */
const maxSteps = 64
const quotes = /[“”„‟«»\uff02]/gu
const operand = /(?<not>-?)"(?<phrase>[^"]*)(?:"|$)|(?<bare>[^\s"]+)/gu

const isExtra = ({ kind }: Word) => kind === 'joined' || kind === 'inner' || kind === 'sign'

/** The words as steps. Of signs without spaces only pairs are asked for, and a lone one by what begins with it. */
function stepsOf(words: readonly Word[], isLast: boolean): Step[] {
  const steps: Step[] = []
  let place = 0
  const parts = words.filter((word) => !isExtra(word))
  for (const [index, word] of parts.entries()) {
    const before = parts[index - 1]
    if (word.kind === 'single' && before?.kind === 'pair' && before.end === word.end) continue
    const isPrefix = word.kind === 'single' || (isLast && word.kind === 'word' && index === parts.length - 1)
    steps.push({ text: word.text, isPrefix, distance: steps.length === 0 ? 0 : word.position - place })
    place = word.position
  }
  return steps
}

function termOf(raw: string, isPhrase: boolean, isNegated: boolean, isLast: boolean): Term | null {
  const words = wordsOf(raw)
  const hasPrefix = isLast && !isPhrase && !isNegated
  const only = (text: string, isPrefix: boolean): Term => ({
    steps: [{ text, isPrefix, distance: 0 }],
    joined: null,
    isNegated,
  })
  if (!isPhrase) {
    // @handle, #tag and C++ are asked for as they are, when that is all.
    const sign = words.find((word) => word.kind === 'sign' && word.start === 0 && word.end === raw.length)
    if (sign) return only(sign.text, hasPrefix)
    // A handle or tag with what people put behind it.
    const tag = words.find((word) => word.kind === 'sign' && word.start === 0 && /^[@#]/.test(word.text))
    if (tag && words.every((word) => word.end <= tag.end)) return only(tag.text, false)
  }
  const steps = stepsOf(words, hasPrefix)
  const [first] = steps
  if (!first) return null
  const last = words.filter((word) => !isExtra(word)).at(-1)
  const whole = words.find(
    (word) => word.kind === 'joined' && word.position === 1 && steps.length > 1 && word.end === last?.end,
  )
  // What begins with the digits of a version or an amount is another number.
  const isPrefix = hasPrefix && !/^\d+$/.test(whole?.text ?? '')
  const joined = whole && !isPhrase ? { text: whole.text, isPrefix, distance: 0 } : null
  return { steps, joined, isNegated }
}

/** Reads a query. Whatever people type is one, but what has nothing that could be found. */
export function parseSearchQuery(text: string): SearchQuery | QueryFault {
  const operands = [...text.replace(quotes, '"').matchAll(operand)].map(({ groups = {} }) => groups)
  const alternatives: Term[][] = [[]]
  let count = 0
  for (const [index, { bare, phrase, not = '' }] of operands.entries()) {
    const isLast = index === operands.length - 1
    const current = alternatives.at(-1) ?? []
    // Between two things it means either. At the end the second one is still being typed.
    if (bare !== undefined && /^or$/i.test(bare) && (current.length > 0 || alternatives.length > 1)) {
      if (current.length > 0) alternatives.push([])
      continue
    }
    const isNegated = not !== '' || (bare !== undefined && /^-[^-\s]/.test(bare))
    const raw = phrase ?? (isNegated ? (bare ?? '').slice(1) : (bare ?? ''))
    const term = termOf(raw, phrase !== undefined, isNegated, isLast)
    if (!term) continue
    count += term.steps.length
    if (count > maxSteps) return 'too-many'
    current.push(term)
  }
  const filled = alternatives.filter((terms) => terms.length > 0)
  if (filled.length === 0) return 'no-words'
  // What is everything but something would be everything.
  if (filled.some((terms) => terms.every(({ isNegated }) => isNegated))) return 'only-not'
  return { alternatives: filled }
}

/** Stands in a tsquery for the conversation whose words are meant. No word holds it. */
export const tagPlace = '\u0001'

const lexeme = (text: string, isPrefix: boolean) => `'${tagPlace}${text}'${isPrefix ? ':*' : ''}`

function termText({ steps, joined, isNegated }: Term, wholeWords: boolean): string {
  const of = (step: Step) => lexeme(step.text, step.isPrefix && !wholeWords)
  const row = steps
    .map((step, index) => (index === 0 ? of(step) : ` <${String(Math.max(1, step.distance))}> ${of(step)}`))
    .join('')
  const either = joined ? `(${row} | ${of(joined)})` : steps.length > 1 ? `(${row})` : row
  return isNegated ? `!${either}` : either
}

/** As PostgreSQL's tsquery. */
export const matchText = ({ alternatives }: SearchQuery): string =>
  alternatives.map((terms) => terms.map((term) => termText(term, false)).join(' & ')).join(' | ')

const hasPrefix = ({ steps, joined }: Term) => steps.some(({ isPrefix }) => isPrefix) || joined?.isPrefix === true

/** What every match has of whole words, as a tsquery for each alternative; null when one of them has nothing of it. */
export function exactTexts({ alternatives }: SearchQuery): (string | null)[] {
  return alternatives.map((terms) => {
    const exact = terms.filter((term) => !term.isNegated && !hasPrefix(term))
    return exact.length > 0 ? exact.map((term) => termText(term, false)).join(' & ') : null
  })
}

/** The beginnings of words that are asked for, any of them; null when there are none. */
export function prefixText({ alternatives }: SearchQuery): string | null {
  const steps = alternatives.flat().flatMap(({ steps, joined }) => [...steps, ...(joined ? [joined] : [])])
  const texts = steps.filter(({ isPrefix }) => isPrefix).map(({ text }) => lexeme(text, true))
  return texts.length > 0 ? texts.join(' | ') : null
}

/** What is asked for, of one alternative at least, in whole words: what has it stands before what has a word that begins so. */
export const wholeText = ({ alternatives }: SearchQuery): string =>
  alternatives
    .map((terms) => terms.filter(({ isNegated }) => !isNegated))
    .map((terms) => terms.map((term) => termText(term, true)).join(' & '))
    .join(' | ')

/** Places between two texts of a message, so that no phrase goes from one into the next. */
const gap = 2

/** The words of a message's texts as PostgreSQL's tsvector, each under the tag of its conversation. */
export function vectorText(texts: readonly string[], tag: string, labels: readonly string[]): string {
  const places = new Map<string, number[]>()
  let start = 0
  for (const text of texts) {
    let last = start
    for (const { text: word, position } of wordsOf(text)) {
      last = start + position
      const known = places.get(word)
      if (!known) places.set(word, [last])
      else if (known.at(-1) !== last) known.push(last)
    }
    start = last + gap
  }
  const lexemes = Array.from(places, ([word, positions]) => `'${tag}${word}':${positions.join(',')}`)
  return [...lexemes, ...labels.map((label) => `'${tag}${label}'`)].join(' ')
}

export interface Range {
  start: number
  end: number
}

const isMatch = ({ text, isPrefix }: Step, word: Word) => (isPrefix ? word.text.startsWith(text) : word.text === text)

/** Where the steps stand in a row, beginning with the word of this place. */
function rowFrom(first: Word, steps: readonly Step[], byPlace: ReadonlyMap<number, Word[]>): Word[] | null {
  const row = [first]
  let place = first.position
  for (const step of steps.slice(1)) {
    place += Math.max(1, step.distance)
    const next = byPlace.get(place)?.find((word) => isMatch(step, word))
    if (!next) return null
    row.push(next)
  }
  return row
}

/** Where in the text what is asked for stands: whole words, in order, none within another. */
export function rangesOf({ alternatives }: SearchQuery, text: string): Range[] {
  const words = wordsOf(text)
  const byPlace = new Map<number, Word[]>()
  for (const word of words) byPlace.set(word.position, [...(byPlace.get(word.position) ?? []), word])
  const found: Word[] = []
  for (const { steps, joined, isNegated } of alternatives.flat()) {
    const [first] = steps
    if (!first || isNegated) continue
    for (const word of words) {
      if (isMatch(first, word)) found.push(...(rowFrom(word, steps, byPlace) ?? []))
      if (joined && isMatch(joined, word)) found.push(word)
    }
  }
  const ranges: Range[] = []
  for (const { start, end } of found.sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = ranges.at(-1)
    if (last && start < last.end) last.end = Math.max(last.end, end)
    else ranges.push({ start, end })
  }
  return ranges
}
