import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultLimits, type SourceLimits } from '../../../src/import/source/source.ts'
import { makeZip } from '../../testkit/zip.ts'
import { readAll } from '../read-all.ts'

type Files = Record<string, string | Buffer>

function folderOf(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'parley-hostile-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const zipOf = (entries: Parameters<typeof makeZip>[0]) =>
  join(folderOf({ 'export.zip': makeZip(entries) }), 'export.zip')

const read = (path: string, limits: Partial<SourceLimits> = {}, more = {}) =>
  readAll({ path, format: 'auto', limits: { ...defaultLimits, ...limits }, ...more })

const start = '{"type":"version","version":1}\n{"type":"channel","channel":{"team":"t","name":"c","type":"O"}}\n'
const post = (message: string, create_at: unknown = 1_700_000_000_000) =>
  `${JSON.stringify({ type: 'post', post: { team: 't', channel: 'c', user: 'amy', message, create_at } })}\n`
const bulk = (...lines: string[]): Files => ({ 'import.jsonl': start + lines.join('') })

const telegram = (...messages: object[]): Files => ({
  'result.json': JSON.stringify({ name: 'B', type: 'private_group', id: 1, messages }),
})
const said = (id: number, replyTo?: number) => ({
  ...{ id, type: 'message', date_unixtime: '1700000000', from: 'A', from_id: 'user1', text: `text ${id}` },
  ...(replyTo !== undefined && { reply_to_message_id: replyTo }),
})

describe('what cannot be read as a whole is refused in words', () => {
  test.each<[string, () => string, Partial<SourceLimits>, RegExp]>([
    ['a path that leaves the zip', () => zipOf([{ name: '../../evil.json', content: '{}' }]), {}, /outside of it/],
    ['an absolute path', () => zipOf([{ name: '/etc/evil.json', content: '{}' }]), {}, /outside of it/],
    [
      'a file that unpacks to far more than it is',
      () => zipOf([{ name: 'import.jsonl', content: 'x', claimedSize: 5_000 }]),
      { zipRatioFromBytes: 1_000 },
      /would unpack from 1 to 5000 bytes/,
    ],
    [
      'two files of one name',
      () =>
        zipOf([
          { name: 'a', content: '' },
          { name: 'a', content: '' },
        ]),
      {},
      /two files/,
    ],
    [
      'half a zip',
      () => join(folderOf({ 'a.zip': makeZip([{ name: 'a', content: 'x' }]).subarray(0, 40) }), 'a.zip'),
      {},
      /zip/,
    ],
    ['too many files', () => folderOf({ a: '', b: '', c: '' }), { files: 2 }, /more than 2 files/],
    ['a file that is too large', () => folderOf(telegram(said(1))), { jsonBytes: 50 }, /more than 50 bytes/],
    [
      'nesting',
      () => folderOf({ 'result.json': `{"type":"personal_chat","messages":${'['.repeat(300)}` }),
      {},
      /nested/,
    ],
    [
      'half a file',
      () => folderOf({ 'result.json': '{"type":"personal_chat","messages":[{"id":' }),
      {},
      /no valid JSON/,
    ],
    ['nothing', () => folderOf({}), {}, /there are no files/],
  ])('%s', async (_, path, limits, reason) => {
    await expect(read(path(), limits)).rejects.toThrow(reason)
  })
})

describe('what is wrong in one place is listed, and the rest is read', () => {
  test('lines that are broken, too long or nested', async () => {
    const path = folderOf(
      bulk(post('one'), '{broken\n', post('x'.repeat(3_000)), `${'['.repeat(500)}\n`, post('two', 5)),
    )
    const { conversations, skipped, warnings, entriesRead } = await read(path, { lineBytes: 2_000 })
    expect(conversations[0]?.messages.map(({ text }) => text)).toEqual(['two', 'one'])
    expect(skipped.map(({ reason, place }) => [reason, place.entry])).toEqual([
      ...[
        ['UNSUPPORTED', 4],
        ['UNSUPPORTED', 5],
        ['UNSUPPORTED', 6],
      ],
    ])
    expect([warnings.length, entriesRead]).toEqual([3, 5])
  })

  test('times of the years 0 and 10000, and what is no time', async () => {
    const times = [-62_167_219_200_000, 253_402_300_800_000, 'soon', null, 253_402_300_799_999]
    const { conversations, skipped } = await read(folderOf(bulk(...times.map((time) => post('x', time)))))
    expect(conversations[0]?.messages.map(({ sentAtMs }) => sentAtMs)).toEqual([253_402_300_799_999])
    expect(skipped).toHaveLength(4)
  })

  test('replies in a circle, to themselves, and ids that come twice', async () => {
    const { conversations, skipped, warnings } = await read(
      folderOf(telegram(said(1, 2), said(2, 1), said(3, 3), said(3))),
    )
    const replies = conversations[0]!.messages.map(({ replyTo }) => replyTo)
    expect(replies.filter((to) => to !== null)).toHaveLength(1)
    expect(replies[2]).toBeNull()
    expect([skipped.map(({ reason }) => reason), warnings.length]).toEqual([['DUPLICATE'], 2])
  })

  test('a day file that is broken', async () => {
    const path = folderOf({
      'channels.json': '[{"id":"C1","name":"g","members":["U1"]}]',
      'users.json': '[{"id":"U1","name":"amy"}]',
      'g/2020-01-01.json': '[{"type":',
      'g/2020-01-02.json': '[{"type":"message","user":"U1","text":"hi","ts":"1577923200.000100"}]',
    })
    const { conversations, skipped } = await read(path)
    expect(conversations[0]?.messages).toHaveLength(1)
    expect(skipped).toMatchObject([{ key: 'g/2020-01-01.json', reason: 'UNSUPPORTED' }])
  })

  test('what is no object in a list of messages, and a day file that is no list', async () => {
    const slack = folderOf({
      'channels.json': '[{"id":"C1","name":"g","members":["U1"]}]',
      'users.json': '[{"id":"U1","name":"amy"}]',
      'g/2020-01-01.json': '{"ok":false}',
      'g/2020-01-02.json': '[null,{"type":"message","user":"U1","text":"hi","ts":"1577923200.000100"},"x",5,[]]',
    })
    const chat = folderOf({ 'result.json': telegram(said(1))['result.json']!.toString().replace('[{', '[null, 7, {') })
    const ofSlack = await read(slack)
    expect(ofSlack.conversations[0]?.messages).toHaveLength(1)
    expect(ofSlack.skipped.map(({ key }) => key)).toEqual([
      'g/2020-01-01.json',
      ...[1, 3, 4, 5].map((entry) => `g/2020-01-02.json:${String(entry)}`),
    ])
    const ofChat = await read(chat)
    expect(ofChat.conversations[0]?.messages).toHaveLength(1)
    expect(ofChat.skipped.map(({ key, reason }) => [key, reason])).toEqual([
      ['result.json:1', 'UNSUPPORTED'],
      ['result.json:2', 'UNSUPPORTED'],
    ])
    for (const { entriesRead, skipped } of [ofSlack, ofChat]) expect(entriesRead).toBe(1 + skipped.length)
  })
})

test('an export of people without conversations has people', async () => {
  const slack = folderOf({ 'channels.json': '[]', 'users.json': '[{"id":"U1","name":"amy"}]' })
  const { users, conversations } = await read(slack)
  expect([users.map(({ key }) => key), conversations]).toEqual([['U1'], []])
})

test.each([
  ['UTF-8 with a mark', (text: string) => Buffer.from(`\uFEFF${text}`)],
  ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['UTF-16, the other way round', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
])('%s is read', async (_, encode) => {
  const whatsapp = folderOf({ '_chat.txt': encode('[15/03/2026, 14:02:11] Zoë: grüße\r\n') })
  const lines = folderOf({ 'import.jsonl': encode(start + post('grüße')) })
  for (const imported of [await read(whatsapp, {}, { timeZone: 'UTC' }), await read(lines)])
    expect(imported.conversations[0]?.messages.map(({ text }) => text)).toEqual(['grüße'])
})

test('bytes that are no UTF-8 are read as Windows-1252, in which each means something', async () => {
  const path = folderOf({ '_chat.txt': Buffer.from('[15/03/2026, 14:02:11] Ana: gr\xfc\xdfe\n', 'latin1') })
  const { conversations } = await read(path, {}, { timeZone: 'UTC' })
  expect(conversations[0]?.messages[0]?.text).toBe('grüße')
})

test('links of the file system are not followed', async () => {
  const path = folderOf(bulk(post('one')))
  symlinkSync(path, join(path, 'again'))
  expect((await read(path)).entriesRead).toBe(1)
})

test('a hundred thousand members', async () => {
  const members = Array.from({ length: 100_000 }, (_, index) => `U${index}`)
  const path = folderOf({
    'channels.json': JSON.stringify([{ id: 'C1', name: 'g', members }]),
    'users.json': '[{"id":"U1","name":"amy"}]',
  })
  expect((await read(path)).users).toHaveLength(100_000)
})
