import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toEmoji } from '../../../src/domain/text/emoji.ts'
import type { ImportedMessage } from '../../../src/import/model.ts'
import { openExport } from '../../../src/import/recognise.ts'
import { write } from '../../../src/import/writing.ts'
import { ask } from '../../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../../testkit/database.ts'
import { newKey, signUp, type Person } from '../../testkit/person.ts'
import { startServer, type ServerProcess } from '../../testkit/server.ts'
import { corpus, type CorpusCase } from '../corpus.ts'
import { readAll, wholeOf, type Whole, type WholeConversation } from '../read-all.ts'

let database: TestDatabase
let server: ServerProcess
let dataDir: string

beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'parley-import-'))
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env: { PARLEY_DATA_DIR: dataDir } })
})
afterAll(() => server.stop())

const uploads = {
  ...{ maxByteSize: 1_000_000, types: ['image/*', 'text/plain', 'application/pdf'] },
  scan: { command: null, clamd: null, timeoutMs: 1_000 },
}

/** Imports it with this person of the source being somebody here, so that they can read it back. */
async function importAs(path: string, options: CorpusCase['options'], source: string, people: Record<string, string>) {
  const opening = await openExport({ path, format: 'auto', ...options })
  const peopleFile = join(mkdtempSync(join(tmpdir(), 'parley-people-')), 'people.json')
  writeFileSync(peopleFile, JSON.stringify(people))
  const config = { dataDir, s3: null, uploads } as unknown as Parameters<typeof write>[0]['config']
  try {
    const written = await write({
      ...{ opening, connectionString: database.url, config, source, onProgress: () => undefined },
      ...{ peopleFile, identitiesFile: null, inviting: null },
    })
    return { imported: wholeOf(opening.imported), written }
  } finally {
    await opening.close()
  }
}

const fields = `id kind title headSeq memberCount messages(last: 100) { edges { node {
  seq text createdAt editedAt deletedAt replyTo { seq } sender { displayName }
  reactions { emoji count } attachments { fileName byteSize } } } }`

interface ReadMessage {
  seq: number
  text: string | null
  createdAt: string
  editedAt: string | null
  deletedAt: string | null
  replyTo: { seq: number } | null
  sender: { displayName: string }
  reactions: { emoji: string; count: number }[]
  attachments: { fileName: string; byteSize: number }[]
}

interface ReadConversation {
  kind: string
  title: string | null
  headSeq: number
  memberCount: number
  messages: { edges: { node: ReadMessage }[] }
}

async function readBack(person: Person): Promise<ReadConversation[]> {
  const answer = await ask<{ inbox: { edges: { node: { conversation: ReadConversation } }[] } }>(
    person,
    `{ inbox(first: 20) { edges { node { conversation { ${fields} } } } } }`,
  )
  if (!answer.data) throw new Error(answer.text)
  return answer.data.inbox.edges.map(({ node }) => node.conversation)
}

/** Who is a member of most conversations of it. */
function readerOf({ conversations }: Pick<Whole, 'conversations'>): string | undefined {
  const counts = new Map<string, number>()
  for (const { members } of conversations) for (const key of members) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

const textOf = ({ text, attachments }: ImportedMessage) =>
  [
    text ?? '',
    ...attachments
      .filter(({ missing }) => missing !== null)
      .map(({ name, ref }) =>
        ref?.startsWith('http') ? (name === null ? ref : `${name} (${ref})`) : `[${name ?? 'file'}]`,
      ),
  ]
    .filter((part) => part !== '')
    .join('\n')

/** What the API has to say of a conversation of the source, whose long texts are put together again. */
function expectRead(read: ReadConversation, { messages, members }: WholeConversation): void {
  const nodes = read.messages.edges.map(({ node }) => node)
  expect(nodes.map(({ seq }) => seq)).toEqual(nodes.map((_, index) => index + 1))
  expect(read.memberCount).toBe(members.length)
  const seqs = new Map<string, number>()
  let at = 0
  for (const message of messages) {
    const first = nodes[at]!
    seqs.set(message.key, first.seq)
    let text = ''
    const wanted = textOf(message)
    do text += nodes[at++]!.text ?? ''
    while (text.length < wanted.length)
    if (message.deleted) expect(first).toMatchObject({ text: null, deletedAt: expect.any(String) as string })
    else
      expect(text.replaceAll('\u0000', '\uFFFD')).toBe(
        wanted === '' && message.attachments.length === 0 ? '[file]' : wanted,
      )
    expect(Date.parse(first.createdAt)).toBe(Math.min(message.sentAtMs, Date.now()))
    expect(first.editedAt !== null).toBe(message.edited)
    expect(first.replyTo?.seq).toBe(message.replyTo === null ? undefined : seqs.get(message.replyTo))
    const kept = message.reactions.filter(({ emoji, by }) => toEmoji(emoji) !== null && by.length > 0)
    expect(first.reactions.map(({ emoji }) => emoji)).toEqual(kept.map(({ emoji }) => toEmoji(emoji)))
    expect(first.reactions.map(({ count }) => count)).toEqual(kept.map(({ by }) => by.length))
  }
  expect(at).toBe(nodes.length)
}

/** Some of each format; the others differ in how they are read, which tests/import/reading has all of. */
const some = corpus.filter(({ format }, index) => corpus.findIndex((other) => other.format === format) > index - 3)

describe('cases of the corpus can be read back through the API', () => {
  test.each([...some, ...corpus.filter(({ name }) => /long$|private$|tombstone/.test(name))])(
    '$name',
    async ({ name, path, options }) => {
      const reader = readerOf(await readAll({ path, format: 'auto', ...options }))
      if (reader === undefined) return
      const person = await signUp(server.url)
      const { imported } = await importAs(path, options, name, { [reader]: person.handle })
      const own = imported.conversations.filter(({ members }) => members.includes(reader))
      const read = await readBack(person)
      expect(read).toHaveLength(own.length)
      const byFirst = (a: string, b: string) => (a < b ? -1 : 1)
      const shown = (texts: (string | null)[]) => texts.join('|')
      const wanted = [...own].sort((a, b) =>
        byFirst(shown(a.messages.map(textOf)) + a.members.join(), shown(b.messages.map(textOf)) + b.members.join()),
      )
      for (const conversation of wanted) {
        const text = conversation.messages[0] ? textOf(conversation.messages[0]).slice(0, 100) : null
        const match = read.find(
          (candidate) =>
            candidate.memberCount === conversation.members.length &&
            (candidate.messages.edges[0]?.node.text?.slice(0, 100) ?? (text === null ? null : '')) === text &&
            (conversation.title === null || candidate.title === conversation.title),
        )
        expect(match, conversation.key).toBeDefined()
        expectRead(match!, conversation)
      }
    },
  )
})

const line = (type: string, content: object) => JSON.stringify({ type, [type]: content })
const user = (username: string) =>
  line('user', {
    username,
    email: `${username}@x.example`,
    first_name: username,
    teams: [{ name: 't', channels: [{ name: 'c' }] }],
  })
const post = (user: string, message: string, create_at: number, more = {}) =>
  line('post', { team: 't', channel: 'c', user, message, create_at, edit_at: 0, ...more })
const begin = [
  line('version', {}).replace('{}', '1'),
  line('channel', { team: 't', name: 'c', display_name: 'C', type: 'O' }),
]

function bulkFile(posts: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bulk-'))
  writeFileSync(join(folder, 'import.jsonl'), [...begin, user('amy'), user('bob'), ...posts].join('\n'))
  return folder
}

test('a second import of a longer export adds what is new, and members see it as messages', async () => {
  const amy = await signUp(server.url)
  const events = await amy.inboxEvents()
  const first = bulkFile([post('amy', 'one', 1_700_000_000_000), post('bob', 'two', 1_700_000_000_001)])
  const source = newKey()
  const people = { amy: amy.handle }
  expect((await importAs(first, {}, source, people)).written).toMatchObject({
    messagesWritten: 2,
    conversationsMade: 1,
  })
  await expect.poll(() => events.events.length).toBe(1)
  expect((await importAs(first, {}, source, people)).written).toMatchObject({
    ...{ messagesWritten: 0, messagesPresent: 2, conversationsMade: 0, peopleMade: 0 },
  })
  const longer = bulkFile([
    ...[
      post('amy', 'one', 1_700_000_000_000, {
        replies: [{ user: 'bob', message: 'four', create_at: 1_700_000_000_009 }],
      }),
    ],
    ...[post('bob', 'two', 1_700_000_000_001), post('amy', 'three', 1_700_000_000_002)],
  ])
  expect((await importAs(longer, {}, source, people)).written).toMatchObject({ messagesWritten: 2, messagesPresent: 2 })
  const [conversation] = await readBack(amy)
  expect(conversation?.messages.edges.map(({ node }) => [node.text, node.replyTo?.seq])).toEqual([
    ...[
      ['one', undefined],
      ['two', undefined],
      ['three', undefined],
      ['four', 1],
    ],
  ])
  const { id } = conversation as unknown as { id: string }
  expect((await amy.send(id, 'and here it goes on')).message.seq).toBe(5)
  const rows = await database.query<{ seq: number; mark: string; before: string }>(
    `SELECT e.seq, e.mark, e.mark_before AS before FROM events e JOIN messages m ON m.conversation_id = e.stream_id
       AND m.seq = e.message_seq AND m.text IN ('three', 'four', 'and here it goes on') ORDER BY e.seq`,
  )
  expect(rows.map(({ seq }) => seq)).toEqual([3, 4, 5])
  expect(rows.slice(1).map(({ before }) => before)).toEqual(rows.slice(0, 2).map(({ mark }) => mark))
})

test('what was edited, deleted or reacted to since the last import is so here too, once', async () => {
  const amy = await signUp(server.url)
  const source = newKey()
  const people = { amy: amy.handle }
  const at = 1_700_000_000_000
  const line = (part: object = {}) => post('bob', 'one', at, part)
  await importAs(bulkFile([line(), post('bob', 'two', at + 1), post('amy', 'three', at + 2)]), {}, source, people)
  const [before] = await readBack(amy)
  const events = await amy.inboxEvents()
  const later = bulkFile([
    post('bob', 'one, corrected', at, { edit_at: at + 50 }),
    post('bob', 'two', at + 1, {
      reactions: [
        { user: 'amy', emoji_name: '+1' },
        { user: 'bob', emoji_name: 'tada' },
      ],
    }),
    post('amy', 'three', at + 2),
  ])
  expect((await importAs(later, {}, source, people)).written).toMatchObject({ messagesWritten: 0, messagesChanged: 2 })
  expect((await importAs(later, {}, source, people)).written).toMatchObject({ messagesWritten: 0, messagesChanged: 0 })
  const [after] = await readBack(amy)
  expect(after?.headSeq).toBe(before?.headSeq)
  expect(after?.messages.edges.map(({ node: { text, editedAt, reactions } }) => [text, editedAt, reactions])).toEqual([
    ['one, corrected', new Date(at + 50).toISOString(), []],
    [
      'two',
      null,
      [
        { emoji: '👍', count: 1 },
        { emoji: '🎉', count: 1 },
      ],
    ],
    ['three', null, []],
  ])
  await expect
    .poll(() => events.events.map(({ __typename }) => __typename), { timeout: 20_000 })
    .toEqual([...['MessageEdited', 'ReactionToggled', 'ReactionToggled']])
})

test('a file of the export is an attachment, with its bytes', async () => {
  const amy = await signUp(server.url)
  const folder = bulkFile([post('bob', 'look', 1_700_000_000_000, { attachments: [{ path: 'x/plan.txt' }] })])
  mkdirSync(join(folder, 'data/x'), { recursive: true })
  writeFileSync(join(folder, 'data/x/plan.txt'), 'go north\n')
  await importAs(folder, {}, newKey(), { amy: amy.handle })
  const answer = await ask<{
    inbox: {
      edges: { node: { conversation: { lastMessage: { attachments: { url: string; fileName: string }[] } } } }[]
    }
  }>(amy, '{ inbox(first: 1) { edges { node { conversation { lastMessage { attachments { fileName url } } } } } } }')
  const [file] = answer.data!.inbox.edges[0]!.node.conversation.lastMessage.attachments
  expect(file?.fileName).toBe('plan.txt')
  const bytes = await fetch(new URL(file!.url, server.url))
  expect(await bytes.text()).toBe('go north\n')
})

test('what is imported is found by the search', async () => {
  const amy = await signUp(server.url)
  await importAs(bulkFile([post('bob', 'the heron stands still', 1_700_000_000_000)]), {}, newKey(), {
    amy: amy.handle,
  })
  const search = `{ searchMessages(query: "heron", first: 5) { nodes { text } } }`
  await expect
    .poll(async () => (await ask(amy, search)).text, { timeout: 30_000, interval: 500 })
    .toContain('the heron stands still')
})

const state = `SELECT m.seq, m.text, u.display_name, m.reply_to_seq, m.created_at, c.head_seq, c.head_event_seq, c.member_count
  FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = m.sender_id ORDER BY m.seq`

test('killed at any moment and run again it ends as if it had not been disturbed', async () => {
  const posts = Array.from({ length: 6_000 }, (_, index) =>
    post(index % 3 === 0 ? 'amy' : 'bob', `message ${index}`, 1_700_000_000_000 + index),
  )
  const folder = bulkFile(posts)
  const [calm, disturbed] = [await createTestDatabase(), await createTestDatabase()]
  const run = (databaseUrl: string) =>
    spawn(process.execPath, [join(import.meta.dirname, '../../../scripts/parley.mjs'), 'import', folder, '--json'], {
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, NODE_ENV: 'test', JWT_SECRET: 'x'.repeat(40) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  const ended = (child: ReturnType<typeof run>) =>
    new Promise<number | null>((resolve) => void child.once('exit', (code) => resolve(code)))
  expect(await ended(run(calm.url))).toBe(0)
  for (const enough of [1, 3_000]) {
    const child = run(disturbed.url)
    const end = ended(child)
    const count = async () => (await disturbed.query<{ n: number }>('SELECT count(*)::int AS n FROM messages'))[0]!.n
    while (child.exitCode === null && (await count()) < enough);
    child.kill('SIGKILL')
    await end
    expect(await disturbed.query('SELECT 1 FROM members')).toEqual([])
  }
  expect(await ended(run(disturbed.url))).toBe(0)
  expect(await disturbed.query(state)).toEqual(await calm.query(state))
}, 300_000)
