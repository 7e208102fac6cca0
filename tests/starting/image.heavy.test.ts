import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { expectType, signUp, type Person } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'
import { attachmentsOf, createUpload, pngFile, sendWith, upload } from '../testkit/uploads.ts'

let folder: string

beforeAll(async () => {
  // Nothing is above it that a module could be found in.
  folder = mkdtempSync(join(tmpdir(), 'parley-image-'))
  await promisify(execFile)(process.execPath, ['scripts/build-image.mjs', folder], {
    cwd: join(import.meta.dirname, '../..'),
  })
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Those of a message with a picture. */
async function attachmentsAfter(person: Person, conversation: string) {
  const sent = await sendWith(person, conversation, [await upload(person, pngFile())])
  return attachmentsOf(person, expectType(sent, 'SendMessageSuccess').message.id)
}

test('what the image holds serves a new database, from a folder of its own, and is small', async () => {
  expect(readdirSync(join(folder, 'node_modules'))).toEqual(['@napi-rs', '@node-rs'])
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (file) => statSync(join(folder, file)).size,
  )
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(65_000_000)

  const database = await createTestDatabase('TEMPLATE template0')
  const server = await startServer({ folder, databaseUrl: database.url })
  const [ann, bob] = await Promise.all([signUp(server.url), signUp(server.url)])
  const conversation = await ann.startDirect(bob)
  const live = await bob.conversationEvents(conversation)
  await ann.send(conversation, 'From the image')
  await live.waitFor(({ __typename }) => __typename === 'MessageSent')
  // The decoder of pictures is one of the native packages.
  const [picture] = (await attachmentsAfter(ann, conversation)) ?? []
  expect(picture?.blurHash).toMatch(/^L/)
  const page = await fetch(server.url, { headers: { accept: 'text/html' } })
  expect(await page.text()).toMatch(/graphiql/i)

  const admin = await promisify(execFile)(process.execPath, ['dist/admin.js', 'set-role', ann.handle, 'STAFF'], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, JWT_SECRET: 'a secret that only tests know, and more' },
  })
  expect(admin.stdout).toContain('is STAFF now')
})

test('its commands run: the doctor, with Redis and PostgreSQL there, people, an export', async () => {
  const database = await createTestDatabase()
  const env = {
    ...{ PATH: process.env.PATH, DATABASE_URL: database.url, REDIS_URL: inject('redisUrl'), PORT: '0' },
    ...{ JWT_SECRET: 'a secret that only tests know, and more' },
  }
  const parley = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['dist/parley.js', ...args], { cwd: folder, env }).catch(
      // The doctor ends with another code than 0 when it finds something.
      (failed: unknown) => failed as { stdout: string; stderr: string },
    )
  const { stdout, stderr } = await parley('doctor', '--json', '--verbose')
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as { findings: { check: string; level: string }[] }
  const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]))
  expect(levels).toMatchObject({ 'postgres.connection': 'ok', 'redis.connection': 'ok', 'redis.rights': 'ok' })
  expect((await parley('migrate', '--check')).stdout).toContain('0 migrations')
  expect((await parley('admin', 'create', 'ann.image', 'STAFF')).stdout).toContain('ann.image')
  const exported = await parley('export', '--all', '--out', join(folder, 'exported'), '--json')
  expect(exported.stderr).toBe('')
  expect(exported.stdout).toMatch(/"people": ?1/)
})

test('without DATABASE_URL it says that the embedded PostgreSQL is not in it', async () => {
  await expect(startServer({ folder, redisUrl: null, env: { PARLEY_DATA_DIR: join(folder, 'data') } })).rejects.toThrow(
    'set DATABASE_URL',
  )
})

test('with S3_* it has what signs addresses of the store', async () => {
  const database = await createTestDatabase()
  const env = {
    S3_BUCKET: 'files',
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_ACCESS_KEY_ID: 'parley',
    S3_SECRET_ACCESS_KEY: 'secret',
    PARLEY_DATA_DIR: join(folder, 'data'),
  }
  const server = await startServer({ folder, databaseUrl: database.url, redisUrl: null, env })
  const { uploadUrl } = await createUpload(await signUp(server.url), pngFile())
  expect(uploadUrl).toMatch(/^http:\/\/127\.0\.0\.1:9\/files\/incoming\/.*X-Amz-Signature=/)
})
