// Files that are longer than memory are read message by message: the same comes out of it.
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { defaultLimits, type SourceFile } from '../../../src/import/source/source.ts'
import { streamJson } from '../../../src/import/source/streamed-json.ts'
import { corpus } from '../corpus.ts'
import { readAll } from '../read-all.ts'
import { writeExport } from '../hand-made.ts'

const streamed = { ...defaultLimits, streamFromBytes: 0 }
const cases = corpus.filter(({ format }) => ['telegram', 'discord', 'matrix'].includes(format))

test.each(cases)('$name', async ({ path, options }) => {
  const request = { path, format: 'auto' as const, ...options }
  const plain = (read: Awaited<ReturnType<typeof readAll>>) => JSON.parse(JSON.stringify(read)) as unknown
  expect(plain(await readAll({ ...request, limits: streamed }))).toEqual(plain(await readAll(request)))
})

const text = JSON.stringify(
  {
    name: 'mess"ages":[',
    inner: { messages: [] },
    list: [{ messages: [{ a: ',]"\\', messages: [1] }, 5, [[2]]] }, { messages: ['ü😀'] }],
  },
  null,
  1,
)

test.each([1, 2, 7, 10_000])('wherever the pieces of the file are cut: after each %i bytes', async (size) => {
  const bytes = Buffer.from(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  )
  const file: SourceFile = { path: 'x', byteSize: 1, open: () => Promise.resolve(Readable.from(pieces)) }
  const { head, items } = await streamJson(file, defaultLimits, ['messages'])
  expect(JSON.parse(head)).toEqual({
    name: 'mess"ages":[',
    inner: { messages: [] },
    list: [{ messages: [] }, { messages: [] }],
  })
  const found: unknown[] = []
  for await (const some of items())
    found.push(...some.map((item) => [item.list, item.entry, JSON.parse(item.text!) as unknown]))
  expect(found).toEqual([
    ...[
      [1, 1, { a: ',]"\\', messages: [1] }],
      [1, 2, 5],
      [1, 3, [[2]]],
    ],
    [2, 1, 'ü😀'],
  ])
})

test('a message that is none, or too long, is listed, and the rest is read; a file that was cut is listed as a whole', async () => {
  const said = (id: number, words: string) =>
    `{"id":${id},"type":"message","date_unixtime":"1700000000","from":"A","from_id":"user1","text":"${words}"}`
  const result = `{"name":"G","type":"private_group","id":1,"messages":[${said(1, 'one')},7,${said(2, 'x'.repeat(500))},{"id":},${said(3, 'three')}]}`
  const limits = { ...streamed, lineBytes: 300 }
  const read = await readAll({ path: writeExport({ 'result.json': result }), format: 'auto', limits })
  expect(read.conversations[0]?.messages.map(({ text: words }) => words)).toEqual(['one', 'three'])
  expect(read.skipped.map(({ key, reason }) => [key, reason])).toEqual([
    ...[2, 3, 4].map((entry) => [`result.json:${entry}`, 'UNSUPPORTED']),
  ])
  const cut = await readAll({ path: writeExport({ 'result.json': result.slice(0, 200) }), format: 'auto', limits })
  expect(cut.skipped.map(({ key }) => key)).toEqual(['result.json'])
})
