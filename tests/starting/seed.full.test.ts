import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ConversationDocument,
  InboxDocument,
  MembersDocument,
  ResyncDocument,
  ViewerDocument,
} from '../../sdk/src/generated/graphql.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import type { TestClient } from '../testkit/client.ts'
import { connect } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'parley-seed-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const secret = 'the secret of the seed test, 32 characters and more'

async function runSeed(
  env: Record<string, string>,
): Promise<{ code: number | null; output: string; tokens: string[] }> {
  const child = spawn(process.execPath, ['scripts/seed.mjs'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH, NODE_ENV: 'test', PARLEY_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output, tokens: [...output.matchAll(/"Bearer ([^"]+)"/g)].map((match) => match[1] ?? '') }
}

interface Found {
  data: { searchMessages: { nodes: { attachments: { url: string; blurHash: string | null }[] }[] } }
}

async function fetchGraphql(url: string, token: string, query: string): Promise<{ body: Found }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return { body: (await response.json()) as Found }
}

async function inboxOf(client: TestClient) {
  const { inbox } = await client.request(InboxDocument, { first: 100, filter: 'ALL' })
  return inbox.edges.map(({ node }) => node)
}

describe('the demo world in a database that a server uses', () => {
  let database: TestDatabase
  let server: ServerProcess
  let first: Awaited<ReturnType<typeof runSeed>>

  beforeAll(async () => {
    database = await createTestDatabase()
    server = await startServer({ databaseUrl: database.url, redisUrl: null, env: { JWT_SECRET: secret } })
    first = await runSeed({ DATABASE_URL: database.url, JWT_SECRET: secret, PORT: new URL(server.url).port })
  })

  const clientOf = (person: number) => connect(server.url, () => first.tokens[person] ?? null)

  test('is told in a few lines: the address, three tokens, the handles and the password', () => {
    expect(first.code, first.output).toBe(0)
    expect(first.output).toContain(server.url)
    expect(first.tokens).toHaveLength(3)
    expect(first.output).toContain('ada.demo')
    expect(first.output).toContain('parley-demo')
  })

  test('has 20 people, 60 conversations and 5,000 messages', async () => {
    const [counts] = await database.query(`SELECT (SELECT count(*)::int FROM users) AS people,
      (SELECT count(*)::int FROM conversations WHERE id <> parley_desk()) AS conversations, (SELECT count(*)::int FROM messages) AS messages`)
    expect(counts).toEqual({ people: 20, conversations: 63, messages: 5005 })
  })

  test('gives its people an inbox that looks alive', async () => {
    const client = clientOf(0)
    const { viewer } = await client.request(ViewerDocument, {})
    const entries = await inboxOf(client)
    expect(viewer.user.handle).toBe('ada.demo')
    expect(entries.length).toBeGreaterThan(25)
    const unread = entries.filter(({ unreadCount }) => unreadCount > 0)
    expect(unread.length).toBeGreaterThan(3)
    expect(unread.length).toBeLessThan(entries.length)
    expect(viewer.unreadConversationCount).toBeGreaterThan(0)
    expect(new Set(entries.map(({ conversation }) => conversation.kind))).toEqual(
      new Set(['DIRECT', 'GROUP', 'SUPPORT']),
    )
    const days = new Set(entries.map(({ conversation }) => conversation.lastActivityAt.slice(0, 10)))
    expect(days.size).toBeGreaterThan(3)
  })

  test('has edits, deletions, replies, pins, mutes and archived conversations', async () => {
    const [found] = await database.query<Record<string, number>>(`SELECT
      (SELECT count(*)::int FROM messages WHERE revision > 1) AS edits,
      (SELECT count(*)::int FROM messages WHERE deleted_at IS NOT NULL) AS deletions,
      (SELECT count(*)::int FROM messages WHERE reply_to_seq IS NOT NULL) AS replies,
      (SELECT count(*)::int FROM members WHERE pinned) AS pins,
      (SELECT count(*)::int FROM members WHERE muted_until > now()) AS mutes,
      (SELECT count(*)::int FROM members WHERE archived) AS archived,
      (SELECT count(*)::int FROM members WHERE left_at IS NOT NULL) AS left`)
    for (const [what, count] of Object.entries(found ?? {})) expect(count, what).toBeGreaterThan(0)
  })

  test('has a report that waits for the staff and one that they resolved, a block, and a request', async () => {
    const token = (handle: string) =>
      fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query: `mutation { login(input: { handle: "${handle}", password: "parley-demo" }) { ... on LoginSuccess { session { accessToken } } } }`,
        }),
      }).then(async (response) => {
        const { data } = (await response.json()) as { data: { login: { session: { accessToken: string } } } }
        return data.login.session.accessToken
      })
    const asked = async (handle: string, query: string) =>
      (await fetchGraphql(server.url, await token(handle), query)).body as unknown
    expect(
      await asked(
        'tara.demo',
        '{ reports(first: 5) { nodes { state reason outcome reported { handle } evidence { revision } } } }',
      ),
    ).toMatchObject({
      data: {
        reports: {
          nodes: [
            { state: 'OPEN', reported: { handle: 'hana.demo' }, evidence: { revision: expect.any(Number) as number } },
            { state: 'RESOLVED', outcome: 'PERSON_WARNED', evidence: null },
          ],
        },
      },
    })
    expect(await asked('ines.demo', '{ viewer { blockedUsers(first: 5) { nodes { handle } } } }')).toMatchObject({
      data: { viewer: { blockedUsers: { nodes: [{ handle: 'olga.demo' }] } } },
    })
    expect(
      await asked(
        'sami.demo',
        '{ inbox(filter: REQUESTS, first: 5) { nodes { conversation { lastMessage { text } } } } }',
      ),
    ).toMatchObject({
      data: {
        inbox: { nodes: [{ conversation: { lastMessage: { text: expect.stringContaining('offsite') as string } } }] },
      },
    })
  })

  test('numbers every message and event without a gap, in the order of their times', async () => {
    const client = clientOf(0)
    for (const { conversation } of await inboxOf(client)) {
      const cursor = { streamId: conversation.id, eventSeq: 0 }
      const { resync } = await client.request(ResyncDocument, { cursors: [cursor], limit: 1000 })
      const [stream] = resync.streams
      const events = stream?.events.filter((event) => event.__typename !== 'SnapshotRequired') ?? []
      expect(events.map((event) => event.cursor.eventSeq)).toEqual(events.map((_, index) => index + 1))
      const sent = events.filter((event) => event.__typename === 'MessageSent')
      expect(sent.map(({ message }) => message.seq)).toEqual(sent.map((_, index) => index + 1))
      const times = events.map((event) => event.occurredAt)
      expect(times).toEqual(times.toSorted())
      if (stream?.hasMore === false) {
        expect(sent).toHaveLength(conversation.headSeq)
        expect(conversation.cursor.eventSeq).toBe(events.length)
      }
    }
    const gaps = await database.query(`
      SELECT c.id FROM conversations c WHERE
        (SELECT count(*) FROM messages WHERE conversation_id = c.id) <> c.head_seq
        OR (SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = c.id) <> c.head_seq
        OR (SELECT coalesce(max(created_at), c.created_at) FROM messages WHERE conversation_id = c.id) <> c.last_activity_at
      UNION ALL
      SELECT s.id FROM (SELECT id, head_event_seq FROM conversations UNION ALL SELECT id, head_event_seq FROM users) s WHERE
        (SELECT count(*) FROM events WHERE stream_id = s.id) <> s.head_event_seq
        OR (SELECT coalesce(max(seq), 0) FROM events WHERE stream_id = s.id) <> s.head_event_seq`)
    expect(gaps).toEqual([])
  })

  test('counts as unread what a recount finds', async () => {
    const client = clientOf(1)
    const entries = await inboxOf(client)
    for (const { conversation, unreadCount, lastReadSeq } of entries) {
      const [recount] = await database.query(
        `SELECT count(*)::int AS unread FROM messages m JOIN users u ON u.handle = 'bruno.demo'
          WHERE m.conversation_id = $1 AND m.seq > $2 AND m.sender_id <> u.id AND m.deleted_at IS NULL`,
        [Buffer.from(conversation.id, 'base64url').toString().split(':')[1], lastReadSeq],
      )
      expect(recount).toEqual({ unread: unreadCount })
    }
    const group = entries.find(({ conversation }) => conversation.title === 'Everyone')
    const { conversation } = await client.request(MembersDocument, { id: group?.conversation.id ?? '', first: 100 })
    expect(conversation?.members.nodes).toHaveLength(20)
  })

  test('is not doubled by a second run, which prints fresh tokens', async () => {
    const before = await database.query('SELECT count(*)::int AS events, max(occurred_at) AS newest FROM events')
    const second = await runSeed({ DATABASE_URL: database.url, JWT_SECRET: secret })
    expect(second.code, second.output).toBe(0)
    expect(second.output).toContain('there already')
    expect(await database.query('SELECT count(*)::int AS events, max(occurred_at) AS newest FROM events')).toEqual(
      before,
    )
    expect(second.tokens).toHaveLength(3)
    expect(second.tokens).not.toEqual(first.tokens)
    const { viewer } = await connect(server.url, () => second.tokens[2] ?? null).request(ViewerDocument, {})
    expect(viewer.user.handle).toBe('chen.demo')
  })

  test('is completed by the next run when one was interrupted', async () => {
    const other = await createTestDatabase()
    const env = { DATABASE_URL: other.url, JWT_SECRET: secret }
    const interrupted = spawn(process.execPath, ['dist/seed.js'], {
      cwd: join(import.meta.dirname, '../..'),
      env: { PATH: process.env.PATH, NODE_ENV: 'test', PARLEY_DATA_DIR: dataDir, ...env },
      stdio: 'ignore',
    })
    const sent = async () => (await other.query<{ count: number }>('SELECT count(*)::int FROM messages'))[0]?.count ?? 0
    while ((await sent()) < 1000) await new Promise((resolve) => setTimeout(resolve, 10))
    interrupted.kill('SIGKILL')
    expect(await sent()).toBeLessThan(5000)
    expect((await runSeed(env)).output).toContain('made in')
    expect(await sent()).toBe(5005)
  })

  test('is refused where its public password would be a hole, and where a handle is somebody else’s', async () => {
    const production = await runSeed({ DATABASE_URL: database.url, JWT_SECRET: secret, NODE_ENV: 'production' })
    expect(production).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^The demo world was not made\. .+\n$/) as string,
    })
    const other = await createTestDatabase()
    await other.query(`INSERT INTO users (id, handle, display_name, search_name)
      VALUES (gen_random_uuid(), 'ada.demo', 'Another Ada', 'another ada')`)
    const taken = await runSeed({ DATABASE_URL: other.url, JWT_SECRET: secret })
    expect(taken).toMatchObject({
      code: 1,
      output: expect.stringContaining('ada.demo belongs to somebody else') as string,
    })
  })
})

describe('the demo world in the embedded database', () => {
  test('is made with no server running, and found with one running, each time with tokens that the server takes', async () => {
    const env = { PARLEY_DATA_DIR: dataDir }
    const alone = await runSeed(env)
    expect(alone.code, alone.output).toBe(0)
    expect(alone.output).toContain('start the server first')
    const server = await startServer({ redisUrl: null, env: { ...env, JWT_SECRET: '' } })
    const beside = await runSeed(env)
    expect(beside.output).toContain('there already')
    // Nobody told it the port.
    expect(beside.output).toContain(server.url)
    const query = '{ searchMessages(query: "sunrise.png") { nodes { attachments { url blurHash } } } }'
    const search = async () => {
      const { body } = await fetchGraphql(server.url, beside.tokens[0] ?? '', query)
      return body.data.searchMessages.nodes[0]?.attachments[0] ?? null
    }
    await expect.poll(search, { timeout: 20_000 }).not.toBeNull()
    const picture = await search()
    expect(picture!.blurHash).toBeTruthy()
    expect((await fetch(picture!.url)).headers.get('content-type')).toBe('image/png')
    for (const token of [alone.tokens[0], beside.tokens[0]]) {
      const client = connect(server.url, () => token ?? null)
      const [entry] = await inboxOf(client)
      const { conversation } = await client.request(ConversationDocument, { id: entry?.conversation.id ?? '' })
      expect(conversation?.headSeq).toBeGreaterThan(0)
    }
    await server.stop()
  }, 240_000)
})
