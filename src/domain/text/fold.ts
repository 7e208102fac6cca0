// Folds names and words for the search. This is done here and nowhere else, so that the rules of a database and its locale do not
// matter: docs/decisions/0035.

/**
 * Number of these rules, stored with each folded name. Names folded by older rules are folded again
 * (domain/people/refold.ts). To change the rules, raise it, and move the index of stale names with a migration.
 */
export const foldRule = 1

/**
 * Longer than a folded name of usual length, and short enough for an index. The text searched for is cut at the same
 * length.
 */
const maxLength = 256

/**
 * Letters that look alike on different keyboards, and letters that Unicode does not decompose into a letter and an accent.
 */
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
/** Joiners, selectors and other characters that show nothing, and the stroke that makes an Arabic word longer. */
const ignored = /[\p{DI}\p{Cc}\p{Cf}\u0640]/gu

const decomposed = (text: string) =>
  text
    .normalize('NFD')
    // A Greek iota below a vowel becomes a letter after it in capitals. Before NFKD, which would move other marks past it.
    .replaceAll('\u0345', 'ι')
    .normalize('NFKD')
    .replace(accents, '')
    .replace(ignored, '')

/**
 * The same for all ways to write a text: case, accents, composed or not, wide or narrow, with straight or curly quotes,
 * Turkish dotted and dotless i, sharp s, final sigma.
 */
export function foldLetters(text: string): string {
  const bare = decomposed(levelled(text.normalize('NFC')))
  // To upper case and back: ẞ becomes ss only by way of ß, and a letter without a capital of its own becomes one of
  // several.
  return levelled(decomposed(bare.toLowerCase().toUpperCase().toLowerCase())).normalize('NFC')
}

/** The same for a name: dashes and runs of spaces make no difference either. May be empty. */
export function foldName(name: string): string {
  const folded = foldLetters(name.replace(/\p{White_Space}+/gu, ' '))
    .replace(/\p{Pd}/gu, '-')
    .replace(/ +/g, ' ')
    .trim()
  return Array.from(folded).slice(0, maxLength).join('')
}

/** What is stored for a name. */
export const searchNameOf = (displayName: string) => ({ text: foldName(displayName), rule: foldRule })
