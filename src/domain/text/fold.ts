// Names as they are searched for. Folded here and nowhere else, so that the rules of no database, of no locale of it, have a
// say: docs/decisions/0035.

/**
 * Number of these rules. It is stored with each folded name; names folded by an older one are folded again
 * (domain/people/refold.ts). To change the rules, raise it, and move the index of stale names with a migration.
 */
export const foldRule = 1

/** More than a name of usual length becomes, and little enough for an index. The text searched for is cut in the same place. */
const maxLength = 256

/** The same letter or sign in several keyboards, and letters that Unicode does not decompose into one with an accent. */
const likeness: Readonly<Record<string, string>> = {
  ...{ æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ł: 'l', ŧ: 't', þ: 'th' },
  ...{ ς: 'σ', ي: 'ی', ى: 'ی', ك: 'ک' },
  ...{ '‘': "'", '’': "'", ʻ: "'", ʼ: "'", '`': "'", '´': "'", '“': '"', '”': '"', '„': '"' },
}
const alike = new RegExp(`[${Object.keys(likeness).join('')}]`, 'gu')
const levelled = (text: string) => text.replace(alike, (sign) => likeness[sign] ?? sign)

/**
 * Accents, points and signs of short vowels: those that several scripts share, and those of Latin, Greek, Cyrillic, Hebrew,
 * Arabic and Syriac. In other scripts a mark makes another letter, as a voicing mark does in Kana.
 */
const accents = new RegExp(
  '(?<![\\p{sc=Hira}\\p{sc=Kana}])[\\u3099\\u309a]|(?![\\u3099\\u309a])' +
    '(?=[\\p{sc=Zinh}\\p{sc=Latn}\\p{sc=Grek}\\p{sc=Cyrl}\\p{sc=Hebr}\\p{sc=Arab}\\p{sc=Syrc}])\\p{M}',
  'gu',
)
/** Joiners, selectors and whatever else shows nothing, and the stroke that makes an Arabic word longer. */
const ignored = /[\p{DI}\p{Cc}\p{Cf}\u0640]/gu

const decomposed = (text: string) =>
  text
    .normalize('NFKD')
    // The iota below a Greek vowel is a letter beside it in capitals.
    .replaceAll('\u0345', 'ι')
    .replace(accents, '')
    .replace(ignored, '')

/**
 * The same for all ways to write a name: case, accents, composed or not, wide or narrow, with straight or curly quotes,
 * Turkish dotted and dotless i, sharp s, final sigma. May be empty.
 */
export function foldName(name: string): string {
  const bare = decomposed(levelled(name.normalize('NFC').replace(/\p{White_Space}+/gu, ' ')))
  // There and back: ẞ is ss only by way of ß, and what has no capital of its own has one of several letters.
  const lower = decomposed(bare.toLowerCase().toUpperCase().toLowerCase())
  const folded = levelled(lower)
    .replace(/\p{Pd}/gu, '-')
    .replace(/ +/g, ' ')
    .trim()
    .normalize('NFC')
  return Array.from(folded).slice(0, maxLength).join('')
}

/** What is stored for a name. */
export const searchNameOf = (displayName: string) => ({ text: foldName(displayName), rule: foldRule })
