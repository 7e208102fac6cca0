import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { asDocument } from '../../sdk/src/requests/document.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

let database: TestDatabase
let server: ServerProcess
let ann: Person
let bob: Person
let conversation: string

beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, env: { LOG_LEVEL: 'info' } })
  ann = await signUp(server.url)
  bob = await signUp(server.url)
  conversation = await ann.createGroup([bob])
})

async function post(body: object) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ann.session.accessToken}` },
    body: JSON.stringify(body),
  })
  return (await response.json()) as { data?: unknown; errors?: { message: string; extensions: { code: string } }[] }
}

const pagesInPages = (levels: number, size: number): string =>
  levels === 0
    ? 'seq'
    : `conversation { messages(first: ${String(size)}) { nodes { ${pagesInPages(levels - 1, size)} } } }`

describe('the objects of one operation', () => {
  test('are limited where pages stand inside pages, before anything of it is read', async () => {
    const query = `query ($id: ID!) { node(id: $id) { ... on Message { ${pagesInPages(3, 100)} } } }`
    const { errors } = await post({ query, variables: { id: conversation } })
    expect(errors?.[0]).toMatchObject({
      extensions: { code: 'QUERY_TOO_COMPLEX', cost: { objects: 1_030_303, maxObjects: 50_000 } },
    })
  })

  test('count the size that a variable gives, and the default where none is given', async () => {
    const query = `query ($n: Int) { inbox(first: $n) { nodes { conversation { messages(first: 100) { nodes { conversation { members { nodes { role } } } } } } } } }`
    expect((await post({ query, variables: { n: 10 } })).errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX')
    expect((await post({ query, variables: { n: 1 } })).errors).toBeUndefined()
  })

  test('allow a whole inbox with a page of history in each conversation', async () => {
    const query = '{ inbox(first: 100) { nodes { conversation { messages { nodes { seq } } } } } }'
    expect((await post({ query })).errors).toBeUndefined()
  })

  test('are limited for subscriptions and over a WebSocket too', async () => {
    const deep = `subscription ($id: ID!) { messageEvents(conversationId: $id) { ... on MessageSent { message { ${pagesInPages(3, 100)} } } } }`
    const events = ann.client.subscribe(asDocument<unknown, { id: string }>(deep), { id: conversation })
    await expect(events.next()).rejects.toMatchObject({ code: 'QUERY_TOO_COMPLEX' })
  })
})

test('a persisted query is not found, in the words after which clients send the text', async () => {
  const { errors } = await post({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } })
  expect(errors?.[0]).toMatchObject({
    message: 'PersistedQueryNotFound',
    extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
  })
})

test('nobody is removed by themselves: that is leaving', async () => {
  const { removeMember } = await ann.client.request(RemoveMemberDocument, {
    input: {
      conversationId: conversation,
      userId: ann.id,
    },
  })
  expect(removeMember).toEqual({
    __typename: 'ForbiddenError',
    code: 'FORBIDDEN',
    reason: 'To go yourself, call leaveConversation.',
  })
})

test('a start with a healthy Redis has no outage to tell of', () => {
  expect(server.logs()).not.toMatch(/Redis is/)
})

test('once a message is deleted, no hash in the ledger tells whether somebody guessed its text', async () => {
  const key = newKey()
  const { message } = await ann.send(conversation, 'yes', key)
  expect((await ann.send(conversation, 'yes', key)).ack.outcome).toBe('DUPLICATE')
  await ann.edit(message.id, 'no')
  const hashes = () =>
    database.query<{ hash: string; salt: string | null }>(
      `SELECT encode(e.request_hash, 'hex') AS hash, m.salt FROM events e
         JOIN messages m ON m.conversation_id = e.stream_id AND m.seq = e.message_seq
        WHERE m.client_message_id = $1 AND e.type <> 'MESSAGE_DELETED' ORDER BY e.seq`,
      [key],
    )
  const [sent, edited] = await hashes()
  expect(sent?.salt).toEqual(expect.any(String))
  await ann.remove(message.id)
  const [conversationId] = await database.query<{ id: string }>('SELECT conversation_id AS id FROM messages LIMIT 1')
  const guess = createHash('sha256')
    .update(JSON.stringify(['sendMessage', conversationId?.id, 'yes', null]))
    .digest('hex')
  const after = await hashes()
  expect(after).toEqual([
    { hash: sent?.hash, salt: null },
    { hash: edited?.hash, salt: null },
  ])
  expect(sent?.hash).not.toContain(guess)
  // Nothing is left to compare with: whatever text comes under the key is answered with the tombstone.
  expect((await ann.send(conversation, 'guess', key)).ack.outcome).toBe('DUPLICATE')
})
