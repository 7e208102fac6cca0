// Writes what a reader found. Killed at any moment and run again it goes on where it was: people and conversations are found by
// their keys, messages by the ids that their keys make.
import type { Imported, ImportedAttachment, ImportedConversation } from '../model.ts'
import { addMembers, publish, targetOf, type Target } from './conversations.ts'
import type { ImportDatabase } from './database.ts'
import { messageId } from './keys.ts'
import { batchSize, writeBatch, type Numbered } from './messages.ts'
import { writeAfterwards } from './own.ts'
import { settlePeople, type Mapping, type PeopleResult } from './people.ts'
import { rowsOf, type MessageRow, type NotKept } from './rows.ts'

/** Bytes of a file of the source, made ready to be attached; null when they cannot be. */
export interface PreparedFile {
  insert: (conversationId: string, seq: number, place: number) => Promise<void>
}

export interface WriterOptions {
  db: ImportDatabase
  /** Which of several sources of one format: keys of two workspaces may be the same. */
  source: string
  mapping: Mapping
  prepareFile: (
    attachment: ImportedAttachment,
    uploaderId: string,
    seed: string,
    lose: (what: string) => void,
  ) => Promise<PreparedFile | null>
  onProgress: (done: number, all: number) => void
}

export interface WriteResult {
  peopleMade: number
  conversationsMade: number
  messagesWritten: number
  /** They were there from an earlier import. */
  messagesPresent: number
  notKept: NotKept[]
}

/** Pins of one conversation, as the API allows them. */
const maxPins = 50

/** Whoever the source does not name. */
const hidden = {
  key: '\0hidden',
  handle: null,
  name: 'Deleted account',
  email: null,
  bot: false,
  active: false,
  placeholder: true,
}

export async function writeImport(imported: Imported, options: WriterOptions): Promise<WriteResult> {
  const { db, source, mapping } = options
  const hasHidden = imported.conversations.some(({ messages }) => messages.some(({ author }) => author === null))
  const people = await settlePeople(db, source, [...imported.users, ...(hasHidden ? [hidden] : [])], mapping)
  const result: WriteResult = {
    ...{ peopleMade: people.made, conversationsMade: 0, messagesWritten: 0, messagesPresent: 0, notKept: [] },
  }
  const all = imported.conversations.reduce((sum, { messages }) => sum + messages.length, 0)
  let before = 0
  const conversationIds = new Map<string, string>()
  for (const conversation of imported.conversations) {
    const id = await writeConversation(conversation, people, options, result, (done) =>
      options.onProgress(before + done, all),
    )
    if (id !== null) conversationIds.set(conversation.key, id)
    before += conversation.messages.length
  }
  if (imported.afterwards)
    await writeAfterwards(
      db,
      imported.afterwards,
      (key) => conversationIds.get(key),
      (key) => people.ids.get(key),
    )
  return result
}

async function writeConversation(
  conversation: ImportedConversation,
  people: PeopleResult,
  options: WriterOptions,
  result: WriteResult,
  onDone: (done: number) => void,
): Promise<string | null> {
  const { db, source } = options
  const memberIds = [...new Set(conversation.members.flatMap((key) => people.ids.get(key) ?? []))]
  const target = await targetOf(db, source, conversation, memberIds)
  if (target.isClosed) {
    result.notKept.push({ key: conversation.key, what: 'the conversation was closed or deleted here' })
    return null
  }
  if (target.isPublic) await addMembers(db, target.id, memberIds)
  await writeMessages(conversation, target, people, options, result, onDone)
  if (target.isPublic) return target.id
  const ownerId = memberIds[0] ?? null
  const personId = (key: string) => people.ids.get(key)
  await publish(db, { conversationId: target.id, conversation, memberIds, ownerId, personId })
  result.conversationsMade += 1
  return target.id
}

async function writeMessages(
  conversation: ImportedConversation,
  target: Target,
  people: PeopleResult,
  options: WriterOptions,
  result: WriteResult,
  onDone: (done: number) => void,
): Promise<void> {
  const { db, source } = options
  const present = await presentIn(target, conversation, options)
  let [{ pinned } = { pinned: 0 }] = await db.rows<{ pinned: number }>(
    'SELECT count(*)::int AS pinned FROM pins WHERE conversation_id = $1',
    [target.id],
  )
  const seqs = new Map<string, number>()
  const nowMs = Date.now()
  let batch: { row: MessageRow; senderId: string; attachmentCount: number; files: PreparedFile[] }[] = []
  const flush = async () => {
    if (batch.length === 0) return
    const filesBySeq = batch.map(({ files }) => files)
    const numbered = await writeBatch(db, {
      ...{ conversationId: target.id, isPublic: target.isPublic, rows: batch },
      seqOf: (key) => seqs.get(key),
      personId: (key) => people.ids.get(key),
      pinsLeft: maxPins - pinned,
      attach: async (rows: readonly Numbered[]) => {
        for (const [index, { seq }] of rows.entries())
          for (const [place, file] of (filesBySeq[index] ?? []).entries()) await file.insert(target.id, seq, place)
      },
    })
    for (const { row, seq, replyToSeq } of numbered) {
      if (row.pinnedAtMs !== null && (pinned += 1) > maxPins)
        result.notKept.push({ key: row.key, what: `a pin: a conversation has ${maxPins}` })
      if (!seqs.has(row.key)) seqs.set(row.key, seq)
      if (row.replyTo !== null && replyToSeq === null)
        result.notKept.push({ key: row.key, what: 'it answers a message that is not before it' })
    }
    result.messagesWritten += numbered.length
    batch = []
  }
  for (const [index, message] of conversation.messages.entries()) {
    if (message.author !== null && people.erased.has(message.author) && !message.deleted) {
      result.notKept.push({ key: message.key, what: 'its author was erased here' })
      continue
    }
    const senderId = people.ids.get(message.author ?? hidden.key)
    if (senderId === undefined) throw new Error(`nobody is known for the author of ${message.key}`)
    const notKept: NotKept[] = []
    for (const row of rowsOf(source, conversation.key, message, nowMs, notKept)) {
      const seq = present.get(row.clientMessageId)
      if (seq !== undefined) {
        if (!seqs.has(row.key)) seqs.set(row.key, seq)
        result.messagesPresent += 1
        continue
      }
      const files: PreparedFile[] = []
      for (const [place, attachment] of row.attachments.entries()) {
        const seed = `${row.clientMessageId}:${place}`
        const lose = (what: string) => void notKept.push({ key: message.key, what })
        const file = await options.prepareFile(attachment, senderId, seed, lose)
        if (file) files.push(file)
      }
      const text = row.text ?? (row.deleted || files.length > 0 ? null : '[file]')
      batch.push({ row: { ...row, text }, senderId, attachmentCount: files.length, files })
    }
    result.notKept.push(...notKept)
    if (batch.length >= batchSize) {
      await flush()
      onDone(index + 1)
    }
  }
  await flush()
  onDone(conversation.messages.length)
}

/** Which messages are there, by their clientMessageId. */
async function presentIn(target: Target, { key }: ImportedConversation, { db, source }: WriterOptions) {
  const rows = await db.rows<{ id: string; seq: number }>(
    `SELECT client_message_id AS id, seq FROM messages WHERE conversation_id = $1 ${target.isOwn ? '' : "AND client_message_id LIKE 'import:%'"}`,
    [target.id],
  )
  // What was exported here is known by its number.
  return new Map(
    rows.map(({ id, seq }) => [id.startsWith('import:') ? id : messageId(source, key, `${key}:${seq}`, 0), seq]),
  )
}
