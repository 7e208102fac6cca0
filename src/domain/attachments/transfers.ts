import type { FileAddresses, FileUse } from '../../files/addresses.ts'
import type { Draft, FileFolder } from '../../files/folder.ts'
import type { Inspection } from '../../files/inspection.ts'
import type { AttachmentStore } from '../../store/attachments.ts'
import type { Attachment } from '../../store/rows.ts'
import { ForbiddenError, NotFoundError } from '../errors.ts'
import { isUuid } from '../ids.ts'

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
  /** The file of this address. Rejects with ForbiddenError, or NotFoundError when it is gone or not there yet. */
  served(id: string, query: URLSearchParams): Promise<ServedFile>
}

export interface TransfersOptions {
  store: AttachmentStore
  addresses: FileAddresses
  folder: FileFolder
  inspect: (path: string, contentType: string) => Promise<Inspection>
  servedAs: (contentType: string) => { contentType: string; isInline: boolean }
}

export function createTransfers({ store, addresses, folder, inspect, servedAs }: TransfersOptions): Transfers {
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

  async function settle(attachment: Attachment, draft: Draft): Promise<Received> {
    const { id } = attachment
    if (draft.byteSize < attachment.byteSize) return { outcome: 'TOO_FEW_BYTES' }
    const same = (hash: string): Received =>
      hash === draft.hash ? { outcome: 'READY', hash } : { outcome: 'CONFLICT' }
    if (attachment.hash !== null) return same(attachment.hash)
    const { refusal, ...seen } = {
      width: null,
      height: null,
      blurHash: null,
      ...(await inspect(draft.path, attachment.contentType)),
    }
    if (refusal !== null) {
      await store.markRefused(id, refusal)
      return { outcome: 'REFUSED', reason: refusal }
    }
    await folder.keep(draft, id)
    const now = await store.markReady(id, { hash: draft.hash, ...seen })
    if (now?.hash === draft.hash) return { outcome: 'READY', hash: draft.hash }
    await folder.remove(id, now?.hash)
    if (!now?.hash) throw new NotFoundError('There is no such file here any more.')
    return { outcome: 'CONFLICT' }
  }

  return {
    async expected(id, query) {
      check('PUT', id, query)
      return found(id)
    },
    async receive(attachment, chunks) {
      const draft = await folder.write(chunks, attachment.byteSize)
      if (!draft) return { outcome: 'TOO_MANY_BYTES' }
      try {
        return await settle(attachment, draft)
      } finally {
        await folder.discard(draft.path)
      }
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
