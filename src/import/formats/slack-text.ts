// Slack's markup: forms in angle brackets, and three entities.

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
