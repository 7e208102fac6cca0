/** Levels of objects and lists in one another. What walks through JSON calls itself for each level, and the stack has an end. */
const maxDepth = 64
/** Values, those inside of others included: 1,000 cursors are 4,000. A million empty objects take the parser half a second. */
const maxValues = 10_000

const comma = 0x2c
const quote = 0x22
const backslash = 0x5c
/** [ and ] are these too, with one bit less; of no other characters is that true. */
const openBrace = 0x7b
const closeBrace = 0x7d

/** Why a text is not to be parsed as JSON; null when it may be. Of one that is no JSON the parser says so. */
export function jsonFault(text: string): string | null {
  let depth = 0
  let valueCount = 1
  let isInString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) isInString = !isInString
    else if (isInString) {
      // What it escapes, a quote perhaps, ends nothing.
      if (code === backslash) index++
    } else if ((code | 0x20) === openBrace) {
      if (++depth > maxDepth) {
        return `JSON is taken up to ${String(maxDepth)} levels deep: objects and lists inside one another.`
      }
      if (++valueCount > maxValues) return tooMany
    } else if ((code | 0x20) === closeBrace) depth--
    else if (code === comma && ++valueCount > maxValues) return tooMany
  }
  return null
}

const tooMany = `JSON is taken with up to ${String(maxValues)} values, those inside of others included.`
