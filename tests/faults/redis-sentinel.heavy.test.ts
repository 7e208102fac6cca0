import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { spawnSupervised } from '../../src/embedded/supervised.ts'
import { atEnd } from '../testkit/at-end.ts'
import { ensureCommand } from '../testkit/commands.ts'
import { endSupervised } from '../testkit/ending.ts'
import { startPair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { untilReadiness } from '../testkit/proxied.ts'
import { freePort, startRedis } from '../testkit/redis.ts'

const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  atEnd(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** By the bus alone: nothing of typing is in the log. */
async function seesTyping(ann: Person, bob: Person, conversation: string): Promise<void> {
  const typing = await bob.typingEvents(conversation)
  await expect
    .poll(
      async () => {
        await ann.setTyping(conversation, true)
        return typing.events.length
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(0)
  typing.cut()
}

test('Sentinel: the processes follow to the new primary by themselves, and no message is missed', async () => {
  const first = await startRedis()
  const second = await startRedis(undefined, ['--replicaof', '127.0.0.1', String(first.port)])
  atEnd(async () => {
    await Promise.all([first.stop(), second.stop()])
  })
  const folder = newFolder()
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  writeFileSync(
    file,
    [
      ...[`port ${String(port)}`, 'bind 127.0.0.1', `dir ${folder}`],
      `sentinel monitor main 127.0.0.1 ${String(first.port)} 1`,
      ...['sentinel down-after-milliseconds main 1000', 'sentinel failover-timeout main 5000', ''],
    ].join('\n'),
  )
  const sentinel = spawnSupervised(['redis-server', file, '--sentinel'], openSync('/dev/null', 'w'), { cwd: '/' })
  atEnd(() => endSupervised(sentinel))
  // Sentinel fails over only to replicas that it knows of.
  const watcher = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  watcher.on('error', () => undefined)
  atEnd(() => {
    watcher.disconnect()
  })
  await expect.poll(() => watcher.call('SENTINEL', 'REPLICAS', 'main'), { timeout: 30_000 }).toHaveLength(1)

  const dead = await freePort()
  const redisUrl = `redis+sentinel://127.0.0.1:${String(dead)},127.0.0.1:${String(port)}/main`
  const { urls, servers } = await startPair({ redisUrl, env: { LOG_LEVEL: 'info' } })
  const [ann, bob] = [await signUp(urls[0]), await signUp(urls[1])]
  const conversation = await ann.startDirect(bob)
  const live = await bob.conversationEvents(conversation)
  for (const server of servers) await untilReadiness(server, 'ok')
  await seesTyping(ann, bob, conversation)

  await first.stop()
  for (let nth = 1; nth <= 5; nth++) await ann.send(conversation, `during ${String(nth)}`)
  await expect
    .poll(() => watcher.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main'), { timeout: 30_000 })
    .toEqual(['127.0.0.1', String(second.port)])
  await expect
    .poll(() => servers.every((server) => server.logs().includes('Redis is back')) || 'not yet', { timeout: 30_000 })
    .toBe(true)
  for (const server of servers) await untilReadiness(server, 'ok')
  await seesTyping(ann, bob, conversation)
  await ann.send(conversation, 'after')
  await live.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'after')
  const texts = live.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.text] : []))
  expect(texts).toEqual([...[1, 2, 3, 4, 5].map((nth) => `during ${String(nth)}`), 'after'])
})

test('TLS with a certificate of both sides, and a user of an ACL who may do only what Parley does', async () => {
  ensureCommand('openssl', 'openssl')
  const folder = newFolder()
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ])
  expect(made.status, made.stderr.toString()).toBe(0)
  const tlsPort = await freePort()
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
  const server = await startRedis(undefined, ['--tls-port', String(tlsPort), '--tls-auth-clients', 'yes', ...files])
  atEnd(() => server.stop())
  const admin = new Redis(server.url)
  const rights = ['~parley:*', '&parley:*', '+@all', '-@admin', '-@dangerous', '+info']
  await admin.call('ACL', 'SETUSER', 'parley', 'on', '>p@ss:w/rd', ...rights)
  admin.disconnect()
  const redisUrl = `rediss://parley:${encodeURIComponent('p@ss:w/rd')}@127.0.0.1:${String(tlsPort)}/0`
  const env = { REDIS_TLS_CA_FILE: certificate, REDIS_TLS_CERT_FILE: certificate, REDIS_TLS_KEY_FILE: key }
  const { urls, servers } = await startPair({ redisUrl, env })
  for (const one of servers) await untilReadiness(one, 'ok')
  const [ann, bob] = [await signUp(urls[0]), await signUp(urls[1])]
  await seesTyping(ann, bob, await ann.startDirect(bob))
})
