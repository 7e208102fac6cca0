import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { freePort } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { createUpload, textFile } from '../testkit/uploads.ts'

/* What can be seen of S3 without a store: `npm run test:s3` has one. Here nothing answers where it should be. */

let server: ServerProcess
let ann: Person
beforeAll(async () => {
  const database = await createTestDatabase()
  const env = {
    S3_BUCKET: 'files',
    S3_ENDPOINT: `http://127.0.0.1:${String(await freePort())}`,
    S3_PUBLIC_ENDPOINT: 'https://store.example.com',
    S3_REGION: 'eu-test-1',
    S3_ACCESS_KEY_ID: 'parley',
    S3_SECRET_ACCESS_KEY: 'never-shown',
    S3_FORCE_PATH_STYLE: 'off',
    HOUSEKEEPING_INTERVAL_MS: '100',
  }
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
  ann = await signUp(server.url, 'Ann')
})

const queryOf = (url: URL) => Object.fromEntries(url.searchParams)

test('an upload goes to the store, at the address of clients, with its size and type signed', async () => {
  const file = textFile('Hello', 'Grüße, "Ann".txt')
  const { uploadUrl, headers, expiresAt, attachment } = await createUpload(ann, file)
  const put = new URL(uploadUrl)
  expect(put.origin).toBe('https://files.store.example.com')
  expect(put.pathname).toMatch(/^\/incoming\/[0-9a-f-]{36}$/)
  expect(headers).toEqual([{ name: 'Content-Type', value: 'text/plain' }])
  const { 'X-Amz-Expires': seconds, ...query } = queryOf(put)
  expect(query).toMatchObject({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': expect.stringMatching(/^parley\/\d{8}\/eu-test-1\/s3\/aws4_request$/) as string,
    'X-Amz-SignedHeaders': 'content-length;content-type;host',
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  })
  // That of no bytes, which the SDK puts in by itself.
  expect(uploadUrl).not.toMatch(/checksum/i)
  expect(Number(seconds)).toBeLessThanOrEqual(900)
  expect(Math.abs(Date.parse(expiresAt) - Date.now() - 900_000)).toBeLessThan(60_000)
  const get = new URL(attachment.url)
  expect(get.pathname).toMatch(/^\/files\/[0-9a-f]{2}\/[0-9a-f-]{36}\.none$/)
  expect(queryOf(get)).toMatchObject({
    'X-Amz-Expires': '1200',
    'X-Amz-SignedHeaders': 'host',
    'response-content-type': 'text/plain; charset=utf-8',
    'response-content-disposition': `inline; filename="Gr??e, \\"Ann\\".txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%2C%20%22Ann%22.txt`,
    'response-cache-control': 'private, max-age=1200, immutable',
  })
})

test('while the store is away a message with a new file gets UNAVAILABLE, and all else goes on', async () => {
  const { attachment } = await createUpload(ann, textFile('Hello'))
  const group = await ann.createGroup([])
  const input = { conversationId: group, clientMessageId: newKey(), attachmentIds: [attachment.id] }
  const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`
  const [error] = expectErrors(await ask(ann, send, { input }), 'UNAVAILABLE')
  expect(error?.message).toMatch(/store of files/)
  await ann.send(group, 'No file')
  expect((await fetch(server.url.replace('/graphql', '/health/ready'))).status).toBe(200)
  expect(server.logs()).toMatch(/uploads will fail: the bucket cannot be used/)
  expect(server.logs()).not.toContain('never-shown')
  // Bytes do not go through the server.
  for (const path of ['uploads', 'files']) {
    expect((await fetch(server.url.replace('/graphql', `/${path}/x`))).status).toBe(404)
  }
})

test('the SDK is not loaded by servers that have no such store', () => {
  const dist = join(import.meta.dirname, '../../dist')
  const [bundle = ''] = /main-\w+\.cjs/.exec(readFileSync(join(dist, 'main.js'), 'utf8')) ?? []
  const main = readFileSync(join(dist, bundle), 'utf8')
  expect(main).toMatch(/__load\("@aws-sdk\/client-s3"\)/)
  expect(main).not.toMatch(/require\("@aws-sdk/)
})
