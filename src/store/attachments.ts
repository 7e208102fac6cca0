import { tableOfParameters, type Database } from './database/database.ts'
import type { MessageKey } from './messages.ts'
import type { Attachment } from './rows.ts'
import { attachmentColumns } from './rows.ts'

export interface NewAttachment {
  id: string
  uploaderId: string
  fileName: string
  contentType: string
  byteSize: number
  uploadUntil: Date
  expiresAt: Date
}

/** What one person may have uploaded, or said that they will, without attaching it. */
export interface UploadQuota {
  files: number
  byteSize: number
}

export interface ReadyFile {
  hash: string
  width: number | null
  height: number | null
  blurHash: string | null
}

/** A file whose bytes are to be removed. */
export interface RemovedFile {
  id: string
  /** Whether nothing more can come for it. */
  isLast: boolean
}

/** Files that people upload. Every method rejects with UNAVAILABLE when the database does not answer in time. */
export interface AttachmentStore {
  /** Null when the person has no room for it. */
  create(attachment: NewAttachment, quota: UploadQuota): Promise<Attachment | null>
  /** Those that exist, in no order. */
  byIds(ids: readonly string[], payer?: string): Promise<Attachment[]>
  /** For each message its attachments, in their order. One statement for all. */
  ofMessages(keys: readonly MessageKey[], payer?: string): Promise<Attachment[][]>
  /** From now on these are the bytes of the file, if there were none yet. Returns the file as it is then; null: it is gone. */
  markReady(id: string, ready: ReadyFile): Promise<Attachment | null>
  /** Keeps why the file cannot be attached, unless it can by now. */
  markRefused(id: string, refusal: string): Promise<void>
  /** Removes up to `limit` files that were not attached in time. Returns how many. */
  dropExpired(limit: number): Promise<number>
  toRemove(limit: number): Promise<RemovedFile[]>
  wereRemoved(ids: readonly string[]): Promise<void>
}

/** Longer than an upload takes that began before its address expired. */
const lateUploads = "interval '1 hour'"

const createAttachment = {
  name: 'create_attachment',
  text: `INSERT INTO attachments (id, uploader_id, file_name, content_type, byte_size, upload_until, expires_at)
    SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::int, $6::timestamptz, $7::timestamptz
     WHERE (SELECT count(*) < $8::int AND coalesce(sum(a.byte_size), 0) + $5::int <= $9::bigint
       FROM attachments a WHERE a.uploader_id = $2::uuid AND a.conversation_id IS NULL)
    RETURNING ${attachmentColumns('attachments', '')}`,
}

const readByIds = {
  name: 'read_attachments',
  text: `SELECT ${attachmentColumns('a', '')} FROM ${tableOfParameters('uuid')} AS k(id) JOIN attachments a USING (id)
    LEFT JOIN conversations c ON c.id = a.conversation_id WHERE c.id IS NULL OR a.message_seq > c.texts_left_seq`,
}

const readOfMessages = {
  name: 'read_attachments_of_messages',
  text: `SELECT k.place AS nth, ${attachmentColumns('a', '')}
    FROM ${tableOfParameters('uuid', 'int')} WITH ORDINALITY AS k(conversation_id, message_seq, place)
    CROSS JOIN LATERAL (SELECT * FROM attachments
      WHERE conversation_id = k.conversation_id AND message_seq = k.message_seq) a`,
}

const markReady = {
  name: 'mark_attachment_ready',
  isRepeatable: true,
  text: `UPDATE attachments SET hash = $2, width = $3, height = $4, blur_hash = $5, refusal = NULL
    WHERE id = $1 AND hash IS NULL RETURNING ${attachmentColumns('attachments', '')}`,
}

/** As it is now, not as a standby has it. */
const readNow = {
  name: 'read_attachment_now',
  goesWithWrites: true,
  text: `SELECT ${attachmentColumns('a', '')} FROM attachments a WHERE a.id = $1`,
}

const markRefused = {
  name: 'mark_attachment_refused',
  isRepeatable: true,
  text: 'UPDATE attachments SET refusal = $2 WHERE id = $1 AND hash IS NULL',
}

const dropExpired = {
  name: 'drop_expired_attachments',
  text: `WITH old AS MATERIALIZED (SELECT id FROM attachments WHERE conversation_id IS NULL AND expires_at <= now()
      ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    SELECT cardinality(ids) AS count, parley_drop_attachments(ids) FROM (SELECT ARRAY(SELECT id FROM old) AS ids) x`,
}

const readToRemove = {
  name: 'read_files_to_remove',
  goesWithWrites: true,
  text: `SELECT id, upload_until + ${lateUploads} < now() AS "isLast" FROM removed_files
    WHERE removed_at IS NULL OR upload_until + ${lateUploads} < now() LIMIT $1`,
}

const wereRemoved = {
  name: 'files_were_removed',
  isRepeatable: true,
  text: `WITH done AS (DELETE FROM removed_files WHERE id = ANY ($1::uuid[]) AND upload_until + ${lateUploads} < now())
    UPDATE removed_files SET removed_at = now() WHERE id = ANY ($1::uuid[]) AND upload_until + ${lateUploads} >= now()`,
}

type Row = Attachment & Record<string, unknown>

export function createAttachmentStore(db: Database): AttachmentStore {
  return {
    async create({ id, uploaderId, fileName, contentType, byteSize, uploadUntil, expiresAt }, quota) {
      const values = [id, uploaderId, fileName, contentType, byteSize, uploadUntil, expiresAt]
      const [row] = await db.run<Row>(createAttachment, [...values, quota.files, quota.byteSize], uploaderId)
      return row ?? null
    },
    byIds: (ids, payer) => db.run<Row>(readByIds, [ids], payer),
    async ofMessages(keys, payer) {
      const values = [keys.map(({ conversationId }) => conversationId), keys.map(({ seq }) => seq)]
      const rows = await db.run<Row & { nth: string }>(readOfMessages, values, payer)
      const results: Attachment[][] = keys.map(() => [])
      for (const { nth, ...row } of rows) results[Number(nth) - 1]?.push(row)
      for (const attachments of results) attachments.sort((one, other) => (one.place ?? 0) - (other.place ?? 0))
      return results
    },
    async markReady(id, { hash, width, height, blurHash }) {
      const [row] = await db.run<Row>(markReady, [id, hash, width, height, blurHash])
      // Another upload of it may have been faster: this statement waited for it, and saw the row as it was before.
      return row ?? (await db.run<Row>(readNow, [id]))[0] ?? null
    },
    async markRefused(id, refusal) {
      await db.run(markRefused, [id, refusal])
    },
    dropExpired: async (limit) => (await db.run<{ count: number }>(dropExpired, [limit]))[0]?.count ?? 0,
    toRemove: (limit) => db.run<RemovedFile & Record<string, unknown>>(readToRemove, [limit]),
    async wereRemoved(ids) {
      await db.run(wereRemoved, [ids])
    },
  }
}
