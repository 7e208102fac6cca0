// Slack's markup: forms in angle brackets, and three entities; and the blocks of apps, which have no markup but parts.
import { fieldsIn, fieldsOf, listOf, textOf, type Fields } from '../source/values.ts'

export interface SlackNames {
  /** Handle of the person now; undefined for somebody whom nobody knows. */
  handleOf: (id: string) => string | undefined
  channelOf: (id: string) => string | undefined
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' }
const decode = (text: string) => text.replace(/&(?:amp|lt|gt);/g, (entity) => entities[entity] ?? entity)

const withAt = (name: string) => (name.startsWith('@') ? name : `@${name}`)

function command(body: string, label: string | undefined): string {
  const [name = '', ...rest] = body.split('^')
  if (name === 'date') return label ?? rest[1] ?? ''
  if (name === 'subteam') return withAt(label ?? rest[0] ?? name)
  return withAt(label ?? name)
}

function link(address: string, label: string | undefined): string {
  const shown = address.replace(/^mailto:/, '')
  return label === undefined || label === shown || label === address ? shown : `${label} (${shown})`
}

function form(inner: string, names: SlackNames): string {
  const bar = inner.indexOf('|')
  const body = bar < 0 ? inner : inner.slice(0, bar)
  const label = bar < 0 || bar === inner.length - 1 ? undefined : inner.slice(bar + 1)
  const rest = body.slice(1)
  if (body.startsWith('@')) return withAt(names.handleOf(rest) ?? label ?? rest)
  if (body.startsWith('#')) return `#${names.channelOf(rest) ?? label ?? rest}`
  if (body.startsWith('!')) return command(rest, label)
  return link(body, label)
}

/** The forms first, then the entities, once: what somebody typed as &lt;@U1&gt; is no mention. */
export const slackText = (text: string, names: SlackNames) =>
  text
    .split(/<([^<>]*)>/)
    .map((part, place) => decode(place % 2 === 0 ? part : form(part, names)))
    .join('')

const encoded = (text: string) => text.replace(/[&<>]/g, (letter) => `&${{ '&': 'amp', '<': 'lt' }[letter] ?? 'gt'};`)

/** A part of rich text, as the markup that says the same. */
function elementMarkup(part: Fields): string {
  const label = textOf(part.text)
  if (part.type === 'text') return encoded(label ?? '')
  if (part.type === 'user') return `<@${textOf(part.user_id) ?? ''}>`
  if (part.type === 'usergroup') return `<!subteam^${textOf(part.usergroup_id) ?? ''}>`
  if (part.type === 'channel') return `<#${textOf(part.channel_id) ?? ''}>`
  if (part.type === 'broadcast') return `<!${textOf(part.range) ?? ''}>`
  if (part.type === 'emoji') return `:${textOf(part.name) ?? ''}:`
  if (part.type === 'date') return encoded(textOf(part.fallback) ?? '')
  if (part.type === 'link') return `<${textOf(part.url) ?? ''}${label === null ? '' : `|${encoded(label)}`}>`
  const inner = fieldsIn(part.elements).map(elementMarkup)
  return inner.join(part.type === 'rich_text_list' ? '\n' : '')
}

const objectMarkup = ({ type, text }: Fields) =>
  type === 'mrkdwn' ? (textOf(text) ?? '') : encoded(textOf(text) ?? '')

/** What the blocks of a message say, for messages that have no other words. In Slack's markup. */
export const blockWords = (row: Fields): string =>
  fieldsIn(row.blocks)
    .map((block) => {
      if (block.type === 'rich_text') return fieldsIn(block.elements).map(elementMarkup).join('\n')
      const fields = [block.text, ...listOf(block.fields), ...(block.type === 'context' ? listOf(block.elements) : [])]
      return fields
        .map((field) => objectMarkup(fieldsOf(field)))
        .filter((words) => words !== '')
        .join('\n')
    })
    .filter((words) => words !== '')
    .join('\n')
