// Parley's own export (docs/moving.md): its lines in the order of its files, ids as keys.
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { Collector } from '../collector.ts'
import { ImportError, type ImportedMessage } from '../model.ts'
import { readHead, readJson, readLines } from '../source/reading.ts'
import { fieldsIn, fieldsOf, textOf, type Fields } from '../source/values.ts'
import { rootOf, type Opened, type Reader } from './reader.ts'
import {
  blockSchema,
  conversationSchema,
  memberSchema,
  messageSchema,
  personSchema,
  receiptSchema,
} from './parley-records.ts'

const knownVersion = 1

const manifestFile = 'manifest.json'
const isManifest = (name: string) => name === manifestFile

export const parley: Reader = {
  format: 'parley',

  async recognise(opened) {
    const root = rootOf(opened, isManifest)
    const file = root === null ? undefined : opened.source.files.get(root + manifestFile)
    return file !== undefined && /^\s*\{\s*"format"\s*:\s*"parley"/.test(await readHead(file, 4096))
  },

  async read(opened, collector) {
    const root = rootOf(opened, isManifest) ?? ''
    const file = opened.source.files.get(root + manifestFile)
    const manifest = fieldsOf(file && (await readJson(file, opened.limits)))
    if (manifest.version !== knownVersion)
      throw new ImportError(
        `It is an export of version ${String(manifest.version)}, and this version of Parley reads ${knownVersion}.`,
      )
    await checkSums(opened, root, fieldsIn(manifest.files))
    const whole = (name: string) => `${root}${name}`
    await eachRecord(opened, whole('people.ndjson'), personSchema, collector, (person) => {
      const { id: key, handle, displayName: name, avatarUrl, createdAt, erasedAt, settings } = person
      const own = { avatarUrl, createdAt, erasedAt, settings }
      collector.listedUser({ key, handle, name, email: null, bot: false, active: erasedAt === null, own })
    })
    await eachRecord(opened, whole('conversations.ndjson'), conversationSchema, collector, (record) => {
      const { id: key, kind, title, closedAt, ...own } = record
      const isPair = kind === 'DIRECT'
      collector.conversation({
        ...{ key, kind: isPair ? kind : 'GROUP', title, private: true, archived: closedAt !== null },
        own: { ...own, kind, closedAt, members: new Map() },
      })
    })
    await eachRecord(opened, whole('members.ndjson'), memberSchema, collector, (record) => {
      const { conversationId, userId, role, joinedAt, leftAt, own } = record
      collector.ownMember(conversationId, userId, { role, joinedAt, leftAt, own })
    })
    await eachRecord(opened, whole('messages.ndjson'), messageSchema, collector, (record, entry) =>
      addMessage(record, { file: whole('messages.ndjson'), entry }, root, opened, collector),
    )
    collector.afterwards({
      receipts: () => records(opened, whole('receipts.ndjson'), receiptSchema),
      blocks: () => records(opened, whole('blocks.ndjson'), blockSchema),
    })
  },
}

/** What was cut short or changed on its way is told before anything is done. */
async function checkSums({ source }: Opened, root: string, files: Fields[]): Promise<void> {
  for (const listed of files) {
    const path = `${root}${textOf(listed.path) ?? ''}`
    const file = source.files.get(path)
    if (!file) throw new ImportError(`${path}, which the export's manifest names, is not there.`)
    const hash = createHash('sha256')
    for await (const part of await file.open()) hash.update(part as Buffer)
    if (hash.digest('hex') !== listed.sha256)
      throw new ImportError(`${path} is not as it was exported: its SHA-256 is not that of the manifest.`)
  }
}

async function* parsedLines(opened: Opened, path: string) {
  const file = opened.source.files.get(path)
  if (!file) return
  for await (const lines of readLines(file, opened.limits))
    yield lines.map(({ number, text }) => {
      try {
        return { number, text, value: text === null ? undefined : (JSON.parse(text) as unknown) }
      } catch {
        return { number, text, value: undefined }
      }
    })
}

async function eachRecord<T>(
  opened: Opened,
  path: string,
  schema: z.ZodType<T>,
  collector: Collector,
  take: (record: T, entry: number) => void,
): Promise<void> {
  for await (const lines of parsedLines(opened, path))
    for (const { number, text, value } of lines) {
      if (text === '') continue
      const read = schema.safeParse(value)
      if (read.success) take(read.data, number)
      else {
        collector.warn(`The line is no record of this version: ${read.error.issues[0]?.message ?? ''}`, {
          file: path,
          entry: number,
        })
        collector.skip(`${path}:${number}`, 'UNSUPPORTED', { file: path, entry: number })
      }
    }
}

async function* records<T>(opened: Opened, path: string, schema: z.ZodType<T>): AsyncGenerator<T[]> {
  for await (const lines of parsedLines(opened, path))
    yield lines.flatMap(({ value }) => {
      const read = schema.safeParse(value)
      return read.success ? [read.data] : []
    })
}

function addMessage(
  record: z.output<typeof messageSchema>,
  place: { file: string; entry: number },
  root: string,
  { source }: Opened,
  collector: Collector,
): void {
  const {
    conversationId,
    seq,
    replyToSeq,
    createdAt,
    editedAt,
    deletedAt,
    pinnedAt,
    attachments,
    revision,
    revisions,
  } = record
  const attached = attachments.map((file): ImportedMessage['attachments'][number] => {
    const known = { name: file.fileName, mime: file.contentType, byteSize: file.byteSize, ref: file.id, id: file.id }
    const path = file.path === null ? '' : `${root}${file.path}`
    return source.files.has(path) ? { ...known, missing: null, path } : { ...known, missing: 'NOT_IN_EXPORT' }
  })
  collector.message(
    conversationId,
    {
      ...{ key: `${conversationId}:${seq}`, author: record.senderId, text: record.text ?? '', order: [seq] },
      ...{ sentAtMs: Date.parse(createdAt), deleted: deletedAt !== null, attachments: attached },
      ...{ edited: editedAt !== null, editedAtMs: editedAt === null ? null : Date.parse(editedAt) },
      replyTo: replyToSeq === null ? null : `${conversationId}:${replyToSeq}`,
      reactions: record.reactions.map(({ emoji, userIds }) => ({ emoji, by: userIds, count: userIds.length })),
      ...{ mentions: record.mentionIds, mentionsEveryone: record.mentionsEveryone },
      ...(pinnedAt !== null && { pinnedAtMs: Date.parse(pinnedAt) }),
      own: { revision, revisions, deletedAt, deletedById: record.deletedById },
    },
    place,
  )
}
