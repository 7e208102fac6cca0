import type { FileAddresses, FileUse } from '../../files/addresses.ts'
import type { Draft, FileFolder } from '../../files/folder.ts'
import type { Inspection } from '../../files/inspection.ts'
import type { Scan } from '../../files/scan.ts'
import type { AttachmentStore } from '../../store/attachments.ts'
import type { Attachment } from '../../store/rows.ts'
import { ForbiddenError, NotFoundError, UnavailableError } from '../errors.ts'
import { isUuid } from '../ids.ts'
import type { Logger } from '../../telemetry/logger.ts'

/** What an upload came to. */
export type Received =
  /** The bytes are there and checked: the file can be attached. */
  | { outcome: 'READY'; hash: string }
  /** They are there, and not checked yet. */
  | { outcome: 'HELD'; reason: string }
  /** They are none that can be attached. */
  | { outcome: 'REFUSED'; reason: string }
  /** The file has other bytes already. */
  | { outcome: 'CONFLICT' }
  /** Other than the bytes that were said to come, and nothing is left of them. */
  | { outcome: 'TOO_MANY_BYTES' | 'TOO_FEW_BYTES' }

/** A file as it is answered. */
export interface ServedFile {
  path: string
  byteSize: number
  fileName: string
  contentType: string
  isInline: boolean
  /** Strong: of the bytes. */
  etag: string
  /** When its address stops working. */
  until: Date
}

export interface Transfers {
  /** The file whose bytes may come by this address. Rejects with ForbiddenError, or NotFoundError when it is gone. */
  expected(id: string, query: URLSearchParams): Promise<Attachment>
  /** Takes its bytes. Rejects when they do not come whole: nothing is left of them. */
  receive(attachment: Attachment, chunks: AsyncIterable<Uint8Array>): Promise<Received>
  /** Looks again at files whose bytes are there and were not found to be in order: those that are held back. */
  settle(uploaderId: string, ids: readonly string[]): Promise<void>
  /** The file of this address. Rejects with ForbiddenError, or NotFoundError when it is gone or not there yet. */
  served(id: string, query: URLSearchParams): Promise<ServedFile>
}

export interface TransfersOptions {
  store: AttachmentStore
  addresses: FileAddresses
  folder: FileFolder
  inspect: (path: string, contentType: string) => Promise<Inspection>
  scan: Scan | null
  logger: Logger
  servedAs: (contentType: string) => { contentType: string; isInline: boolean }
}

type Faulty = { outcome: 'REFUSED' | 'HELD'; reason: string }
type Seen = { outcome: 'SEEN'; width: number | null; height: number | null; blurHash: string | null }

const held = 'It is held back until it has been scanned, which is not possible at the moment. Try again in a minute.'

const ofTheDisk: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO']

/** That there is no room is not the client's affair, and over after some time. */
function unlessOurs(error: unknown): never {
  if (error instanceof Error && 'code' in error && ofTheDisk.includes(error.code)) {
    throw new UnavailableError('The file cannot be kept at the moment. Try again later.', 60_000, { cause: error })
  }
  throw error
}

export function createTransfers({
  store,
  addresses,
  folder,
  inspect,
  scan,
  logger,
  servedAs,
}: TransfersOptions): Transfers {
  const check = (use: FileUse, id: string, query: URLSearchParams) => {
    const checked = isUuid(id) ? addresses.check(use, id, query) : 'FORGED'
    if (checked === 'VALID') return
    const again = use === 'PUT' ? 'Create an upload anew.' : 'Read the attachment anew to get another one.'
    throw new ForbiddenError(
      checked === 'EXPIRED' ? `This address has expired. ${again}` : 'This address is not valid.',
    )
  }
  const found = async (id: string): Promise<Attachment> => {
    const [attachment] = await store.byIds([id])
    if (attachment) return attachment
    throw new NotFoundError('There is no such file here.')
  }

  const sameAs = ({ hash }: Draft, kept: string): Received =>
    kept === hash ? { outcome: 'READY', hash } : { outcome: 'CONFLICT' }

  /** Why these bytes cannot be attached, now or ever; null when they can. */
  async function fault(path: string, { id, contentType }: Attachment): Promise<Faulty | Seen> {
    const { refusal, ...seen } = { width: null, height: null, blurHash: null, ...(await inspect(path, contentType)) }
    if (refusal !== null) return { outcome: 'REFUSED', reason: refusal }
    const scanned = scan === null ? null : await scan(path)
    if (scanned?.verdict === 'FOUND') {
      logger.warn({ attachmentId: id, found: scanned.what }, 'an upload was refused by the scanner')
      return { outcome: 'REFUSED', reason: `The scanner found ${scanned.what} in it.` }
    }
    if (scanned?.verdict === 'UNAVAILABLE') {
      logger.warn({ attachmentId: id, why: scanned.why }, 'an upload is held back: the scanner does not answer')
      return { outcome: 'HELD', reason: held }
    }
    return { outcome: 'SEEN', ...seen }
  }

  /** Looks at bytes that are kept, and makes them those of the file if they are in order. */
  async function judge(attachment: Attachment, kept: Draft): Promise<Received> {
    const { id } = attachment
    const found = await fault(kept.path, attachment)
    if (found.outcome !== 'SEEN') {
      await store.markRefused(id, found.reason)
      if (found.outcome === 'REFUSED') await folder.remove(id)
      return found
    }
    const now = await store.markReady(id, { hash: kept.hash, ...found })
    if (now?.hash === kept.hash) return { outcome: 'READY', hash: kept.hash }
    await folder.remove(id, now?.hash)
    if (!now?.hash) throw new NotFoundError('There is no such file here any more.')
    return { outcome: 'CONFLICT' }
  }

  async function settle(attachment: Attachment, draft: Draft): Promise<Received> {
    if (draft.byteSize < attachment.byteSize) return { outcome: 'TOO_FEW_BYTES' }
    if (attachment.hash !== null) return sameAs(draft, attachment.hash)
    await folder.keep(draft, attachment.id)
    return judge(attachment, { ...draft, path: folder.pathOf(attachment.id, draft.hash) })
  }

  return {
    async expected(id, query) {
      check('PUT', id, query)
      return found(id)
    },
    async receive(attachment, chunks) {
      const draft = await folder.write(chunks, attachment.byteSize).catch(unlessOurs)
      if (!draft) return { outcome: 'TOO_MANY_BYTES' }
      try {
        return await settle(attachment, draft)
      } finally {
        await folder.discard(draft.path)
      }
    },
    async settle(uploaderId, ids) {
      const waiting = (await store.byIds(ids)).filter((each) => each.uploaderId === uploaderId && each.hash === null)
      await Promise.all(
        waiting.map(async (attachment) => {
          const kept = await folder.kept(attachment.id)
          if (kept?.byteSize === attachment.byteSize) await judge(attachment, kept)
        }),
      )
    },
    async served(id, query) {
      check('GET', id, query)
      const { hash, fileName, byteSize, contentType } = await found(id)
      if (hash === null) throw new NotFoundError('This file is not there yet.')
      return {
        path: folder.pathOf(id, hash),
        byteSize,
        fileName,
        ...servedAs(contentType),
        etag: `"${hash.slice(0, 32)}"`,
        until: new Date(Number(query.get('expires')) * 1_000),
      }
    },
  }
}
