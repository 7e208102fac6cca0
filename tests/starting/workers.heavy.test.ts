import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { openSocket } from '../testkit/open-socket.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { presenceOf } from '../testkit/presence.ts'
import { startServer, testSecret } from '../testkit/server.ts'

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .split(' ')
    .filter((text) => text.trim() !== '')
    .map(Number)
    // Beside them is what ends the server with its test.
    .filter((child) => readFileSync(`/proc/${String(child)}/cmdline`, 'utf8').startsWith(process.execPath))

const sendDocument = `mutation ($id: ID!, $text: String!, $key: String!) {
  sendMessage(input: { conversationId: $id, text: $text, clientMessageId: $key }) {
    ... on SendMessageSuccess { ack { outcome } message { seq } } } }`
test('two workers behind one port are one server: live across both, and one that is killed is replaced', async () => {
  const database = await createTestDatabase()
  // The log is looked at so seldom that only the bus brings anything.
  const env = { WORKERS: '2', RELAY_INTERVAL_MS: '60000', LOG_LEVEL: 'info' }
  const server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
  const workers = childrenOf(server.pid)
  expect(workers).toHaveLength(2)
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const conversation = await ann.startDirect(bob)
  // Connections go to the workers in turn: several readers and senders are with both.
  const readers = await Promise.all([1, 2, 3, 4].map(() => bob.conversationEvents(conversation)))
  const send = async (text: string, key = newKey()): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const answer = await ask(ann, sendDocument, { id: conversation, text, key }).catch(() => null)
      if (answer?.data) return
      if (tries === 50) throw new Error('never accepted')
      await sleep(100)
    }
  }
  for (let nth = 1; nth <= 6; nth++) await send(`m${String(nth)}`)
  for (const reader of readers)
    await reader.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'm6')

  // What has no log is common to both too.
  await openSocket(ann.on('phone', 'MOBILE', server.url))
  for (let nth = 1; nth <= 4; nth++)
    await expect
      .poll(() => presenceOf(bob.at(server.url), ann), { timeout: 20_000 })
      .toMatchObject({ status: 'ONLINE', device: 'MOBILE' })

  const [killed = 0] = workers
  process.kill(killed, 'SIGKILL')
  const texts = Array.from({ length: 10 }, (_, nth) => `after ${String(nth)}`)
  for (const text of texts) await send(text)
  await expect.poll(() => childrenOf(server.pid).filter((pid) => pid !== killed).length, { timeout: 20_000 }).toBe(2)
  await expect.poll(() => server.logs(), { timeout: 20_000 }).toContain('another one takes its place')
  // Those who were with it come back, to any, and miss nothing; the others noticed nothing.
  const ended = readers.filter(({ ended: how }) => how !== null)
  const others = readers.filter(({ ended: how }) => how === null)
  expect(others.length).toBeGreaterThan(0)
  expect(ended.length + others.length).toBe(4)
  const back = await bob.conversationEvents(conversation, 0)
  for (const reader of [...others, back]) {
    await reader.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === texts.at(-1))
    const sent = reader.events.flatMap((event) => (event.__typename === 'MessageSent' ? [event.message.text] : []))
    expect(sent.slice(-10)).toEqual(texts)
  }
  server.kill('SIGTERM')
  expect(await server.exited).toEqual({ code: 0, signal: null })
  for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow()
  // Each line is whole.
  for (const line of server.logs().split('\n'))
    if (line.startsWith('{')) expect(() => JSON.parse(line) as unknown).not.toThrow()
})

test('workers that cannot start say why, once each, and all ends', async () => {
  const failure = String(
    await startServer({ redisUrl: null, databaseUrl: 'postgresql://u:p@127.0.0.1:1/x', env: { WORKERS: '2' } }).catch(
      (error: unknown) => error,
    ),
  )
  expect(failure).toMatch(/Parley did not start\. DATABASE_URL: .* nothing listens there/)
})

test('with --inspect each worker has an inspector of its own, also where the sources run, as in npm run dev', async () => {
  const database = await createTestDatabase('TEMPLATE template0')
  const env = { WORKERS: '2', DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: testSecret }
  const child = spawn(process.execPath, ['--import', 'tsx', '--inspect=127.0.0.1:0', 'src/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  atEnd(async () => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGINT')) await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await expect.poll(() => output, { timeout: 180_000 }).toMatch(/Parley is listening on/)
  // That of the process that started them besides.
  expect(output.match(/Debugger listening on/g)).toHaveLength(3)
}, 240_000)
