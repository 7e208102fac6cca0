import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, expect, test } from 'vitest'
import { lines, writeExport } from '../import/hand-made.ts'
import { exported, newFolder, runParley } from '../import/parley.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { startSwift, type Swift } from '../testkit/swift.ts'
import { pngFile, sendWith, textFile, upload } from '../testkit/uploads.ts'

/*
 * Exports and imports of a deployment whose files are in a store that speaks S3: bytes come from there and go there.
 */
let swift: Swift
let server: ServerProcess
let databaseUrl: string
let ann: Person
const files = [pngFile('ähre.png'), textFile('a plan')]

// The AWS SDK warns of the Node that it will want one day.
const settings = () => ({
  ...swift.env,
  NODE_NO_WARNINGS: '1',
  PARLEY_DATA_DIR: mkdtempSync(join(tmpdir(), 'parley-s3-moving-')),
})
const start = (url: string) => startServer({ databaseUrl: url, redisUrl: null, env: settings() })

beforeAll(async () => {
  swift = await startSwift()
  databaseUrl = (await createTestDatabase()).url
  server = await start(databaseUrl)
  ann = await signUp(server.url, 'Ann')
  const group = await ann.createGroup([])
  const ids = await Promise.all(files.map((file) => upload(ann, file)))
  await sendWith(ann, group, ids, { text: 'look' })
})

interface Read {
  inbox: {
    edges: {
      node: { conversation: { messages: { edges: { node: { attachments: { fileName: string; url: string }[] } }[] } } }
    }[]
  }
}
const query = `{ inbox(first: 10) { edges { node { conversation { messages(last: 10) { edges { node { attachments { fileName url } } } } } } } } }`

/** Names and bytes of all files of somebody's messages. */
async function filesOf(person: Person): Promise<[string, string][]> {
  const { data, text } = await ask<Read>(person, query)
  if (!data) throw new Error(text)
  const attachments = data.inbox.edges.flatMap(({ node }) =>
    node.conversation.messages.edges.flatMap(({ node: message }) => message.attachments),
  )
  return Promise.all(
    attachments.map(async ({ fileName, url }): Promise<[string, string]> => {
      expect(new URL(url).origin).toBe(swift.endpoint)
      return [fileName, Buffer.from(await (await fetch(url)).arrayBuffer()).toString('base64')]
    }),
  )
}
const wanted = files.map(({ fileName, bytes }) => [fileName, bytes.toString('base64')])

test('an export has the bytes that are in the store, and an import of it puts them into one', async () => {
  expect(await filesOf(ann)).toEqual(wanted)
  const out = newFolder('s3-export')
  const { code, errors } = await runParley(['export', '--all', '--out', out], {
    DATABASE_URL: databaseUrl,
    ...settings(),
  })
  expect([code, errors]).toEqual([0, ''])
  const hashes = Object.values(exported(out))
  for (const { bytes } of files) expect(hashes).toContain(createHash('sha256').update(bytes).digest('hex'))

  // Elsewhere: nothing of them is in that store.
  for (const Key of await swift.keys())
    await swift.client.send(new DeleteObjectCommand({ Bucket: swift.env.S3_BUCKET, Key }))
  const other = await createTestDatabase()
  const imported = await runParley(['import', out], { DATABASE_URL: other.url, ...settings() })
  expect([imported.code, imported.errors]).toEqual([0, ''])
  expect((await swift.keys()).filter((key) => key.startsWith('files/'))).toHaveLength(files.length)
  const elsewhere = await start(other.url)
  const bob = await signUp(elsewhere.url, 'Bob')
  // Whoever comes by an import has no password: Bob is let into the group.
  await other.query(
    `INSERT INTO members (conversation_id, user_id, joined_event_seq) SELECT id, $1, 0 FROM conversations`,
    [Buffer.from(bob.id, 'base64url').toString().split(':')[1]],
  )
  await other.query('SELECT parley_touch_activity(array_agg(id)) FROM conversations')
  expect(await filesOf(bob)).toEqual(wanted)
  await elsewhere.stop()
})

test('bytes that are not in the store, or others, are listed', async () => {
  const [first, second] = await Promise.all(
    [textFile('is gone'), textFile('is another')].map((file) => upload(ann, file)),
  )
  const group = await ann.createGroup([])
  await sendWith(ann, group, [first!, second!])
  const keyOf = async (id: string) => {
    const uuid = Buffer.from(id, 'base64url').toString().split(':')[1]!
    return (await swift.keys()).find((key) => key.startsWith('files/') && key.includes(uuid))!
  }
  const Bucket = swift.env.S3_BUCKET
  await swift.client.send(new DeleteObjectCommand({ Bucket, Key: await keyOf(first!) }))
  await swift.client.send(new PutObjectCommand({ Bucket, Key: await keyOf(second!), Body: 'something else' }))
  const out = newFolder('s3-export')
  const { code, output } = await runParley(['export', '--conversation', group, '--out', out], {
    DATABASE_URL: databaseUrl,
    ...settings(),
  })
  expect(code).toBe(2)
  expect(output).toContain('its bytes are not in the store')
  expect(output).toContain('its bytes have the SHA-256')
})

test('a store that is away is said in one line, and nothing is half done', async () => {
  const out = newFolder('s3-export')
  const away = { ...settings(), DATABASE_URL: databaseUrl, S3_ENDPOINT: 'http://127.0.0.1:1' }
  const { code, errors } = await runParley(['export', '--all', '--out', out], away)
  expect([code, errors]).toEqual([1, 'The store of files cannot be reached at the moment. Try again.\n'])
  expect(() => readFileSync(join(out, 'manifest.json'))).toThrow('ENOENT')

  const source = writeExport({
    'import.jsonl': lines(
      { type: 'version', version: 1 },
      { type: 'channel', channel: { team: 't', name: 'c', type: 'O' } },
      { type: 'user', user: { username: 'amy', teams: [{ name: 't', channels: [{ name: 'c' }] }] } },
      {
        type: 'post',
        post: { team: 't', channel: 'c', user: 'amy', message: 'look', create_at: 1, attachments: [{ path: 'x.txt' }] },
      },
    ),
    'data/x.txt': 'go north\n',
  })
  const empty = await createTestDatabase()
  const into = (env: Record<string, string>) => runParley(['import', source], { ...env, DATABASE_URL: empty.url })
  const failed = await into(away)
  // Before it there is a line of the AWS SDK's own.
  expect([failed.code, failed.errors.trim().split('\n').at(-1)]).toEqual([
    ...[1, 'The store of files cannot be reached at the moment. Try again.'],
  ])
  expect(failed.errors).not.toContain('    at ')
  expect(await empty.query('SELECT 1 FROM members')).toEqual([])
  // When it is back, it goes on.
  const done = await into(settings())
  expect([done.code, done.errors]).toEqual([0, ''])
  expect(await empty.query('SELECT file_name FROM attachments WHERE message_seq = 1')).toEqual([{ file_name: 'x.txt' }])
})
