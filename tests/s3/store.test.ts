import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { FileFolder } from '../../src/files/folder.ts'
import { openS3Store } from '../../src/files/s3.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { ask, expectErrors, expectSubstance } from '../testkit/api.ts'
import { atEnd } from '../testkit/at-end.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { startSwift, type Swift } from '../testkit/swift.ts'
import { attachmentOf, attachmentsOf, createUpload, pngFile, put, sendWith, textFile } from '../testkit/uploads.ts'

/*
 * OpenStack Swift with its S3 API checks signatures, sizes and conditions. It was not written for AWS or MinIO: what these do
 * otherwise is not shown here.
 */

const folder = mkdtempSync(join(tmpdir(), 'parley-s3-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const scanner = join(folder, 'scanner.sh')
/** A scan says so, and waits until it is gone. */
const gate = join(folder, 'gate')

let swift: Swift
let proxy: Proxy
let database: TestDatabase
let server: ServerProcess
let ann: Person
let bob: Person
let direct: string

/** It reaches the store by way of the proxy, and its clients reach it at its own address. */
const start = (env: Record<string, string> = {}) =>
  startServer({
    databaseUrl: database.url,
    redisUrl: null,
    env: {
      ...swift.env,
      S3_ENDPOINT: `http://127.0.0.1:${String(proxy.port)}`,
      S3_PUBLIC_ENDPOINT: swift.endpoint,
      PARLEY_DATA_DIR: folder,
      HOUSEKEEPING_INTERVAL_MS: '100',
      UPLOAD_SCAN_COMMAND: scanner,
      UPLOAD_SCAN_TIMEOUT_MS: '60000',
      ...env,
    },
  })

beforeAll(async () => {
  writeFileSync(
    scanner,
    `#!/bin/sh\nif [ -e ${gate} ]; then touch ${gate}.reached; fi\nwhile [ -e ${gate} ]; do sleep 0.1; done\n`,
  )
  chmodSync(scanner, 0o755)
  ;[swift, database] = await Promise.all([startSwift(), createTestDatabase()])
  proxy = await startProxy(swift.port)
  server = await start()
  ;[ann, bob] = (await Promise.all(['Ann', 'Bob'].map((name) => signUp(server.url, name)))) as [Person, Person]
  direct = await ann.startDirect(bob)
})
beforeEach(() => proxy.heal())

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''
const keysOf = async (id: string) => (await swift.keys()).filter((key) => key.includes(uuidOf(id)))
const gone = (id: string) =>
  vi.waitFor(async () => expect(await keysOf(id)).toEqual([]), { timeout: 20_000, interval: 200 })
const drafts = () => readdirSync(join(folder, 'attachments/drafts'))

const sent = async (id: string, key = newKey()) =>
  expectType(await sendWith(ann, direct, [id], { key }), 'SendMessageSuccess').message
const urlOf = async (person: Person, messageId: string) => (await attachmentsOf(person, messageId))?.[0]?.url ?? ''
const whyNot = async (id: string) => expectType(await sendWith(ann, direct, [id]), 'ValidationError').reason

async function uploaded(file = textFile(`text ${newKey()}`)) {
  const created = await createUpload(ann, file)
  expect((await put(created, file.bytes)).status).toBe(200)
  return { id: created.attachment.id, created, file }
}

const sendMutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Error { code } } }`
const trySending = (id: string, clientMessageId = newKey(), person = ann) =>
  ask<{ sendMessage: { __typename: string } }>(person, sendMutation, {
    input: { conversationId: direct, clientMessageId, attachmentIds: [id] },
  })

describe('a file', () => {
  test('goes to the store and comes from it, byte for byte, with its name, its type, ranges and a tag', async () => {
    const { id, file, created } = await uploaded(pngFile('Zoë, 1 "Łódź".png'))
    expect(created.headers).toEqual([{ name: 'Content-Type', value: 'image/png' }])
    expect(new URL(created.uploadUrl).origin).toBe(swift.endpoint)
    expect((await fetch(created.attachment.url)).status).toBe(404)
    const message = await sent(id)
    const [attachment] = (await attachmentsOf(bob, message.id)) ?? []
    expect(attachment).toMatchObject({ id, width: 60, height: 40, blurHash: expect.stringMatching(/^L/) as string })
    const url = attachment?.url ?? ''
    // The same for a while, for whoever asks: so browsers find it in their cache.
    expect(await urlOf(ann, message.id)).toBe(url)
    const whole = await fetch(url)
    expect(whole.status).toBe(200)
    expect(Buffer.from(await whole.arrayBuffer()).equals(file.bytes)).toBe(true)
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': `inline; filename="Zo?, 1 \\"??d?\\".png"; filename*=UTF-8''Zo%C3%AB%2C%201%20%22%C5%81%C3%B3d%C5%BA%22.png`,
      'cache-control': expect.stringMatching(/^private, max-age=\d+, immutable$/) as string,
    })
    const etag = whole.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"\S+"$/)
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes 10-19/${String(file.bytes.byteLength)}`,
    ])
    expect(Buffer.from(await part.arrayBuffer()).equals(file.bytes.subarray(10, 20))).toBe(true)
    expect((await fetch(url, { headers: { range: 'bytes=999999-' } })).status).toBe(416)
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
    // What was put is not kept twice, nor on this machine.
    await vi.waitFor(async () => expect(await keysOf(id)).toEqual([expect.stringMatching(/^files\//)]))
    expect(drafts()).toEqual([])
  })

  test.each([
    ['more bytes', (url: string) => url, Buffer.from('0123456789a'), 'text/plain'],
    ['fewer bytes', (url: string) => url, Buffer.from('012345678'), 'text/plain'],
    ['another type', (url: string) => url, Buffer.from('0123456789'), 'text/html'],
    [
      'another signature',
      (url: string) => url.replace(/(Signature=)..../, '$10000'),
      Buffer.from('0123456789'),
      'text/plain',
    ],
    [
      'a later end',
      (url: string) => url.replace(/Expires=\d+/, 'Expires=86400'),
      Buffer.from('0123456789'),
      'text/plain',
    ],
    [
      'another file',
      (url: string) => url.replace(/[0-9a-f]{12}\?/, '000000000000?'),
      Buffer.from('0123456789'),
      'text/plain',
    ],
    [
      'the place of checked ones',
      (url: string) => url.replace('/incoming/', '/files/'),
      Buffer.from('0123456789'),
      'text/plain',
    ],
    ['no signature', (url: string) => url.replace(/\?.*/, ''), Buffer.from('0123456789'), 'text/plain'],
  ])('with %s is refused by the store, and there is nothing to attach', async (_, change, bytes, contentType) => {
    const created = await createUpload(ann, textFile('0123456789'))
    const init = { method: 'PUT', headers: { 'content-type': contentType }, body: new Uint8Array(bytes) }
    expect([400, 403]).toContain((await fetch(change(created.uploadUrl), init)).status)
    expect(await whyNot(created.attachment.id)).toMatch(/have come yet/)
    expect((await put(created, Buffer.from('0123456789'))).status).toBe(200)
    await sent(created.attachment.id)
  })

  test('of another type than it was said to be is refused when it is sent, and other bytes are taken after it', async () => {
    const { id, created, file } = await uploaded({ ...pngFile(), bytes: Buffer.from('This is no picture') })
    expect(await whyNot(id)).toMatch(/declared as image\/png/)
    await gone(id)
    const right = Buffer.alloc(file.bytes.byteLength).fill(pngFile().bytes)
    expect((await put(created, right)).status).toBe(200)
    await sent(id)
  })

  test('of 25 MB whose upload is cut and sent again comes whole, and not before', async () => {
    const bytes = Buffer.alloc(25 * 1_048_576, 'parley \u0007\u0001 ')
    const created = await createUpload(ann, { fileName: 'large', contentType: 'application/octet-stream', bytes })
    for (const count of [1_000_000, 12_000_000, 25_000_000]) {
      await new Promise<void>((resolve) => {
        const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength }
        const outgoing = request(created.uploadUrl, { method: 'PUT', headers })
        outgoing.once('close', resolve).on('error', () => undefined)
        outgoing.write(bytes.subarray(0, count), () => outgoing.destroy())
      })
      expect(await whyNot(created.attachment.id)).toMatch(/have come yet/)
    }
    for (let times = 0; times < 2; times++) expect((await put(created, bytes)).status).toBe(200)
    const got = await fetch(await urlOf(bob, (await sent(created.attachment.id)).id))
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('stays what was checked, whatever is put to its address afterwards', async () => {
    const { id, created } = await uploaded(textFile('checked'))
    const message = await sent(id)
    const url = await urlOf(bob, message.id)
    expect((await put(created, Buffer.from('swapped'))).status).toBe(200)
    for (const address of [url, await urlOf(ann, message.id)]) {
      expect(await (await fetch(address)).text()).toBe('checked')
    }
    await sent(id).then(
      () => expect.unreachable('it was attached twice'),
      () => undefined,
    )
    expect(await (await fetch(url)).text()).toBe('checked')
  })

  test('that is put anew while it is checked is checked anew', async () => {
    const { id, created } = await uploaded(textFile('first.'))
    writeFileSync(gate, '')
    const sending = sent(id)
    await vi.waitFor(() => expect(existsSync(`${gate}.reached`)).toBe(true))
    expect((await put(created, Buffer.from('second'))).status).toBe(200)
    rmSync(gate)
    rmSync(`${gate}.reached`)
    expect(await (await fetch(await urlOf(bob, (await sending).id))).text()).toBe('second')
    const [key, ...others] = await keysOf(id)
    expect(others).toEqual([])
    expect(key).toMatch(/^files\//)
  })
})

describe('the bytes of a file', () => {
  test('go when its message is deleted, also those that were put again', async () => {
    const { id, created, file } = await uploaded()
    const message = await sent(id)
    expect((await put(created, file.bytes)).status).toBe(200)
    const url = await urlOf(bob, message.id)
    await ann.remove(message.id)
    await gone(id)
    expect((await fetch(url)).status).toBe(404)
    expect(await attachmentOf(bob, id)).toBeNull()
  })

  test('go when it was not attached in time, and when its uploader is erased', async () => {
    const { id } = await uploaded()
    await database.query(`UPDATE attachments SET expires_at = now() - interval '1 second' WHERE id = $1`, [uuidOf(id)])
    await gone(id)
    const [dora, admin] = await Promise.all([signUp(server.url, 'Dora'), signUp(server.url, 'Admin')])
    await database.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [uuidOf(admin.id)])
    const file = textFile('hers')
    const [attached, loose] = [await createUpload(dora, file), await createUpload(dora, file)]
    for (const each of [attached, loose]) expect((await put(each, file.bytes)).status).toBe(200)
    const conversation = await dora.startDirect(bob)
    expectType(await sendWith(dora, conversation, [attached.attachment.id]), 'SendMessageSuccess')
    const erase = `mutation ($id: ID!) { eraseUser(input: { userId: $id }) { __typename } }`
    await vi.waitFor(async () => {
      const { data } = await ask<{ eraseUser: { __typename: string } }>(admin, erase, { id: dora.id })
      expect(data?.eraseUser.__typename).toBe('EraseUserSuccess')
    })
    await Promise.all([gone(attached.attachment.id), gone(loose.attachment.id)])
  })

  test('go once the store is back, when it was away', async () => {
    const { id } = await uploaded()
    const message = await sent(id)
    proxy.cut()
    await ann.remove(message.id)
    await vi.waitFor(() => expect(server.logs()).toMatch(/housekeeping failed; will try again/), { timeout: 20_000 })
    expect(await keysOf(id)).toHaveLength(1)
    proxy.heal()
    await gone(id)
  })
})

describe('a store that is away', () => {
  test.each([
    ['closed', () => proxy.cut()],
    ['silent', () => proxy.stall()],
  ])(
    'for it is %s gives UNAVAILABLE in time, for sends of new files alone, and the same send succeeds later',
    async (_, fail) => {
      const [{ id: attached }, { id }] = [await uploaded(), await uploaded()]
      const message = await sent(attached)
      fail()
      const key = newKey()
      const startedAtMs = performance.now()
      const [error] = expectErrors(await trySending(id, key), 'UNAVAILABLE')
      expect(performance.now() - startedAtMs).toBeLessThan(15_000)
      expectSubstance(error?.message ?? '')
      // All else goes on: addresses are signed without the store.
      await ann.send(direct, 'No file')
      expect(await (await fetch(await urlOf(bob, message.id))).text()).toMatch(/^text/)
      expect((await fetch(server.url.replace('/graphql', '/health/ready'))).status).toBe(200)
      await createUpload(ann, textFile('later'))
      proxy.heal()
      proxy.resume()
      await vi.waitFor(async () => {
        const { data } = await trySending(id, key)
        expect(data?.sendMessage.__typename).toBe('SendMessageSuccess')
      })
    },
  )

  test('or that refuses our key, or has no such bucket, is said in the log and gives UNAVAILABLE', async () => {
    const faults: Record<string, string>[] = [
      { S3_SECRET_ACCESS_KEY: 'another secret' },
      { S3_BUCKET: 'no-such-bucket' },
    ]
    for (const env of faults) {
      const other = await start(env)
      await vi.waitFor(() => expect(other.logs()).toMatch(/uploads will fail: the bucket cannot be used/))
      expect(other.logs()).not.toContain('another secret')
      const { id } = await uploaded()
      expectErrors(await trySending(id, newKey(), ann.at(other.url)), 'UNAVAILABLE')
      await other.stop()
    }
  })
})

test('addresses end in time', async () => {
  const short = await start({ UPLOAD_URL_TTL_SECONDS: '2', DOWNLOAD_URL_TTL_SECONDS: '2' })
  const zoe = await signUp(short.url, 'Zoe')
  const file = textFile('short')
  const late = await createUpload(zoe, file)
  const { attachment, ...created } = await createUpload(zoe, file)
  expect((await put(created, file.bytes)).status).toBe(200)
  const group = await zoe.createGroup([])
  const { message } = expectType(await sendWith(zoe, group, [attachment.id]), 'SendMessageSuccess')
  const url = await urlOf(zoe, message.id)
  expect((await fetch(url)).status).toBe(200)
  await vi.waitFor(async () => expect((await fetch(url)).status).toBe(403), { timeout: 20_000, interval: 500 })
  await vi.waitFor(async () => expect((await put(late, file.bytes)).status).toBe(403), {
    timeout: 20_000,
    interval: 500,
  })
  expect((await fetch(await urlOf(zoe, message.id))).status).toBe(200)
})

/** The store without a server around it. */
const openStore = (endpoint = swift.endpoint) =>
  openS3Store({
    bucket: swift.env.S3_BUCKET ?? '',
    endpoint,
    publicEndpoint: swift.endpoint,
    region: swift.env.S3_REGION ?? '',
    accessKeyId: swift.env.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: swift.env.S3_SECRET_ACCESS_KEY ?? '',
    forcePathStyle: true,
    folder: new FileFolder(join(folder, 'attachments')),
    unattachedTtlMs: 3_000,
    logger: createLogger('silent'),
  })

/** Swift, but copies are answered by this, and nothing is copied. */
async function startForwarder(copied: string): Promise<string> {
  const forwarder = createServer((incoming, response) => {
    if (incoming.headers['x-amz-copy-source'] !== undefined) {
      incoming.resume()
      response.writeHead(200, { 'content-type': 'application/xml' }).end(copied)
      return
    }
    const { method, url, headers } = incoming
    const outgoing = request({ host: '127.0.0.1', port: swift.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(outgoing)
  })
  await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    forwarder.closeAllConnections()
    forwarder.close()
  })
  return `http://127.0.0.1:${String((forwarder.address() as AddressInfo).port)}`
}

test.each([
  ['calls a copy otherwise', '<CopyObjectResult><ETag>"other"</ETag></CopyObjectResult>'],
  ['does not say what it copied', '<CopyObjectResult></CopyObjectResult>'],
])('from a store that %s readers get the bytes that were checked', async (_, copied) => {
  const store = await openStore(await startForwarder(copied))
  const bytes = Buffer.from(`of ${newKey()}`)
  const file = {
    id: randomUUID(),
    fileName: 'a.txt',
    contentType: 'text/plain',
    byteSize: bytes.byteLength,
    hash: null,
  }
  const url = await store.uploadUrl(file, new Date(Date.now() + 60_000), () => '')
  const init = { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: bytes }
  expect((await fetch(url, init)).status).toBe(200)
  const arrived = await store.arrived(file)
  if (!arrived || arrived.path === null) throw new Error('nothing came')
  expect((await fetch(url, { ...init, body: Buffer.alloc(bytes.byteLength) })).status).toBe(200)
  expect(await store.publish(file, arrived)).toBe(true)
  const time = { from: new Date(), until: new Date(Date.now() + 60_000) }
  const got = await fetch(await store.downloadUrl({ ...file, hash: arrived.hash }, time, () => ''))
  expect(await got.text()).toBe(bytes.toString())
  await store.release(arrived)
  store.close()
})

test('what was put where uploads come, and is of no file that waits for it, is swept', async () => {
  const store = await openStore()
  const { S3_BUCKET } = swift.env
  await store.prepare()
  const putAt = (Key: string) => swift.client.send(new PutObjectCommand({ Bucket: S3_BUCKET, Key, Body: 'left' }))
  await putAt('incoming/old')
  await putAt('files/zz/kept')
  await store.removeAbandoned()
  expect(await swift.keys()).toContain('incoming/old')
  await vi.waitFor(
    async () => {
      await store.removeAbandoned()
      expect(await swift.keys()).not.toContain('incoming/old')
    },
    { timeout: 20_000, interval: 500 },
  )
  const kept = await swift.client.send(new GetObjectCommand({ Bucket: S3_BUCKET, Key: 'files/zz/kept' }))
  expect(await kept.Body?.transformToString()).toBe('left')
  store.close()
})
