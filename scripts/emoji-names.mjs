// Writes src/import/text/emoji-names.json: what emoji the names of other chat systems mean. Slack's and Mattermost's names are
// those of emoji-datasource, Rocket.Chat's those of JoyPixels; where both know a name, Slack's meaning counts.
// Run: npm pack emoji-datasource@16.0.0 emoji-toolkit@11.0.0, unpack each, and
//      node scripts/emoji-names.mjs <emoji-datasource>/emoji.json <emoji-toolkit>/emoji.json
import { readFileSync, writeFileSync } from 'node:fs'

const [datasource, toolkit] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')))
const toEmoji = (codes) => String.fromCodePoint(...codes.split('-').map((code) => Number.parseInt(code, 16)))

const names = {}
for (const { short_names, unified } of datasource) for (const name of short_names) names[name] ??= toEmoji(unified)
for (const { shortname, shortname_alternates, code_points } of Object.values(toolkit)) {
  const emoji = toEmoji(code_points.fully_qualified)
  for (const name of [shortname, ...shortname_alternates]) names[name.slice(1, -1)] ??= emoji
}
// One long text: a line for each of 6,000 names would help nobody.
const text = Object.entries(names)
  .map(([name, emoji]) => `${name} ${emoji}`)
  .join('\n')
writeFileSync('src/import/text/emoji-names.json', `${JSON.stringify({ names: text }, null, 2)}\n`)
