// The messages of one conversation: those that are there already are compared, the others are written, in batches.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ImportedConversation, ImportedMessage } from '../model.ts'
import { fromDigest, hashOf, KeyTable } from '../spool/key-table.ts'
import { applyChanges, type Present } from './changes.ts'
import type { Target } from './conversations.ts'
import { messageId } from './keys.ts'
import { batchSize, writeBatch, type Numbered } from './messages.ts'
import { rowsOf, type MessageRow } from './rows.ts'
import { hidden, type PreparedFile, type Writing } from './options.ts'

/** Pins of one conversation, as the API allows them. */
const maxPins = 50
const messagesPerTurn = 64
/** Rows of messages that are read at a time. */
const pageSize = 10_000

const hashOfId = (clientMessageId: string) =>
  fromDigest(Buffer.from(clientMessageId.slice('import:'.length), 'base64url'))

interface Waiting {
  row: MessageRow
  senderId: string
  attachmentCount: number
  files: PreparedFile[]
}

export async function writeMessages(
  conversation: ImportedConversation,
  target: Target,
  writing: Writing,
  onDone: (done: number) => void,
): Promise<void> {
  const { db, source, people, result, lose } = writing
  const personId = (key: string) => people.ids.get(key)
  const present = await presentIn(target, conversation, writing)
  let [{ pinned } = { pinned: 0 }] = await db.rows<{ pinned: number }>(
    'SELECT count(*)::int AS pinned FROM pins WHERE conversation_id = $1',
    [target.id],
  )
  /** Numbers by the keys of messages, for those that answer them. */
  const seqs = new KeyTable()
  const remember = (key: string, seq: number) => {
    const hash = hashOf(key)
    if (!seqs.has(hash)) seqs.set(hash, seq)
  }
  const nowMs = Date.now()
  let batch: Waiting[] = []
  let unchanged: Present[] = []

  /** While it is written, what comes next is made ready. */
  let running: Promise<void> = Promise.resolve()

  async function flush(): Promise<void> {
    await running
    running = write(batch, unchanged)
    // It is asked for before the next one; until then nobody else listens.
    running.catch(() => undefined)
    batch = []
    unchanged = []
  }

  async function write(rows: Waiting[], same: Present[]): Promise<void> {
    if (same.length > 0 && target.isPublic)
      result.messagesChanged += await applyChanges(db, target.id, same, { personId, lose })
    if (rows.length === 0) return
    const filesBySeq = rows.map(({ files }) => files)
    const numbered = await writeBatch(db, {
      ...{ conversationId: target.id, isPublic: target.isPublic, rows, personId, pinsLeft: maxPins - pinned },
      seqOf: (key) => seqs.get(hashOf(key)),
      attach: async (written: readonly Numbered[]) => {
        for (const [index, { seq }] of written.entries())
          for (const [place, file] of (filesBySeq[index] ?? []).entries()) await file.insert(target.id, seq, place)
      },
    })
    for (const { row, seq, replyToSeq } of numbered) {
      if (row.pinnedAtMs !== null && (pinned += 1) > maxPins) lose(row.key, `a pin: a conversation has ${maxPins}`)
      remember(row.key, seq)
      if (row.replyTo !== null && replyToSeq === null) lose(row.key, 'it answers a message that is not before it')
    }
    result.messagesWritten += numbered.length
  }

  async function take(message: ImportedMessage): Promise<void> {
    const senderId = people.ids.get(message.author ?? hidden.key)
    if (senderId === undefined) throw new Error(`nobody is known for the author of ${message.key}`)
    // Until all of it is in, an export's own erased people have their empty places.
    const isErased =
      message.author !== null && people.erased.has(message.author) && (target.isPublic || !message.deleted)
    const lost: string[] = []
    for (const row of rowsOf(source, conversation.key, message, nowMs, (what) => lost.push(what))) {
      const seq = present.get(hashOfId(row.clientMessageId))
      if (seq !== undefined) {
        remember(row.key, seq)
        result.messagesPresent += 1
        unchanged.push({ row, seq })
      } else if (isErased) lost.push('its author was erased here')
      else {
        const files: PreparedFile[] = []
        for (const [place, attachment] of row.attachments.entries()) {
          const file = await writing.prepareFile(attachment, senderId, `${row.clientMessageId}:${place}`, (what) =>
            lost.push(what),
          )
          if (file) files.push(file)
        }
        const text = row.text ?? (row.deleted || files.length > 0 ? null : '[file]')
        batch.push({ row: { ...row, text }, senderId, attachmentCount: files.length, files })
      }
    }
    for (const what of lost) lose(message.key, what)
  }

  let done = 0
  for (const message of conversation.messages) {
    await take(message).catch(async (error: unknown) => {
      // What went wrong before is why.
      await running
      throw error
    })
    done += 1
    // So that what is being written goes on.
    if (done % messagesPerTurn === 0) await nextTurn()
    if (batch.length < batchSize && unchanged.length < batchSize) continue
    await flush()
    onDone(done)
  }
  await flush()
  await running
  onDone(done)
}

/** Numbers of the messages that are there, by the hash that their clientMessageId has. */
async function presentIn(target: Target, { key }: ImportedConversation, { db, source }: Writing): Promise<KeyTable> {
  const present = new KeyTable()
  for (let after = 0; ;) {
    const rows = await db.rows<{ id: string; seq: number }>(
      `SELECT client_message_id AS id, seq FROM messages WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      [target.id, after, pageSize],
    )
    for (const { id, seq } of rows) {
      if (id.startsWith('import:')) present.set(hashOfId(id), seq)
      // What was exported here is known by its number.
      else if (target.isOwn) present.set(hashOfId(messageId(source, key, `${key}:${seq}`, 0)), seq)
    }
    if (rows.length < pageSize) return present
    after = rows.at(-1)?.seq ?? after
  }
}
