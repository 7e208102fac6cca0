import type { FileStore } from '../files/store.ts'
import type { OutFolder } from './folder.ts'
import type { NotExported, Totals } from './report.ts'

export interface AttachmentRecord {
  id: string
  fileName: string
  contentType: string
  byteSize: number
  sha256: string
}

export interface Exporting {
  out: OutFolder
  files: FileStore
  totals: Totals
  notExported: NotExported[]
}

/** Copies the bytes to this path; false, with a line in the report, when they are not there or are not what they were. */
export async function copyBytes(
  { out, files, totals, notExported }: Exporting,
  attachment: AttachmentRecord,
  path: string,
): Promise<boolean> {
  const { id, fileName, contentType, byteSize, sha256 } = attachment
  const lose = (what: string) => void notExported.push({ key: `attachment ${id}`, what: `${fileName}: ${what}` })
  const bytes = await files.read({ id, fileName, contentType, byteSize, hash: sha256 })
  if (!bytes) {
    lose('its bytes are not in the store')
    return false
  }
  const written = await out.bytes(path, bytes)
  totals.attachments += 1
  totals.attachmentBytes += written.byteSize
  if (written.sha256 !== sha256) lose(`its bytes have the SHA-256 ${written.sha256} now, and had ${sha256}`)
  return true
}
