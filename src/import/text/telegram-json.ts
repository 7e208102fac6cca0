// Telegram Desktop has written files that are no JSON: control characters as \x01, and a value without quotes.

/** What stands inside of strings is mended there and nowhere else; an escaped backslash before an x stays. */
export function repairTelegramJson(text: string): string {
  const parts: string[] = []
  let from = 0
  let isInText = false
  const replace = (start: number, end: number, by: string) => {
    parts.push(text.slice(from, start), by)
    from = end
  }
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (!isInText) {
      if (code === 34) isInText = true
      continue
    }
    if (code === 34) {
      isInText = false
      at = unquotedEnd(text, at, replace)
    } else if (code === 92) {
      const escaped = /^\\x([0-9a-fA-F]{2})/.exec(text.slice(at, at + 4))
      if (escaped) replace(at, at + 4, `\\u00${escaped[1]}`)
      at += escaped ? 3 : 1
    } else if (code < 32) replace(at, at + 1, `\\u${code.toString(16).padStart(4, '0')}`)
  }
  return [...parts, text.slice(from)].join('')
}

/** Version 4.1.1 wrote the path of a custom emoji as it is: `"document_id": video_files/sticker (2).webm`. */
function unquotedEnd(text: string, quote: number, replace: (start: number, end: number, by: string) => void): number {
  const name = '"document_id"'
  if (text.slice(quote + 1 - name.length, quote + 1) !== name) return quote
  const lineEnd = text.indexOf('\n', quote)
  const line = text.slice(quote + 1, lineEnd < 0 ? Math.min(text.length, quote + 2000) : lineEnd)
  const [, before, value] = /^(\s*:\s*)([^"\s{[][^"]*?)\s*(?:,\s*"[^]*|[,}\]]*)\s*$/.exec(line) ?? []
  if (before === undefined || value === undefined) return quote
  const start = quote + 1 + before.length
  replace(start, start + value.length, JSON.stringify(value))
  return start + value.length - 1
}
