import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { runDoctor } from '../../src/doctor/doctor.ts'
import { runParley } from '../import/parley.ts'
import { atEnd } from '../testkit/at-end.ts'
import { ensureCommand } from '../testkit/commands.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { startNginx } from '../testkit/nginx.ts'
import { startRedisCluster } from '../testkit/redis-cluster.ts'
import { freePort, startRedis } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/* Each finding of `parley doctor`, from a deployment that is really so. */

interface Finding {
  check: string
  level: string
  message: string
  remedy?: string
}

const script = join(import.meta.dirname, '../../scripts/parley.mjs')

let database: TestDatabase
let databaseName: string
beforeAll(async () => {
  database = await createTestDatabase()
  databaseName = new URL(database.url).pathname.slice(1)
})

const migrationsDir = join(import.meta.dirname, '../../prisma/migrations')

/** As the command does, without the time that a process takes to start. */
async function examine(
  env: Record<string, string> = {},
): Promise<{ code: number; output: string; found: Map<string, Finding> }> {
  let output = ''
  const code = await runDoctor({
    ...{ json: true, verbose: false, migrationsDir, nodeVersion: process.versions.node },
    findDatabase: () => {
      const config = loadConfig({ PORT: '0', DATABASE_URL: database.url, JWT_SECRET: 'x'.repeat(40), ...env })
      return Promise.resolve({ config, connectionString: config.databaseUrl })
    },
    print: (text) => (output += text),
  })
  const { findings } = JSON.parse(output) as { findings: Finding[] }
  // Whatever is wrong says what to do about it.
  for (const { level, remedy, check } of findings) expect(remedy !== undefined, check).toBe(level !== 'ok')
  return { code, output, found: new Map(findings.map((finding) => [finding.check, finding])) }
}

/** The tests' own cluster, which need not survive its machine. */
const ofTheTests = ['postgres.fsync']
const wrongIn = (found: Map<string, Finding>) =>
  [...found.values()].filter(({ level, check }) => level !== 'ok' && !ofTheTests.includes(check))

const changes: [string, string[], string[], Record<string, [string, RegExp]>][] = [
  [
    'settings that lose writes',
    ['synchronous_commit = off', 'default_transaction_read_only = on', 'zero_damaged_pages = on'].map(
      (setting) => `ALTER DATABASE $name SET ${setting}`,
    ),
    ['synchronous_commit', 'default_transaction_read_only', 'zero_damaged_pages'].map(
      (setting) => `ALTER DATABASE $name RESET ${setting}`,
    ),
    {
      'postgres.synchronous_commit': [
        'error',
        /is off, by ALTER DATABASE … SET: writes that were acknowledged are lost/,
      ],
      'postgres.default_transaction_read_only': ['error', /read-only, by ALTER DATABASE/],
      'postgres.zero_damaged_pages': ['warning', /damaged pages are read as empty/],
    },
  ],
  [
    'a migration that is not applied',
    [
      `CREATE TABLE kept AS SELECT * FROM _prisma_migrations ORDER BY started_at DESC LIMIT 1`,
      `DELETE FROM _prisma_migrations WHERE id IN (SELECT id FROM kept)`,
    ],
    ['INSERT INTO _prisma_migrations SELECT * FROM kept', 'DROP TABLE kept'],
    { 'postgres.migrations': ['warning', /^1 are to be applied, from \d{14}_/] },
  ],
  [
    'a migration of another version',
    [
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29990101000000_later', now())`,
    ],
    [`DELETE FROM _prisma_migrations WHERE id = 'x'`],
    { 'postgres.migrations': ['error', /does not know, 29990101000000_later/] },
  ],
  [
    'an audit log that somebody wrote to',
    [
      `SELECT parley_audit('test.done', NULL, NULL, NULL, '{}') FROM generate_series(1, 3)`,
      `ALTER TABLE audit_log DISABLE TRIGGER ALL`,
      `UPDATE audit_log SET action = 'test.forged' WHERE seq = (SELECT min(seq) + 1 FROM audit_log)`,
    ],
    [
      `UPDATE audit_log SET action = 'test.done' WHERE action = 'test.forged'`,
      `ALTER TABLE audit_log ENABLE TRIGGER ALL`,
    ],
    { 'postgres.audit': ['error', /entry \d+ does not fit/] },
  ],
]

test.each(changes)('of PostgreSQL: %s', async (_, cause, undo, expected) => {
  for (const sql of cause) await database.query(sql.replaceAll('$name', databaseName))
  const { code, found } = await examine()
  for (const sql of undo) await database.query(sql.replaceAll('$name', databaseName))
  for (const [check, [level, message]] of Object.entries(expected))
    expect(found.get(check), check).toMatchObject({ level, message: expect.stringMatching(message) as string })
  expect(
    wrongIn(found)
      .map(({ check }) => check)
      .sort(),
  ).toEqual(Object.keys(expected).sort())
  expect(code).toBe(2)
})

test('of PostgreSQL: an encoding that cannot hold every character, fsync that is off, and nobody there', async () => {
  const old = await createTestDatabase(`TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`)
  const { found } = await examine({ DATABASE_URL: old.url })
  expect(found.get('postgres.encoding')).toMatchObject({ level: 'error' })
  expect(found.get('postgres.characters')).toMatchObject({ level: 'warning' })
  expect(found.get('postgres.fsync')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('command line') as string,
  })
  const nobody = await examine({ DATABASE_URL: `postgresql://u:hush@127.0.0.1:${String(await freePort())}/x` })
  expect(nobody.found.get('postgres.connection')).toMatchObject({ level: 'error' })
  expect(nobody.output).not.toContain('hush')
  expect(nobody.code).toBe(2)
})

test('of Redis: what is evicted, unbounded, waited for, a replica, a cluster, and rights that are missing', async () => {
  const server = await startRedis(undefined, ['--maxmemory-policy', 'allkeys-lru', '--appendfsync', 'always'])
  atEnd(() => server.stop())
  const admin = new Redis(server.url)
  atEnd(() => {
    admin.disconnect()
  })
  await admin.config('SET', 'appendonly', 'yes')
  await admin.config('SET', 'client-output-buffer-limit', 'pubsub 0 0 0')
  const { code, found } = await examine({ REDIS_URL: server.url })
  expect(Object.fromEntries(wrongIn(found).map(({ check, level }) => [check, level]))).toEqual({
    'redis.maxmemory-policy': 'warning',
    'redis.appendfsync': 'warning',
    'redis.client-output-buffer-limit': 'warning',
  })
  expect(found.get('redis.maxmemory-policy')!.message).toMatch(
    /^maxmemory-policy is allkeys-lru \(maxmemory is not set/,
  )
  // Of the tests' PostgreSQL alone.
  expect(code).toBe(2)

  await admin.config('SET', 'client-output-buffer-limit', 'pubsub 65536 0 0')
  await admin.call('ACL', 'SETUSER', 'parley', 'on', '>pw', '~parley:*', '&other:*', '+@all', '-@admin')
  await admin.replicaof('127.0.0.1', await freePort())
  const restricted = await examine({ REDIS_URL: server.url.replace('redis://', 'redis://parley:pw@') })
  expect(restricted.found.get('redis.role')).toMatchObject({ level: 'error' })
  expect(restricted.found.get('redis.rights')).toMatchObject({ level: 'error' })
  // CONFIG is for administrators.
  expect(restricted.found.get('redis.client-output-buffer-limit')).toMatchObject({ level: 'unknown' })
  await admin.replicaof('NO', 'ONE')
  const channel = await examine({ REDIS_URL: server.url.replace('redis://', 'redis://parley:pw@') })
  expect(channel.found.get('redis.rights')!.message).toMatch(/cannot subscribe .* NOPERM/)
  const small = await examine({ REDIS_URL: server.url })
  expect(small.found.get('redis.client-output-buffer-limit')!.message).toContain('65536 bytes')
  const wrong = await examine({ REDIS_URL: server.url.replace('redis://', 'redis://parley:hush@') })
  expect(wrong.found.get('redis.connection')!.message).toMatch(/WRONGPASS/)

  const node = await startRedis(undefined, ['--cluster-enabled', 'yes'])
  atEnd(() => node.stop())
  const cluster = await examine({ REDIS_URL: node.url })
  expect(cluster.found.get('redis.cluster')).toMatchObject({ level: 'error' })
})

test('of a Redis Cluster: each master, slots that nobody serves, and nobody there', async () => {
  const cluster = await startRedisCluster()
  const whole = await examine({ REDIS_URL: cluster.url })
  expect(wrongIn(whole.found)).toEqual([])
  expect(whole.found.get('redis.cluster_state')).toMatchObject({ level: 'ok' })
  expect(whole.found.get('redis.rights')).toMatchObject({ level: 'ok' })
  const [first] = cluster.nodes
  await first!.admin.cluster('DELSLOTS', 1)
  const torn = await examine({ REDIS_URL: cluster.url })
  expect(torn.found.get('redis.cluster_state')).toMatchObject({ level: 'error' })
  const nobody = await examine({ REDIS_URL: `redis+cluster://127.0.0.1:${String(await freePort())}` })
  expect(nobody.found.get('redis.connection')!.message).toMatch(/no node of the cluster .*ECONNREFUSED/)
})

test('of the machine: a taken port, a full disk, and a clock that is ten minutes off', async () => {
  const taken = createServer((socket) => socket.end('no http')).listen(0, '127.0.0.1')
  await once(taken, 'listening')
  atEnd(() => void taken.close())
  const PORT = String((taken.address() as AddressInfo).port)
  // There nothing is free, and nobody may write.
  const { found } = await examine({ PORT, HOST: '127.0.0.1', PARLEY_DATA_DIR: '/proc/parley' })
  expect(found.get('port')).toMatchObject({ level: 'error', message: `port ${PORT} is taken by another program` })
  expect(found.get('disk')).toMatchObject({ level: 'error' })

  ensureCommand('faketime', 'faketime')
  const { stdout } = spawnSync('faketime', ['-f', '+10m', process.execPath, script, 'doctor', '--json'], {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      JWT_SECRET: 'x'.repeat(40),
      PORT: '0',
      REDIS_URL: inject('redisUrl'),
    },
    encoding: 'utf8',
  })
  const clocks = (JSON.parse(stdout) as { findings: Finding[] }).findings.filter(({ check }) =>
    check.startsWith('clock.'),
  )
  expect(clocks.map(({ check, level }) => [check, level])).toEqual([
    ['clock.postgres', 'error'],
    ['clock.redis', 'error'],
  ])
  for (const { message } of clocks) expect(message).toMatch(/clock is (599|600|601)[\d.]* s behind this machine's/)
})

let server: ServerProcess | undefined
afterAll(() => server?.stop())

test('of proxies: one that is not named, one that lets no WebSocket through, and trust in everybody', async () => {
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const { port: PORT } = new URL(server.url)
  const headers = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'
  const upgrade =
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;'
  const to = (at: number, port: string, lines: string) =>
    `server { listen 127.0.0.1:${String(at)}; location / { proxy_pass http://127.0.0.1:${port}; ${lines} } }`
  const trusting = await startServer({ databaseUrl: database.url, redisUrl: null, env: { TRUST_PROXY: '127.0.0.1' } })
  const trustingPort = new URL(trusting.url).port
  const [bare = 0, right = 0] = await startNginx(2, (one = 0, other = 0) =>
    [to(one, PORT, headers), to(other, trustingPort, headers + upgrade)].join('\n'),
  )
  const at = (port: number) => `http://127.0.0.1:${String(port)}`
  const unnamed = await examine({ PUBLIC_URL: at(bare), PORT, HOST: '127.0.0.1' })
  expect(unnamed.found.get('port')!.message).toContain('a Parley server answers')
  expect(unnamed.found.get('proxy.forwarding')).toMatchObject({ level: 'error' })
  expect(unnamed.found.get('proxy.websocket')).toMatchObject({ level: 'error' })
  const good = await examine({ PUBLIC_URL: at(right), TRUST_PROXY: '127.0.0.1' })
  expect(wrongIn(good.found)).toEqual([])
  const direct = await examine({ PUBLIC_URL: at(Number(PORT)), TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' })
  expect(direct.found.get('proxy.trust')).toMatchObject({ level: 'error' })
  expect(direct.found.get('proxy.forwarding')).toMatchObject({ level: 'warning' })
  const https = await examine({ PUBLIC_URL: `https://127.0.0.1:${String(await freePort())}` })
  expect(https.found.get('proxy.trust')).toMatchObject({ level: 'warning' })
  expect(https.found.get('proxy.public_url')).toMatchObject({ level: 'unknown' })
  await trusting.stop()
})

test('of settings: one that cannot be read, in words for people', async () => {
  const { code, output } = await runParley(['doctor'], { PORT: 'x' })
  expect(code).toBe(2)
  expect(output).toMatch(/✗ settings: PORT must be a port from 0 .*\n +→ Correct it/)
  const none = await runParley(['doctor'], { DATABASE_URL: database.url, JWT_SECRET: '' })
  expect(none.output).toMatch(/✗ settings: JWT_SECRET must be set/)
})

test('admin, migrate and help', async () => {
  const env = { DATABASE_URL: database.url }
  const help = await runParley(['--help'], {})
  for (const command of ['start', 'migrate', 'seed', 'admin', 'import', 'export', 'replay-webhooks', 'doctor', 'bench'])
    expect(help.output).toMatch(new RegExp(`^  ${command} `, 'm'))
  const made = await runParley(['admin', 'create', 'Olga_Ops', 'STAFF', 'Olga', 'Ops', '--json'], env)
  const person = JSON.parse(made.output) as { id: string; password: string }
  expect(person).toMatchObject({ handle: 'olga_ops', role: 'STAFF' })
  expect((await runParley(['admin', 'create', 'olga_ops'], env)).errors).toMatch(/^The handle olga_ops is taken/)
  expect((await runParley(['admin', 'role', 'olga_ops', 'ADMIN'], env)).output).toBe('olga_ops is ADMIN now.\n')
  expect(await database.query('SELECT display_name, role FROM users WHERE id = $1', [person.id])).toEqual([
    { display_name: 'Olga Ops', role: 'ADMIN' },
  ])
  const whole = await runParley(['admin', 'audit-check', '--json'], env)
  expect(JSON.parse(whole.output)).toMatchObject({ isWhole: true })
  expect(await runParley(['migrate', '--check', '--json'], env)).toMatchObject({
    code: 0,
    output: '{"applied":[],"pending":[]}\n',
  })
  const empty = await createTestDatabase('')
  const pending = await runParley(['migrate', '--check'], { DATABASE_URL: empty.url })
  expect(pending.code).toBe(2)
  const { applied } = JSON.parse(
    (await runParley(['migrate', '--json'], { DATABASE_URL: empty.url, LOG_LEVEL: 'silent' })).output,
  ) as {
    applied: string[]
  }
  expect(pending.output).toContain(`${String(applied.length)} migrations to be applied:`)
  expect((await runParley(['frobnicate'], {})).code).toBe(1)
})
