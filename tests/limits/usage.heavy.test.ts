import { beforeAll, expect, test, vi } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { crowdSecret, signUpMany } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import type { Person } from '../testkit/person.ts'
import { newKey } from '../testkit/person.ts'
import { signUpPeople } from '../testkit/presence.ts'
import { readiness } from '../testkit/proxied.ts'
import { startRedis } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/*
 * The limits of LIMITS=internet, one of them set by itself, over two processes.
 */
let database: TestDatabase
let servers: [ServerProcess, ServerProcess]
beforeAll(async () => {
  const redis = await startRedis()
  database = await createTestDatabase()
  const options = {
    databaseUrl: database.url,
    redisUrl: `redis://127.0.0.1:${redis.port}`,
    env: {
      ...{ RATE_LIMITS: 'on', LIMITS: 'internet', JWT_SECRET: crowdSecret },
      ...{ ADDED_PEOPLE_PER_DAY: '50', SENDS_PER_SECOND_IN_CONVERSATION: '35' },
    },
  }
  servers = await Promise.all([startServer(options), startServer(options)])
  for (const server of servers) {
    await vi.waitFor(async () => expect((await readiness(server)).body).toMatchObject({ status: 'ok' }), 10_000)
  }
})

const people = (count: number) => signUpPeople(database, servers[0].url, count)

const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`
const create = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) { __typename } }`
const add = `mutation ($input: AddMembersInput!) { addMembers(input: $input) { __typename } }`
const upload = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { __typename } }`
const login = `mutation { login(input: { handle: "nobody", password: "wrong wrong" }) { __typename } }`

/** Asks so often, at both processes in turn. How many were let through; each other one is told when to come again. */
async function allowed(person: Person | null, query: string, count: number, variables: () => object = () => ({})) {
  let through = 0
  for (let at = 0; at < count; at++) {
    const { url } = servers[at % 2]!
    const answer = await ask(person ? person.at(url) : url, query, variables())
    if (answer.data && !answer.errors) through++
    else expect(expectErrors(answer, 'RATE_LIMITED')[0]!.extensions.retryAfterMs).toBeGreaterThan(0)
  }
  return through
}

test('a person sends thirty messages at once, and what is refused was not written', async () => {
  const [ann] = (await people(1)) as [Person]
  const conversationId = await ann.createGroup([])
  const startedMs = Date.now()
  const input = () => ({ input: { conversationId, text: 'Hello', clientMessageId: newKey() } })
  const through = await allowed(ann, send, 45, input)
  // As many more as the time that it took allows.
  const windows = Math.ceil((Date.now() - startedMs) / 6_000)
  expect(through).toBeGreaterThanOrEqual(30)
  expect(through).toBeLessThanOrEqual(30 * (windows + 1))
  const { data } = await ask<{ conversation: { headSeq: number } }>(
    ann,
    'query ($id: ID!) { conversation(id: $id) { headSeq } }',
    { id: conversationId },
  )
  expect(data?.conversation.headSeq).toBe(through)
})

test('sends of strangers take nothing from those of a conversation', async () => {
  const [ann, ...strangers] = (await people(3)) as [Person, Person, Person]
  const conversationId = await ann.createGroup([])
  const sendOf = (person: Person, at: number) => {
    const input = { conversationId, text: 'Hello', clientMessageId: newKey() }
    return ask<{ sendMessage: { __typename: string } }>(person.at(servers[at % 2]!.url), send, { input })
  }
  // Sixty in a second or little more, of which 35 would be all that is let through.
  for (let round = 0; round < 6; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => sendOf(strangers[at % 2]!, at)))
    for (const answer of answers) expect(answer.data?.sendMessage.__typename).toBe('NotFoundError')
  }
  expect((await sendOf(ann, 0)).data?.sendMessage.__typename).toBe('SendMessageSuccess')
})

test('groups, people who are added and uploads are counted, what is refused as a whole is not', async () => {
  const [bob, cleo] = (await people(2)) as [Person, Person]
  const others = await signUpMany(database, servers[0].url, 51)
  const ids = others.map(({ id }) => Buffer.from(`User:${id}`).toString('base64url'))
  const conversationId = await cleo.createGroup([])
  expectErrors(await ask(cleo, add, { input: { conversationId, userIds: ids } }), 'RATE_LIMITED')
  expect(await allowed(cleo, add, 1, () => ({ input: { conversationId, userIds: ids.slice(0, 50) } }))).toBe(1)
  expect(await allowed(cleo, add, 1, () => ({ input: { conversationId, userIds: ids.slice(50) } }))).toBe(0)
  const group = () => ({ input: { title: 'A group', memberIds: [], opKey: newKey() } })
  expect(await allowed(bob, create, 13, group)).toBe(10)
  const file = () => ({ input: { fileName: 'a.txt', contentType: 'text/plain', byteSize: 1 } })
  expect(await allowed(bob, upload, 103, file)).toBe(100)
})

test('five logins a minute come from an address, over both processes', async () => {
  expect(await allowed(null, login, 7)).toBe(5)
})
