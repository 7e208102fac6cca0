// Zulip's own marks in Markdown: mentions of people, groups, streams and topics. In code they are no mentions.

const fence = /^\s{0,3}(`{3,}|~{3,})\s*(\S*)/

export type NameOf = (id: string) => string | null

const mentions = (text: string, nameOf: NameOf) =>
  text
    .replace(/@_?\*\*\|(\d+)\*\*/g, (_, id: string) => `@${nameOf(id) ?? id}`)
    .replace(/@_?\*\*([^*\n]+?)(?:\|\d+)?\*\*/g, '@$1')
    .replace(/(^|[\s([{<'"/])@_?\*([^*\n]+)\*(?!\*)/g, '$1@$2')
    // A link to one message has its number behind the topic.
    .replace(/#\*\*([^*>\n]+)>([^*\n]+?)(?:@\d+)?\*\*/g, '#$1 > $2')
    .replace(/#\*\*([^*\n]+)\*\*/g, '#$1')

const outsideOfCode = (line: string, nameOf: NameOf) =>
  line
    .split(/(`+[^`]*`+)/)
    .map((part, place) => (place % 2 === 0 ? mentions(part, nameOf) : part))
    .join('')

export function zulipText(content: string, nameOf: NameOf): string {
  if (!/[@#]_?\*/.test(content)) return content
  /** Marks of the fences that are open, and whether what is in them is code. */
  const open: { mark: string; isCode: boolean }[] = []
  return content
    .split('\n')
    .map((line) => {
      const [, mark = '', language = ''] = fence.exec(line) ?? []
      const inner = open.at(-1)
      if (mark !== '' && inner && language === '' && mark.startsWith(inner.mark)) open.pop()
      else if (mark !== '' && !inner?.isCode) open.push({ mark, isCode: !['quote', 'spoiler'].includes(language) })
      else if (!inner?.isCode) return outsideOfCode(line, nameOf)
      return line
    })
    .join('\n')
}
