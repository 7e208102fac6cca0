/** Levels of objects and lists in one another. What walks through JSON calls itself for each level, and the stack has an end. */
export const maxJsonDepth = 64

export const tooDeep = `JSON is taken up to ${String(maxJsonDepth)} levels deep: objects and lists inside one another.`

const quote = 0x22
const backslash = 0x5c
/** [ and ] are these too, with one bit less; of no other characters is that true. */
const openBrace = 0x7b
const closeBrace = 0x7d

/** Whether a text that is to be parsed as JSON goes deeper than that. Of one that is no JSON the parser says so. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  let isInString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) isInString = !isInString
    else if (isInString) {
      // What it escapes, a quote perhaps, ends nothing.
      if (code === backslash) index++
    } else if ((code | 0x20) === openBrace) {
      if (++depth > maxJsonDepth) return true
    } else if ((code | 0x20) === closeBrace) depth--
  }
  return false
}
