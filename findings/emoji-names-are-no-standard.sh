#!/usr/bin/env bash
# Guess: emoji names in colons are common to chat systems: :umbrella: of one is :umbrella: of the other, and a table of any
#   package turns names into pictures.
# Truth: each system has the names of the data set that it grew up with. Of 1,448 names that emoji-datasource 16.0.0 (whose names
#   Slack and Mattermost use) and emoji-toolkit 11.0.0 (JoyPixels, whose names Rocket.Chat uses) share, six are other pictures:
#   :satellite: is 🛰️ in the one and 📡 in the other, :umbrella: ☂️ and ☔, :snowman: ☃️ and ⛄. 524 names of the first are unknown
#   to the second: a flag is :flag-de: there and :flag_de: here.
# Why it matters: who imports or bridges chats and keeps reactions by name shows people a picture that they never chose. Map names to
#   characters by the source's own table, and store the characters.
# Needs: node, npm. Downloads the two packages from the npm registry into a temporary folder (25 MB).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts emoji-datasource@16.0.0 emoji-toolkit@11.0.0
cat > run.cjs <<'JS'
const datasource = require('emoji-datasource/emoji.json')
const toolkit = Object.values(require('emoji-toolkit/emoji.json'))
const toEmoji = (codes) => String.fromCodePoint(...codes.split('-').map((code) => parseInt(code, 16)))
const one = new Map(datasource.flatMap((e) => e.short_names.map((name) => [name, toEmoji(e.unified)])))
const other = new Map(
  toolkit.flatMap((e) =>
    [e.shortname, ...e.shortname_alternates].map((name) => [name.slice(1, -1), toEmoji(e.code_points.fully_qualified)]),
  ),
)
const bare = (emoji) => emoji.replaceAll('\uFE0F', '')
const shared = [...one].filter(([name]) => other.has(name))
const different = shared.filter(([name, emoji]) => bare(emoji) !== bare(other.get(name)))
console.log(`node ${process.version}, emoji-datasource 16.0.0, emoji-toolkit 11.0.0`)
console.log(`shared names: ${shared.length}, unknown to the other: ${one.size - shared.length}`)
for (const [name, emoji] of different) console.log(`:${name}: ${emoji} ${other.get(name)}`)
const names = different.map(([name]) => name)
if (!['satellite', 'umbrella', 'snowman'].every((name) => names.includes(name))) process.exit(1)
if (!one.has('flag-de') || other.has('flag-de') || !other.has('flag_de')) process.exit(1)
JS
node run.cjs
