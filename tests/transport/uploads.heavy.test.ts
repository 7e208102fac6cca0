import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import { residentMb } from '../testkit/resident.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { attachmentsOf, createUpload, put, sendWith } from '../testkit/uploads.ts'

const megabyte = 1_048_576
let folder: string
let server: ServerProcess
let ann: Person
let bob: Person
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-cut-'))
  const { url } = await createTestDatabase()
  server = await startServer({ databaseUrl: url, redisUrl: null, env: { PARLEY_DATA_DIR: folder } })
  ;[ann, bob] = (await Promise.all(['Ann', 'Bob'].map((name) => signUp(server.url, name)))) as [Person, Person]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const drafts = () => readdirSync(join(folder, 'attachments/drafts'))

/** Sends so many of the bytes, and cuts the connection. */
function cutAfter(uploadUrl: string, bytes: Buffer, count: number): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength }
    const outgoing = request(uploadUrl, { method: 'PUT', headers })
    outgoing.once('close', resolve).on('error', () => undefined)
    outgoing.write(bytes.subarray(0, count), () => outgoing.destroy())
  })
}

test('a file of 25 MB over a connection that is cut ten times ends whole, and is not there before', async () => {
  const bytes = randomBytes(25 * megabyte).fill(7, 0, 8)
  const created = await createUpload(ann, { fileName: 'large.bin', contentType: 'application/octet-stream', bytes })
  const before = residentMb(server.pid)
  let most = 0
  for (let cut = 1; cut <= 10; cut++) {
    await cutAfter(created.uploadUrl, bytes, Math.floor((bytes.byteLength * cut) / 11))
    most = Math.max(most, residentMb(server.pid))
    expect((await fetch(created.attachment.url)).status).toBe(404)
    const sent = await sendWith(ann, await ann.startDirect(bob), [created.attachment.id])
    expect(sent.__typename).toBe('ValidationError')
  }
  // Nothing is left of them.
  await vi.waitFor(() => expect(drafts()).toEqual([]))
  expect((await put(created, bytes)).status).toBe(204)
  most = Math.max(most, residentMb(server.pid))
  // Eleven files of 25 MB went through, and none of them was in memory as a whole for longer than a moment.
  expect(most - before).toBeLessThan(150)
  const conversation = await ann.startDirect(bob)
  const { message } = expectType(await sendWith(ann, conversation, [created.attachment.id]), 'SendMessageSuccess')
  const url = (await attachmentsOf(bob, message.id))?.[0]?.url ?? ''
  expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true)
})

test('a process that is killed in the middle of an upload leaves nothing that counts', async () => {
  const bytes = randomBytes(5 * megabyte).fill(7, 0, 8)
  const created = await createUpload(ann, { fileName: 'killed.bin', contentType: 'application/octet-stream', bytes })
  const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength }
  const outgoing = request(created.uploadUrl, { method: 'PUT', headers })
  outgoing.on('error', () => undefined)
  outgoing.write(bytes.subarray(0, 3 * megabyte))
  await vi.waitFor(() => expect(drafts()).toHaveLength(1))
  server.kill('SIGKILL')
  await server.exited
  expect(readdirSync(join(folder, 'attachments'), { recursive: true, encoding: 'utf8' }).join()).not.toContain(
    Buffer.from(created.attachment.id, 'base64url').toString().split(':')[1],
  )
})
