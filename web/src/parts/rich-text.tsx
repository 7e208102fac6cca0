import { Fragment, type ReactNode } from 'react'

/** Code in fences, code in backquotes, or an address. Nothing else is read as markup, and nothing as HTML. */
const pattern = /```(?:[\w+-]*\n)?([\s\S]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"`]+)/g
/** What ends a sentence and not the address before it; a bracket that was not opened in it neither. */
function trimmed(address: string): string {
  let end = address.replace(/[.,;:!?'"…]+$/u, '')
  while (end.endsWith(')') && (end.match(/\(/g)?.length ?? 0) < (end.match(/\)/g)?.length ?? 0)) {
    end = end.slice(0, -1).replace(/[.,;:!?'"…]+$/u, '')
  }
  return end
}

function withMentions(text: string, handles: readonly string[]): ReactNode {
  if (handles.length === 0 || !text.includes('@')) return text
  return text.split(/(@[\w.-]*\w)/g).map((part, at) => {
    const isMention = part.startsWith('@') && handles.includes(part.slice(1).toLowerCase())
    return isMention ? (
      <strong key={at} className="mention">
        {part}
      </strong>
    ) : (
      part
    )
  })
}

/** A message's text with links and code. Line breaks are kept by the style sheet. */
export function RichText({ text, handles = [] }: { text: string; handles?: readonly string[] }) {
  const parts: ReactNode[] = []
  let at = 0
  for (const found of text.matchAll(pattern)) {
    const [whole, block, inline, address] = found
    const start = found.index
    parts.push(<Fragment key={at}>{withMentions(text.slice(at, start), handles)}</Fragment>)
    const key = `${String(start)}!`
    at = start + whole.length
    if (block !== undefined) {
      parts.push(
        <pre key={key} dir="ltr" tabIndex={0}>
          <code>{block.replace(/\n$/, '')}</code>
        </pre>,
      )
    } else if (inline !== undefined) parts.push(<code key={key}>{inline}</code>)
    else if (address !== undefined) {
      const href = trimmed(address)
      at = start + href.length
      parts.push(
        <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
          {href}
        </a>,
      )
    }
  }
  parts.push(<Fragment key={at}>{withMentions(text.slice(at), handles)}</Fragment>)
  return parts
}
