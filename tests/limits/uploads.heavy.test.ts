import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFileAddresses } from '../../src/files/addresses.ts'
import { ask } from '../testkit/api.ts'
import { startClamd } from '../testkit/clamd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { startServer, testSecret, type ServerProcess } from '../testkit/server.ts'
import { attachmentOf, attachmentsOf, createUpload, put, sendWith, textFile, upload } from '../testkit/uploads.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-uploads-'))
const scanner = join(folder, 'scanner.sh')
const verdictFile = join(folder, 'verdict')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the command says of every file: its exit code, or that it never ends. */
const say = (verdict: string) => writeFileSync(verdictFile, verdict)

let database: TestDatabase
let server: ServerProcess
let clamd: Awaited<ReturnType<typeof startClamd>>
let ann: Person
let bob: Person
let direct: string
beforeAll(async () => {
  writeFileSync(scanner, `#!/bin/sh\n. ${verdictFile}\n`)
  chmodSync(scanner, 0o755)
  say('exit 0')
  ;[database, clamd] = await Promise.all([createTestDatabase(), startClamd()])
  server = await startServer({
    databaseUrl: database.url,
    redisUrl: null,
    env: {
      PARLEY_DATA_DIR: folder,
      HOUSEKEEPING_INTERVAL_MS: '100',
      UPLOAD_SCAN_COMMAND: scanner,
      UPLOAD_SCAN_CLAMD: clamd.address,
      UPLOAD_SCAN_TIMEOUT_MS: '1500',
    },
  })
  ;[ann, bob] = (await Promise.all(['Ann', 'Bob'].map((name) => signUp(server.url, name)))) as [Person, Person]
  direct = await ann.startDirect(bob)
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

/** Files in the folder that belong to this attachment, or with null all that are not kept as anybody's. */
function filesOf(id: string | null): string[] {
  const all = readdirSync(join(folder, 'attachments'), { recursive: true, encoding: 'utf8' })
  const files = all.filter((name) => statSync(join(folder, 'attachments', name), { throwIfNoEntry: false })?.isFile())
  return files.filter((name) => (id === null ? name.startsWith('drafts/') : name.includes(uuidOf(id))))
}

const sent = async (id: string) => expectType(await sendWith(ann, direct, [id]), 'SendMessageSuccess').message
const gone = (id: string) => vi.waitFor(() => expect(filesOf(id)).toEqual([]), { timeout: 10_000 })

describe('the bytes of a file', () => {
  test('go when its message is deleted, and its address with them', async () => {
    const id = await upload(ann, textFile('to be deleted'))
    const message = await sent(id)
    const url = (await attachmentsOf(bob, message.id))?.[0]?.url ?? ''
    expect(filesOf(id)).toHaveLength(1)
    await ann.remove(message.id)
    expect((await fetch(url)).status).toBe(404)
    for (const person of [ann, bob]) {
      expect(await attachmentsOf(person, message.id)).toEqual([])
      expect(await attachmentOf(person, id)).toBeNull()
    }
    await gone(id)
  })

  test('go when the owner deletes the conversation', async () => {
    const group = await ann.createGroup([bob])
    const id = await upload(ann, textFile('in a group'))
    expectType(await sendWith(ann, group, [id]), 'SendMessageSuccess')
    const remove = `mutation ($id: ID!, $key: String!) {
      deleteConversation(input: { conversationId: $id, opKey: $key }) { __typename } }`
    const { data } = await ask(ann, remove, { id: group, key: newKey() })
    expect(data).toEqual({ deleteConversation: { __typename: 'DeleteConversationSuccess' } })
    expect(await attachmentOf(bob, id)).toBeNull()
    await gone(id)
  })

  test('go when they were not attached in time', async () => {
    const [id, kept] = [await upload(ann, textFile('forgotten')), await upload(ann, textFile('attached'))]
    await sent(kept)
    await database.query(`UPDATE attachments SET expires_at = now() - interval '1 second' WHERE id = ANY ($1)`, [
      [uuidOf(id), uuidOf(kept)],
    ])
    await gone(id)
    expect(await attachmentOf(ann, id)).toBeNull()
    expect(expectType(await sendWith(ann, direct, [id]), 'ValidationError').reason).toMatch(/expired/)
    expect(filesOf(kept)).toHaveLength(1)
  })

  test('go when the author is erased, attached or not, also those that come afterwards', async () => {
    const [dora, admin] = await Promise.all([signUp(server.url, 'Dora'), signUp(server.url, 'Admin')])
    await database.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [uuidOf(admin.id)])
    const conversation = await dora.startDirect(bob)
    const [attached, loose] = [await upload(dora, textFile('hers')), await upload(dora, textFile('also hers'))]
    const late = await createUpload(dora, textFile('late'))
    expectType(await sendWith(dora, conversation, [attached]), 'SendMessageSuccess')
    const erase = `mutation ($id: ID!) { eraseUser(input: { userId: $id }) { __typename } }`
    await vi.waitFor(async () => {
      const { data } = await ask<{ eraseUser: { __typename: string } }>(admin, erase, { id: dora.id })
      expect(data?.eraseUser.__typename).toBe('EraseUserSuccess')
    })
    await Promise.all([gone(attached), gone(loose)])
    expect((await put(late, Buffer.from('late'))).status).toBe(404)
    expect(filesOf(late.attachment.id)).toEqual([])
    const rows = await database.query('SELECT 1 FROM attachments WHERE uploader_id = $1', [uuidOf(dora.id)])
    expect(rows).toEqual([])
  })

  test('go again when they came after the file was removed', async () => {
    const id = await upload(ann, textFile('twice'))
    const message = await sent(id)
    const [name = ''] = filesOf(id)
    await ann.remove(message.id)
    await gone(id)
    // As an upload leaves them that was under way meanwhile, in a process that died then.
    writeFileSync(join(folder, 'attachments', name), 'twice')
    await database.query(`UPDATE removed_files SET upload_until = now() - interval '2 hours'`)
    await gone(id)
    await vi.waitFor(async () => expect(await database.query('SELECT 1 FROM removed_files')).toEqual([]))
  })

  test('leave no draft, whatever became of them', () => {
    expect(filesOf(null)).toEqual([])
  })
})

test('addresses end in time', async () => {
  const id = await upload(ann, textFile('for a moment'))
  const { uploadUrl } = await createUpload(ann, textFile('late'))
  const addresses = createFileAddresses(testSecret)
  const address = new URL(uploadUrl)
  const statusOf = async (use: 'GET' | 'PUT', seconds: number) => {
    const signed = address.origin + addresses.sign(use, uuidOf(id), new Date(Date.now() + seconds * 1_000))
    return (await fetch(signed, { method: use, body: use === 'PUT' ? 'for a moment' : null })).status
  }
  expect([await statusOf('GET', 60), await statusOf('PUT', 60)]).toEqual([200, 204])
  expect([await statusOf('GET', -1), await statusOf('PUT', -1)]).toEqual([403, 403])
})

describe('a scanner', () => {
  const reasonOf = async (id: string) => expectType(await sendWith(ann, direct, [id]), 'ValidationError').reason

  test('that finds something has the file refused, and its bytes are gone', async () => {
    say('echo Something.Bad; exit 1')
    const created = await createUpload(ann, textFile('bad'))
    expect((await put(created, Buffer.from('bad'))).status).toBe(422)
    say('exit 0')
    expect(await reasonOf(created.attachment.id)).toMatch(/Something\.Bad/)
    expect(filesOf(created.attachment.id)).toEqual([])
    const eicar = textFile('EICAR')
    const other = await createUpload(ann, eicar)
    expect((await put(other, eicar.bytes)).status).toBe(422)
    expect(await reasonOf(other.attachment.id)).toMatch(/Eicar-Test-Signature/)
  })

  test.each([
    ['a command that fails', () => say('exit 2'), () => say('exit 0')],
    ['a command that is killed', () => say('kill -9 $$'), () => say('exit 0')],
    ['a command that does not end', () => say('sleep 600'), () => say('exit 0')],
    ['clamd that is silent', () => void clamd.silence(true), () => void clamd.silence(false)],
  ])('that says nothing, as %s, holds the file back until it speaks', async (_, fail, mend) => {
    fail()
    const file = textFile(`held by ${String(Math.random())}`)
    const created = await createUpload(ann, file)
    expect((await put(created, file.bytes)).status).toBe(202)
    const { id, url } = created.attachment
    expect((await fetch(url)).status).toBe(404)
    expect(await reasonOf(id)).toMatch(/held back/)
    mend()
    const message = await sent(id)
    const shown = (await attachmentsOf(bob, message.id))?.[0]?.url ?? ''
    expect(await (await fetch(shown)).text()).toBe(file.bytes.toString())
  })

  test('that refuses a large file in the middle of it holds it back', async () => {
    const file = textFile('x'.repeat(3_000_000))
    const created = await createUpload(ann, file)
    expect((await put(created, file.bytes)).status).toBe(202)
    expect(await reasonOf(created.attachment.id)).toMatch(/held back/)
  })
})
