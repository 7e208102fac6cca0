import table from './emoji-names.json' with { type: 'json' }

let names: Map<string, string> | undefined
const named = (name: string) => {
  names ??= new Map(table.names.split('\n').map((line) => line.split(' ') as [string, string]))
  return names.get(name)
}

const tones = ['\u{1F3FB}', '\u{1F3FC}', '\u{1F3FD}', '\u{1F3FE}', '\u{1F3FF}']
const toneNames = ['light', 'medium_light', 'medium', 'medium_dark', 'dark']

/** The tone follows the first character, instead of a selector: so it is in every emoji that has tones. */
function toned(emoji: string, tone: string): string {
  const [first = '', ...rest] = emoji
  if (!/\p{Emoji_Modifier_Base}/u.test(first)) return emoji
  return first + tone + (rest[0] === '\uFE0F' ? rest.slice(1) : rest).join('')
}

/** What a name without colons means: the characters, or `:name:` for an emoji that only the source has. */
export function emojiNamed(name: string): string {
  const plain = named(name)
  if (plain !== undefined) return plain
  const slack = /^(.+)::skin-tone-([2-6])$/.exec(name)
  // Of two people with tones of their own: the emoji without.
  const [, pair] = /^(.+)::skin-tone-[2-6]-[2-6]$/.exec(name) ?? []
  if (pair !== undefined) return named(pair) ?? `:${pair}:`
  const mattermost = /^(.+?)_((?:medium_)?(?:light|dark)|medium)_skin_tone$/.exec(name)
  const [, base = name, toneName] = slack ?? mattermost ?? []
  if (toneName === undefined) return `:${name}:`
  const emoji = named(base)
  if (emoji === undefined) return `:${base}:`
  return toned(emoji, tones[slack ? Number(toneName) - 2 : toneNames.indexOf(toneName)] ?? '')
}

let byEmoji: Map<string, string> | undefined

/** The name by which Mattermost knows it; null for one that has none. */
export function emojiName(emoji: string): string | null {
  byEmoji ??= new Map(
    table.names
      .split('\n')
      .reverse()
      .map((line) => [line.slice(line.indexOf(' ') + 1).replaceAll('\uFE0F', ''), line.slice(0, line.indexOf(' '))]),
  )
  const plain = emoji.replaceAll('\uFE0F', '')
  const name = byEmoji.get(plain)
  if (name !== undefined) return name
  const tone = tones.findIndex((each) => plain.includes(each))
  const base = tone < 0 ? undefined : byEmoji.get(plain.replaceAll(tones[tone] ?? '', ''))
  return base === undefined ? null : `${base}_${toneNames[tone] ?? ''}_skin_tone`
}
