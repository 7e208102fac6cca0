// The messages of one conversation: those that are there already are compared, the others are written, in batches.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ImportedConversation, ImportedMessage } from '../model.ts'
import { KeyTable } from '../spool/key-table.ts'
import { applyChanges, type Present } from './changes.ts'
import type { Target } from './conversations.ts'
import { hashOfMessageId, messageIdOf } from './keys.ts'
import { batchSize, writeBatch, type Numbered } from './messages.ts'
import { rowsOf, type MessageRow } from './rows.ts'
import { hidden, type PreparedFile, type Writing } from './options.ts'

/** Pins of one conversation, as the API allows them. */
const maxPins = 50
const messagesPerTurn = 64
/** Rows of messages that are read at a time. */
const pageSize = 10_000

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
  /** Numbers of all that is there, and of what is written: by the hashes of their clientMessageIds. */
  const seqs = await presentIn(target, conversation, writing)
  let [{ pinned } = { pinned: 0 }] = await db.rows<{ pinned: number }>(
    'SELECT count(*)::int AS pinned FROM pins WHERE conversation_id = $1',
    [target.id],
  )
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
    const hasFiles = rows.some(({ files }) => files.length > 0)
    const numbered = await writeBatch(db, {
      ...{ conversationId: target.id, isPublic: target.isPublic, rows, personId, pinsLeft: maxPins - pinned },
      seqOf: (key) => seqs.get(messageIdOf(source, conversation.key, key, 0).hash),
      attach: async (written: readonly Numbered[]) => {
        for (const [index, { seq }] of hasFiles ? written.entries() : [])
          for (const [place, file] of (rows[index]?.files ?? []).entries()) await file.insert(target.id, seq, place)
      },
    })
    for (const { row, seq, replyToSeq } of numbered) {
      if (row.pinnedAtMs !== null && (pinned += 1) > maxPins) lose(row.key, `a pin: a conversation has ${maxPins}`)
      seqs.set(row.idHash, seq)
      if (row.replyTo !== null && replyToSeq === null) lose(row.key, 'it answers a message that is not before it')
    }
    result.messagesWritten += numbered.length
  }

  async function filesOf({ attachments, clientMessageId }: MessageRow, senderId: string, lost: string[]) {
    const files: PreparedFile[] = []
    for (const [place, attachment] of attachments.entries()) {
      const seed = `${clientMessageId}:${place}`
      const file = await writing.prepareFile(attachment, senderId, seed, (what) => lost.push(what))
      if (file) files.push(file)
    }
    return files
  }

  function add(row: MessageRow, senderId: string, files: PreparedFile[]): void {
    if (row.text === null && !row.deleted && files.length === 0) row.text = '[file]'
    batch.push({ row, senderId, attachmentCount: files.length, files })
  }

  /** Most messages have no files, and nothing is waited for. */
  function take(message: ImportedMessage): Promise<void> | null {
    const senderId = people.ids.get(message.author ?? hidden.key)
    if (senderId === undefined) throw new Error(`nobody is known for the author of ${message.key}`)
    // Until all of it is in, an export's own erased people have their empty places.
    const isErased =
      message.author !== null && people.erased.has(message.author) && (target.isPublic || !message.deleted)
    const lost: string[] = []
    let waiting: Promise<void> | null = null
    for (const row of rowsOf(source, conversation.key, message, nowMs, (what) => lost.push(what))) {
      const seq = seqs.get(row.idHash)
      if (seq !== undefined) {
        result.messagesPresent += 1
        unchanged.push({ row, seq })
      } else if (isErased) lost.push('its author was erased here')
      else if (row.attachments.length === 0 && waiting === null) add(row, senderId, [])
      else
        waiting = (waiting ?? Promise.resolve()).then(async () => {
          add(row, senderId, await filesOf(row, senderId, lost))
        })
    }
    const tell = () => {
      for (const what of lost) lose(message.key, what)
    }
    if (waiting) return waiting.then(tell)
    tell()
    return null
  }

  let done = 0
  for (const message of conversation.messages) {
    try {
      const waiting = take(message)
      if (waiting) await waiting
    } catch (error) {
      // What went wrong before is why.
      await running
      throw error
    }
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
      const hash = hashOfMessageId(id)
      if (hash) present.set(hash, seq)
      // What was exported here is known by its number.
      else if (target.isOwn) present.set(messageIdOf(source, key, `${key}:${seq}`, 0).hash, seq)
    }
    if (rows.length < pageSize) return present
    after = rows.at(-1)?.seq ?? after
  }
}
