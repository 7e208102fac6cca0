/** One emoji as Unicode recommends it for general interchange, in the version of Unicode that Node has. */
const recommended = new RegExp('^\\p{RGI_Emoji}$', 'v')
const selector = '\uFE0F'
/** Also after a keycap and a flag's last tag: some data sets end every emoji with it. */
const selected = new RegExp(`([\\p{Emoji}\u20E3\u{E007F}])${selector}`, 'gu')
const notBeforeSkinTone = /\p{Emoji}(?!\p{Emoji_Modifier})/gu
const emojiByItself = /\p{Emoji_Presentation}/u
/** UTF-16 units; the longest emoji has less than half of them. */
const maxLength = 64

/**
 * The fully-qualified form of an emoji (UTS #51, ED-18a): U+FE0F after each character that is shown as text by itself, unless
 * a skin tone follows, and nowhere else. So what is the same picture has one form, with whichever selectors it comes, and
 * each skin tone has its own. Null for a text that is not exactly one emoji.
 */
export function toEmoji(text: string): string | null {
  if (text.length > maxLength) return null
  const full = text
    .replaceAll(selected, '$1')
    .replaceAll(notBeforeSkinTone, (sign) => (emojiByItself.test(sign) ? sign : sign + selector))
  return recommended.test(full) ? full : null
}
