// Which characters a reader sees: one rule for all texts of the API (docs/decisions/0035).

/** Format characters that are visible: signs drawn around or over the digits after them. */
const visibleFormat = '\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}'
/**
 * Unassigned for now, or in the server's version of Unicode: a phone may know a pictograph or ideograph before the server.
 */
const pictures = '\\p{ExtPict}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}'
/**
 * Characters without a shape although their properties say letter, mark or sign: the blanks of Braille and hieroglyphs, the
 * object replacement character, a number joiner, a filler, a null notehead.
 */
const blank = '\\u2800\\ufffc\\u{13441}\\u{13442}\\u{1d159}'
/** Two more of these, which are marks. Written as ranges, because the linter joins a mark with the character before it. */
const blankMarks = '\\u{1107f}-\\u{1107f}\\u{16fe4}-\\u{16fe4}'
/** Spaces, what Unicode calls ignorable, and format characters. */
const empty = '\\p{White_Space}\\p{Z}\\p{DI}\\p{Cf}'
/** Controls, and characters without an agreed shape: halves of pairs, private and unassigned characters. */
const shapeless = '\\p{Cc}\\p{Cs}\\p{Co}\\p{Cn}'

const shown = new RegExp(`[${visibleFormat}${pictures}]|[^${blankMarks}${blank}${empty}${shapeless}]`, 'u')
/** Shapeless characters are kept: a logo in somebody's system, or a letter newer than the server, must not be removed. */
const kept = new RegExp(`[${visibleFormat}]|[^${blankMarks}${blank}${empty}]`, 'u')
/** Belongs to the character before it: the colour of a heart, the letters in the flag of Scotland. */
const attached = /[\p{M}\u{e0020}-\u{e007f}]/u

const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u
/**
 * Embeddings, overrides, isolates, their deprecated forms, and annotations. The marks LRM, RLM and ALM are allowed: they do
 * not change the direction of other text.
 */
const turning = /[\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]/u
const leadingMark = /^[\p{Mn}\p{Me}]/u
/** A character of a living script carries nine marks at the most, in a monogram of Tibet. */
const tooManyMarks = /[\p{Mn}\p{Me}]{10}/u

/** Whether a reader sees anything of the text. */
export const showsSomething = (text: string): boolean => shown.test(text)

/** Without the spaces and invisible characters at both ends. */
export function trimUnseen(text: string): string {
  const characters = Array.from(text)
  const start = characters.findIndex((character) => kept.test(character))
  if (start === -1) return ''
  let end = characters.findLastIndex((character) => kept.test(character)) + 1
  while (attached.test(characters[end] ?? '')) end++
  return characters.slice(start, end).join('')
}

/** Why a text cannot be shown in a line with other texts, as names and titles are; null when it can. */
export function lineFault(text: string): string | null {
  if (controls.test(text)) return 'Must be one line, without control characters.'
  if (turning.test(text)) return 'Must not contain characters that change the direction of the text around it.'
  if (leadingMark.test(text)) return 'Must not begin with a mark that is drawn over what stands before it.'
  if (tooManyMarks.test(text)) return 'Must not have more than 9 marks on one character.'
  return null
}

/** Drawn as nothing and joining nothing, wherever it stands in a name. */
const hidden =
  /[\u00ad\u115f\u1160\u200b\u2060-\u2065\u3164\ufeff\uffa0]|\u034f|[\u17b4-\u17b5]|[\u180b-\u180f]|[\u{1bca0}-\u{1bca3}]|[\u{1d173}-\u{1d17a}]/u
/** Scripts whose letters have no use for joiners, besides digits and signs. */
const unjoined = '\\p{sc=Latn}\\p{sc=Grek}\\p{sc=Cyrl}\\p{sc=Hani}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{Nd}_.\\-'
/** Joiners and marks of direction between two such letters: what they part is read as one word. */
const parting = new RegExp(`[${unjoined}]\\p{Mn}*[\\u200c-\\u200f\\u061c]+[\\p{L}\\p{Nd}_.\\-]`, 'u')
/** A colour, or letters of a flag, where there is no picture. */
const selecting = /[\p{L}\p{Nd}](?:[\ufe00-\ufe0e]|[\u{e0020}-\u{e007f}]|[\u{e0100}-\u{e01ef}])|\p{L}\ufe0f/u
/** Chinese and Japanese choose between shapes of a name's letter by these. */
const chosenShape = /(\p{sc=Hani})(?:[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}])/gu

/** Why a line cannot be somebody's name: with it two names would look the same and be different. Null when it can. */
export function nameFault(text: string): string | null {
  const seen = text.replace(chosenShape, '$1')
  const isFaulty = hidden.test(seen) || parting.test(seen) || selecting.test(seen)
  return isFaulty ? 'Must not contain invisible characters between its letters.' : null
}
