// Bytes of the export become files here as uploads do: written whole, looked at, and kept by the hash of what they are.
import { createHash } from 'node:crypto'
import { fileTypeFromFile } from 'file-type'
import type { FileFolder } from '../../files/folder.ts'
import type { Inspection } from '../../files/inspection.ts'
import type { FileStore } from '../../files/store.ts'
import type { ImportedAttachment } from '../model.ts'
import type { Source } from '../source/source.ts'
import type { ImportDatabase } from './database.ts'
import type { PreparedFile } from './options.ts'

export interface FileWriting {
  db: ImportDatabase
  source: Source
  folder: FileFolder
  store: FileStore
  maxByteSize: number
  /** Which types may be there, as for uploads. */
  inspect: (path: string, contentType: string) => Promise<Inspection>
  scan: ((path: string) => Promise<{ verdict: string }>) | null
}

/** The same for the same file of the same message: a run that was killed leaves nothing that the next one does not use. */
function idFrom(seed: string): string {
  const bytes = createHash('sha256').update(seed).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const maxNameLength = 200

export function createFileWriting({ db, source, folder, store, maxByteSize, inspect, scan }: FileWriting) {
  /** What the source says it is, else what its bytes say, else a text. */
  async function typeOf(path: string, said: string | null): Promise<(Inspection & { contentType: string }) | null> {
    const found = (await fileTypeFromFile(path))?.mime ?? null
    for (const contentType of [said, found, 'text/plain']) {
      if (contentType === null) continue
      const inspection = await inspect(path, contentType)
      if (inspection.refusal === null) return { ...inspection, contentType }
    }
    return null
  }

  return async (
    attachment: ImportedAttachment,
    uploaderId: string,
    seed: string,
    lose: (what: string) => void,
  ): Promise<PreparedFile | null> => {
    const shown = attachment.name ?? attachment.ref ?? 'file'
    const file = source.files.get(attachment.path ?? attachment.ref ?? '')
    if (!file) {
      lose(`attachment ${shown}: its bytes are not in the export`)
      return null
    }
    const draft = await folder.write(await file.open(), maxByteSize)
    if (!draft || draft.byteSize === 0) {
      if (draft) await folder.discard(draft.path)
      lose(`attachment ${shown}: ${draft ? 'it is empty' : `it has more than ${maxByteSize} bytes`}`)
      return null
    }
    const seen = await typeOf(draft.path, attachment.mime)
    const verdict = seen && scan ? (await scan(draft.path)).verdict : 'CLEAN'
    if (seen?.refusal !== null || verdict === 'FOUND' || verdict === 'UNAVAILABLE') {
      await folder.discard(draft.path)
      lose(`attachment ${shown}: ${seen ? `the scanner says ${verdict}` : 'files of its type are not taken here'}`)
      return null
    }
    const taken =
      attachment.id === undefined ||
      (await db.rows('SELECT FROM attachments WHERE id = $1', [attachment.id])).length > 0
    const id = taken ? idFrom(seed) : (attachment.id ?? '')
    await store.put(
      { id, fileName: shown, contentType: seen.contentType, byteSize: draft.byteSize, hash: draft.hash },
      draft,
    )
    const { contentType, width, height, blurHash } = seen
    return {
      async insert(conversationId, seq, place) {
        await db.rows(
          `INSERT INTO attachments (id, uploader_id, file_name, content_type, byte_size, upload_until, expires_at, hash, width, height,
             blur_hash, conversation_id, message_seq, place)
           VALUES ($1, $2, $3, $4, $5, now(), now(), $6, $7, $8, $9, $10, $11, $12)`,
          [
            ...[
              id,
              uploaderId,
              Array.from(shown).slice(0, maxNameLength).join(''),
              contentType,
              draft.byteSize,
              draft.hash,
            ],
            ...[width, height, blurHash, conversationId, seq, place],
          ],
        )
      },
    }
  }
}
