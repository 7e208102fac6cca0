import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp } from '../testkit/person.ts'

const database = await createTestDatabase()
const child = fork(join(import.meta.dirname, '../testkit/facts-server.ts'), [], {
  execArgv: ['--import', 'tsx'],
  env: {
    PATH: process.env.PATH,
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: database.url,
    JWT_SECRET: 'a secret that only tests know, 32 characters and more',
    LOG_LEVEL: 'warn',
  },
})
atEnd(async () => {
  child.kill('SIGKILL')
})
const [{ url }] = (await once(child, 'message')) as [{ url: string }]

type Facts = Record<string, unknown[]>

async function facts(): Promise<Facts> {
  const answered = once(child, 'message') as Promise<[Facts]>
  child.send('facts')
  return (await answered)[0]
}

test('who listens in the process is told of each fact, as it happens in a real run', async () => {
  const [ann, bob, cleo] = [await signUp(url), await signUp(url), await signUp(url)]
  const group = await ann.createGroup([bob, cleo])
  const readers = await Promise.all([ann, bob, cleo].map((person) => person.conversationEvents(group)))
  await ann.send(group, 'Hello')
  for (const reader of readers) await reader.waitForCount(1)
  // By now all three read live, and get the next one together.
  const sharedCount = async () => {
    await ann.send(group, 'Hello again')
    return (await facts())['event-shared']?.length
  }
  await expect.poll(sharedCount).toBeGreaterThan(0)

  const aliases = Array.from({ length: 60 }, (_, number) => `x${number}: viewer { id }`).join(' ')
  expectErrors(await ask(ann, `{ ${aliases} }`), 'QUERY_TOO_COMPLEX')
  for (let tries = 0; tries < 11; tries++) {
    await ask(url, `mutation { login(input: { handle: "${ann.handle}", password: "not this one" }) { __typename } }`)
  }
  await ask(ann, 'mutation { logout }')

  await expect.poll(async () => (await facts())['socket-closed']?.length).toBeGreaterThan(0)
  const told = await facts()
  expect(told.committed).toContainEqual({
    type: 'sendMessage',
    outcome: 'ACCEPTED',
    events: [expect.objectContaining({ type: 'MESSAGE_SENT' })],
    actorId: expect.any(String) as string,
    durationMs: expect.any(Number) as number,
  })
  expect(told.offered).toContainEqual({
    streamId: expect.any(String) as string,
    seq: expect.any(Number) as number,
    type: 'MESSAGE_SENT',
    hasReaders: true,
  })
  // The sender sees more than the other two, of whom one takes what was executed for the other.
  expect(told['event-executed']).toContainEqual({ type: 'MESSAGE_SENT' })
  expect(told['event-shared']).toContainEqual({ type: 'MESSAGE_SENT' })
  const delivered = {
    eventCount: 1,
    byteSize: expect.any(Number) as number,
    committedAtMs: expect.any(Number) as number,
  }
  expect(told.delivered).toContainEqual(delivered)
  expect(told['socket-closed']).toEqual([{ code: 4401 }])
  expect(told.limited).toContainEqual(expect.objectContaining({ code: 'QUERY_TOO_COMPLEX' }))
  expect(told.limited).toContainEqual(expect.objectContaining({ code: 'RATE_LIMITED' }))
})
