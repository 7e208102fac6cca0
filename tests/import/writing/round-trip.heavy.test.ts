import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import {
  BlockUserDocument,
  LoginDocument,
  OpenSupportDocument,
  PinMessageDocument,
  SendMessageDocument,
  ToggleReactionDocument,
  UpdateSettingsDocument,
} from '../../../sdk/src/generated/graphql.ts'
import type { Config } from '../../../src/config.ts'
import { runExport } from '../../../src/export/command.ts'
import { ask } from '../../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../../testkit/database.ts'
import { connect, expectType, newKey, Person, signUp } from '../../testkit/person.ts'
import { startServer, type ServerProcess } from '../../testkit/server.ts'
import { setRole } from '../../testkit/support.ts'
import { sendWith, textFile, upload } from '../../testkit/uploads.ts'
import { exported, linesOf, newFolder, runParley } from '../parley.ts'

interface Deployment {
  database: TestDatabase
  server: ServerProcess
  env: Record<string, string>
}

async function deploy(): Promise<Deployment> {
  const database = await createTestDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-data-'))
  const server = await startServer({ databaseUrl: database.url, redisUrl: null, env: { PARLEY_DATA_DIR: dataDir } })
  return { database, server, env: { DATABASE_URL: database.url, PARLEY_DATA_DIR: dataDir } }
}

let here: Deployment
let amy: Person
let bob: Person
let group: string
let support: string

const password = 'correct horse battery'

beforeAll(async () => {
  here = await deploy()
  const { url } = here.server
  const people = await Promise.all(['Amy', 'Bob', 'Cem', 'Dot'].map((name) => signUp(url, name)))
  const [cem, dot] = [people[2]!, people[3]!]
  ;[amy, bob] = [people[0]!, people[1]!]
  group = await amy.createGroup([bob, cem, dot], 'Füchse & "co"\n')
  const direct = await amy.startDirect(bob)
  const { message: first } = await amy.send(group, 'one')
  const reply = await bob.client.request(SendMessageDocument, {
    input: {
      conversationId: group,
      clientMessageId: newKey(),
      text: 'two\nlines \u2028 🦊',
      replyToId: first.id,
      mentionIds: [amy.id],
    },
  })
  const answer = expectType(reply.sendMessage, 'SendMessageSuccess').message
  await dot.send(group, 'of somebody who goes')
  const { message: gone } = await cem.send(group, 'to be deleted')
  await cem.remove(gone.id)
  await bob.edit(answer.id, 'two, edited')
  await bob.edit(answer.id, 'two, edited again', newKey(), { mentionIds: [cem.id, amy.id] })
  for (const [who, emoji] of [
    [amy, '👍'],
    [cem, '👍'],
    [cem, '🦊'],
  ] as const)
    await who.client.request(ToggleReactionDocument, {
      input: { messageId: answer.id, emoji, on: true, opKey: newKey() },
    })
  await amy.client.request(PinMessageDocument, { input: { messageId: answer.id, pinned: true, opKey: newKey() } })
  await sendWith(bob, group, [await upload(bob, textFile('go north', 'plan "a".txt'))])
  await amy.send(direct, 'only for Bob')
  await bob.markRead(direct, 1)
  await cem.client.request(BlockUserDocument, { input: { userId: bob.id, blocked: true } })
  await bob.client.request(UpdateSettingsDocument, {
    input: { readReceiptsEnabled: false, directMessagesFrom: 'CONTACTS' },
  })
  const opened = await cem.client.request(OpenSupportDocument, { input: { title: 'Help', opKey: newKey() } })
  support = expectType(opened.openSupport, 'OpenSupportSuccess').conversation.id
  await cem.send(support, 'it does not work')
  await setRole(here.database, 'ADMIN', amy)
  const erase = `mutation { eraseUser(input: { userId: "${dot.id}" }) { __typename } }`
  // A process knows a role a second later of a session that it knows already.
  while (!(await ask(amy, erase)).text.includes('EraseUserSuccess'));
  await here.database.query(
    'UPDATE members SET muted_until = $1, pinned = true WHERE user_id = (SELECT id FROM users WHERE handle = $2)',
    [...['2030-01-01T00:00:00Z', bob.handle]],
  )
})

/** The same person in the other deployment: who runs it has given them their password. */
async function at(there: Deployment, person: Person): Promise<Person> {
  const [row] = await here.database.query<{ user_id: string; password_hash: string }>(
    'SELECT c.* FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.handle = $1',
    [person.handle],
  )
  await there.database.query('INSERT INTO credentials (user_id, password_hash) VALUES ($1, $2)', [
    row?.user_id,
    row?.password_hash,
  ])
  const { login } = await connect(there.server.url, () => null).request(LoginDocument, {
    input: { handle: person.handle, password },
  })
  return new Person(expectType(login, 'LoginSuccess').session, there.server.url)
}

const everything = `{ viewer { user { id handle displayName createdAt } } inbox(first: 20) { edges { node { pinned unreadCount conversation {
  id kind title headSeq memberCount members(first: 20) { edges { node { user { id handle displayName } role } } }
  pinnedMessages { seq }
  messages(last: 50) { edges { node { seq text createdAt editedAt deletedAt revision sender { handle displayName } replyTo { seq }
    reactions { emoji count viewerReacted } mentions { handle } attachments { fileName byteSize contentType }
    revisions { revision text editedAt } } } } } } } } }`

test('what is exported and imported into an empty database is the same, and is read through the API', async () => {
  const [first, second] = [newFolder('first'), newFolder('second')]
  const out = await runParley(['export', '--all', '--out', first, '--json'], here.env)
  expect(out).toMatchObject({ code: 0, errors: '' })
  expect(JSON.parse(out.output)).toMatchObject({ counts: { people: 4, conversations: 3, messages: 7, attachments: 1 } })
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: first })
  expect(readFileSync(join(first, 'messages.ndjson'), 'utf8')).not.toMatch(/to be deleted|of somebody who goes/)
  const there = await deploy()
  expect(await runParley(['import', first], there.env)).toMatchObject({ code: 0, errors: '' })
  expect(await runParley(['export', '--all', '--out', second], there.env)).toMatchObject({ code: 0 })
  expect(exported(second)).toEqual(exported(first))
  for (const person of [amy, bob])
    expect((await ask(await at(there, person), everything)).data).toEqual((await ask(person, everything)).data)
  // A second time there is nothing new, here or there.
  for (const { env } of [here, there]) {
    const again = await runParley(['import', first, '--json'], env)
    expect(JSON.parse(again.output)).toMatchObject({
      written: { messagesWritten: 0, peopleMade: 0, conversationsMade: 0 },
    })
  }
}, 300_000)

test("one person's export has all of theirs, and nothing private of others", async () => {
  const out = newFolder('user')
  expect(await runParley(['export', '--user', `@${bob.handle}`, '--out', out], here.env)).toMatchObject({
    code: 0,
    errors: '',
  })
  const files = exported(out)
  const people = linesOf<{ displayName: string; settings: object | null }>(out, 'people.ndjson')
  expect(people.filter(({ settings }) => settings !== null).map(({ displayName }) => displayName)).toEqual(['Bob'])
  const members = linesOf<{ own: object | null }>(out, 'members.ndjson')
  expect(members.filter(({ own }) => own !== null)).toHaveLength(2)
  expect(linesOf<{ text: string | null }>(out, 'messages.ndjson').map(({ text }) => text)).toEqual([
    ...['one', 'two, edited again', null, null, null, 'only for Bob'],
  ])
  expect(files['blocks.ndjson']).toBe('')
  expect(files['messages.ndjson']).toContain('two, edited"')
  expect(files['conversations.ndjson']).not.toContain('Help')
  const account = JSON.parse(files['account.json'] ?? '') as { sessions: { createdAt: string; userAgent: string }[] }
  expect(account).toMatchObject({
    hasPassword: true,
    uploadsWithoutMessage: [],
    mentionsOfMe: [],
    reports: [],
    suspension: null,
  })
  expect(account.sessions).toHaveLength(1)
  expect(JSON.stringify(files)).not.toContain('argon2')
})

test('one conversation', async () => {
  const out = newFolder('conversation')
  expect(await runParley(['export', '--conversation', support, '--out', out], here.env)).toMatchObject({ code: 0 })
  expect(linesOf(out, 'messages.ndjson')).toMatchObject([{ text: 'it does not work' }])
  expect(linesOf(out, 'people.ndjson')).toMatchObject([{ displayName: 'Cem', settings: null }])
})

test("Mattermost's format is read by the import as Mattermost writes it", async () => {
  const out = newFolder('mattermost')
  const run = await runParley(['export', '--all', '--format', 'mattermost', '--out', out, '--json'], here.env)
  expect(run).toMatchObject({ code: 2, errors: '' })
  const { notExported } = JSON.parse(run.output) as { notExported: { what: string }[] }
  expect(notExported.filter(({ what }) => what.includes('is deleted'))).toHaveLength(2)
  const types = linesOf<{ type: string }>(out, 'import.jsonl').map(({ type }) => type)
  expect([...new Set(types)]).toEqual(['version', 'team', 'channel', 'user', 'post', 'direct_channel', 'direct_post'])
  const read = await runParley(['import', out, '--dry-run', '--json'], {})
  const { conversations, format } = JSON.parse(read.output) as {
    format: string
    conversations: {
      kind: string
      title: string | null
      messages: { text: string; replyTo: string | null; reactions: { emoji: string }[]; attachments: object[] }[]
    }[]
  }
  expect([read.code, format]).toEqual([0, 'mattermost'])
  const titled = conversations.find(({ title }) => title?.startsWith('Füchse'))!
  expect(titled.messages.map(({ text }) => text)).toEqual(['one', 'two, edited again', ''])
  expect(titled.messages[1]).toMatchObject({ reactions: [{ emoji: '👍' }, { emoji: '🦊' }] })
  expect(titled.messages[1]?.replyTo).not.toBeNull()
  expect(titled.messages[2]?.attachments).toMatchObject([{ name: 'plan "a".txt', missing: null }])
  expect(conversations.find(({ kind }) => kind === 'DIRECT')?.messages).toMatchObject([{ text: 'only for Bob' }])
})

test.each([
  ['nothing to export', {}, /one of --all/],
  ['two things', { all: true, user: 'amy' }, /one of --all/],
  ['nobody', { user: 'nobody_of_this_name' }, /nobody with the handle/],
  ['no conversation', { conversation: 'x' }, /no conversation with the id/],
  ['a folder with something in it', { all: true, out: import.meta.dirname }, /not empty/],
])('%s is told, and nothing is done', async (_, asked, reason) => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const config = { dataDir: here.env.PARLEY_DATA_DIR, s3: null } as unknown as Config
  expect(
    await runExport({ out: newFolder('none'), ...asked }, async () => ({
      config,
      connectionString: here.database.url,
    })),
  ).toBe(1)
  expect(told.mock.calls).toEqual([[expect.stringMatching(reason)]])
  told.mockRestore()
})

test('an export that was changed or cut short is not imported', async () => {
  const out = newFolder('changed')
  await runParley(['export', '--all', '--out', out], here.env)
  writeFileSync(join(out, 'messages.ndjson'), readFileSync(join(out, 'messages.ndjson')).subarray(0, -10))
  const { code, errors } = await runParley(['import', out, '--dry-run'], {})
  expect(code).toBe(1)
  expect(errors).toMatch(/messages.ndjson is not as it was exported/)
})
