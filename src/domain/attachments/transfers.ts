import type { FileAddresses, FileUse } from '../../files/addresses.ts'
import type { Draft, FileFolder } from '../../files/folder.ts'
import type { ServedAs } from '../../files/served-as.ts'
import type { AttachmentStore } from '../../store/attachments.ts'
import type { Attachment } from '../../store/rows.ts'
import { ForbiddenError, NotFoundError, UnavailableError } from '../errors.ts'
import { isUuid } from '../ids.ts'
import type { Checked, Checking } from './checking.ts'

/** What an upload came to. */
export type Received =
  | Checked
  /** Other than the bytes that were said to come, and nothing is left of them. */
  | { outcome: 'TOO_MANY_BYTES' | 'TOO_FEW_BYTES' }

/** A file as it is answered. */
export interface ServedFile extends ServedAs {
  path: string
  byteSize: number
  /** Strong: of the bytes. */
  etag: string
  /** When its address stops working. */
  until: Date
}

/** Bytes of files that come and go through this server, from and to the data folder. */
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
  checking: Pick<Checking, 'check'>
  servedAs: (file: Pick<Attachment, 'fileName' | 'contentType'>) => ServedAs
}

const ofTheDisk: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO']

/** That there is no room is not the client's affair, and over after some time. */
function unlessOurs(error: unknown): never {
  if (error instanceof Error && 'code' in error && ofTheDisk.includes(error.code)) {
    throw new UnavailableError('The file cannot be kept at the moment. Try again later.', 60_000, { cause: error })
  }
  throw error
}

export function createTransfers({ store, addresses, folder, checking, servedAs }: TransfersOptions): Transfers {
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

  async function settle(attachment: Attachment, draft: Draft): Promise<Received> {
    if (draft.byteSize < attachment.byteSize) return { outcome: 'TOO_FEW_BYTES' }
    if (attachment.hash !== null) return sameAs(draft, attachment.hash)
    await folder.keep(draft, attachment.id)
    return checking.check(attachment, { ...draft, path: folder.pathOf(attachment.id, draft.hash) })
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
    async served(id, query) {
      check('GET', id, query)
      const attachment = await found(id)
      const { hash, byteSize } = attachment
      if (hash === null) throw new NotFoundError('This file is not there yet.')
      return {
        path: folder.pathOf(id, hash),
        byteSize,
        ...servedAs(attachment),
        etag: `"${hash.slice(0, 32)}"`,
        until: new Date(Number(query.get('expires')) * 1_000),
      }
    },
  }
}
