// Who comes by an import has no password: an invitation, or the embedding product, lets them in.
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { runAdmin } from '../../testkit/admin.ts'
import { ask } from '../../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../../testkit/database.ts'
import { signUp, type Person } from '../../testkit/person.ts'
import { startServer, type ServerProcess } from '../../testkit/server.ts'
import { lines, writeExport } from '../hand-made.ts'
import { runParley } from '../parley.ts'

interface Line {
  key: string
  email: string | null
  handle: string
  token: string
  link?: string
  expiresAt: string
}

const people = ['ana', 'ben', 'cem', 'dee', 'eve'].map((username) => ({
  type: 'user',
  user: { username, email: `${username}@kestrel.example` },
}))
const exported = writeExport({
  'import.jsonl': lines(
    { type: 'version', version: 1 },
    { type: 'channel', channel: { team: 't', name: 'c', type: 'O' } },
    ...people,
    { type: 'user', user: { username: 'gone', delete_at: 5 } },
    { type: 'bot', bot: { username: 'hook' } },
    { type: 'post', post: { team: 't', channel: 'c', user: 'ana', message: 'hello', create_at: 1 } },
  ),
})
const invitations = join(exported, 'invitations.ndjson')

let database: TestDatabase
let server: ServerProcess
let admin: Person
beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  admin = await signUp(server.url)
  await database.query(`UPDATE users SET role = 'ADMIN' WHERE handle = $1`, [admin.handle])
  await importWith()
})

async function importWith(...args: string[]): Promise<void> {
  const told = ['--invitations', invitations, '--invitation-link', 'https://chat.example/#/invitation/', ...args]
  const { errors } = await runParley(['import', exported, ...told], { DATABASE_URL: database.url })
  expect(errors).toBe('')
}

const invited = () =>
  new Map(
    readFileSync(invitations, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .map((line) => [line.key, line]),
  )

const password = 'correct horse battery'
async function accept(token: string, chosen = password) {
  const { data, text } = await ask<{ acceptInvitation: { code?: string; session?: { user: { handle: string } } } }>(
    server.url,
    `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
      ... on AcceptInvitationSuccess { session { user { handle } } } ... on Error { code reason } } }`,
    { input: { token, password: chosen } },
  )
  if (!data) throw new Error(text)
  return data.acceptInvitation.session?.user.handle ?? data.acceptInvitation.code
}

test('each who can log in gets a link, once; the file is for its owner alone, and the database has hashes', async () => {
  const made = invited()
  expect([...made.keys()].sort()).toEqual(['ana', 'ben', 'cem', 'dee', 'eve'])
  const ana = made.get('ana')!
  expect(ana.link).toBe(`https://chat.example/#/invitation/${ana.token}`)
  expect(ana.email).toBe('ana@kestrel.example')
  expect(statSync(invitations).mode & 0o777).toBe(0o600)
  const [row] = await database.query<{ hash: string }>(
    `SELECT encode(token_hash, 'hex') AS hash FROM invitations i JOIN users u ON u.id = i.user_id WHERE u.handle = 'ana'`,
  )
  expect(row!.hash).toBe(createHash('sha256').update(ana.token).digest('hex'))

  expect(await accept(ana.token, 'short')).toBe('VALIDATION_ERROR')
  expect(await accept(ana.token)).toBe('ana')
  // The first answer was lost: the same password is a login. Another one changes nothing.
  expect(await accept(ana.token)).toBe('ana')
  expect(await accept(ana.token, 'another password')).toBe('NOT_FOUND')
  expect(await accept('of nobody')).toBe('NOT_FOUND')
  await importWith()
  expect([...invited().keys()].sort()).toEqual(['ben', 'cem', 'dee', 'eve'])
})

test('a newer invitation takes the place of the former one, and one that has expired is none', async () => {
  const former = invited().get('ben')!.token
  await importWith('--invitation-days', '3')
  const { token, expiresAt } = invited().get('ben')!
  expect(await accept(former)).toBe('NOT_FOUND')
  expect(new Date(expiresAt).getTime() - Date.now()).toBeLessThan(3 * 86_400_000 + 1)
  await database.query(
    `UPDATE invitations SET expires_at = now() - interval '1 second' FROM users u WHERE u.id = user_id AND u.handle = 'ben'`,
  )
  expect(await accept(token)).toBe('NOT_FOUND')
  const { output } = await runAdmin(database.url, 'invite-user', 'ben')
  expect(await accept(output.split('\n')[0]!)).toBe('ben')
})

test('somebody suspended is told so and keeps the invitation; somebody erased has none', async () => {
  await importWith()
  const { token } = invited().get('cem')!
  const suspend = (is: boolean) =>
    database.query(`UPDATE users SET suspended_at = ${is ? 'now()' : 'NULL'} WHERE handle = 'cem'`)
  await suspend(true)
  expect(await accept(token)).toBe('ACCOUNT_SUSPENDED')
  await suspend(false)
  expect(await accept(token)).toBe('cem')

  const dee = invited().get('dee')!
  await runAdmin(database.url, 'erase-user', 'dee')
  expect(await accept(dee.token)).toBe('NOT_FOUND')
})

test('two at once: one password counts', async () => {
  await importWith()
  const { token } = invited().get('eve')!
  const both = await Promise.all([accept(token, 'the first password'), accept(token, 'the second password')])
  expect(both.sort()).toEqual(['NOT_FOUND', 'eve'])
})

test('it is in the audit log who was invited, and who came from where', async () => {
  const { data } = await ask<{ auditLog: { nodes: { action: string; subject: { handle: string } | null }[] } }>(
    admin,
    '{ auditLog(first: 100) { nodes { action subject { handle } data } } }',
  )
  const of = (handle: string) =>
    data!.auditLog.nodes.filter(({ subject }) => subject?.handle === handle).map(({ action }) => action)
  expect(of('ana').reverse().slice(0, 4)).toEqual([
    ...['invitation.made', 'invitation.accepted', 'session.opened', 'session.opened'],
  ])
})

test('people of the embedding product are known by its subjects, and need no invitation', async () => {
  const other = writeExport({
    'import.jsonl': lines(
      { type: 'version', version: 1 },
      { type: 'channel', channel: { team: 't', name: 'c2', type: 'O' } },
      { type: 'user', user: { username: 'fay', email: 'fay@kestrel.example' } },
      { type: 'user', user: { username: 'gus', email: 'gus@kestrel.example' } },
    ),
    'identities.json': { issuer: 'https://product.example', subjects: { 'fay@kestrel.example': '42' } },
  })
  const file = join(other, 'invitations.ndjson')
  writeFileSync(file, '')
  const args = ['--identities', join(other, 'identities.json'), '--invitations', file, '--source', 'second']
  const { output } = await runParley(['import', other, ...args], { DATABASE_URL: database.url })
  expect(output).toContain('Known to the embedding product: 1')
  expect(readFileSync(file, 'utf8')).toContain('"gus"')
  expect(readFileSync(file, 'utf8')).not.toContain('"fay"')
  const rows = await database.query<{ handle: string; subject: string }>(
    'SELECT u.handle, i.subject FROM identities i JOIN users u ON u.id = i.user_id',
  )
  expect(rows).toEqual([{ handle: 'fay', subject: '42' }])
})
