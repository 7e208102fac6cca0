import { timeMs } from '../../clock.ts'
import type { BaseUrl, FileStore } from '../../files/store.ts'
import type { AttachmentStore, UploadQuota } from '../../store/attachments.ts'
import type { Attachment } from '../../store/rows.ts'
import { RateLimitedError, ValidationError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Loaders } from '../loaders.ts'
import type { Messages } from '../messages/messages.ts'
import type { Viewer } from '../viewer.ts'

/** A file that may be uploaded now. */
export interface NewUpload {
  attachment: Attachment
  uploadUrl: string
  /** Headers that the request has to have. */
  headers: { name: string; value: string }[]
  expiresAt: Date
}

export interface UploadRules {
  maxByteSize: number
  /** Media types, some like `image/*`. */
  types: readonly string[]
  quota: UploadQuota
  uploadAddressTtlMs: number
  downloadAddressTtlMs: number
  /** How long a file may stay without a message. */
  unattachedTtlMs: number
}

/** Files: uploaded by a person, attached to one of their messages, seen by who sees the message. */
export interface Attachments {
  /** A file to come. Rejects with RATE_LIMITED when the person has too many that are not attached. */
  createUpload(
    viewer: Viewer,
    file: { fileName: string; contentType: string; byteSize: number },
    baseUrl: BaseUrl,
  ): Promise<NewUpload | ValidationError>
  /** The file if the viewer may see the message that it is attached to, or uploaded it and it is not attached; else null. */
  find(viewer: Viewer, id: string, loaders: Loaders): Promise<Attachment | null>
  /** An address that gives the bytes to whoever has it, for some minutes. */
  urlOf(attachment: Attachment, baseUrl: BaseUrl): Promise<string> | string
}

export interface AttachmentsOptions {
  store: AttachmentStore
  files: Pick<FileStore, 'uploadUrl' | 'downloadUrl'>
  rules: UploadRules
  isAllowedType: (essence: string) => boolean
  essenceOf: (contentType: string) => string | null
  /** The operator's address of this deployment. */
  publicUrl: string | null
  messages: Pick<Messages, 'find'>
}

const retryAfterMs = 60_000

const invalid = (field: string, reason: string) =>
  new ValidationError(`input.${field}: ${reason}`, [{ path: ['input', field], reason }])

export function createAttachments(options: AttachmentsOptions): Attachments {
  const { store, files, rules, isAllowedType, essenceOf, publicUrl, messages } = options
  const baseOf = (baseUrl: BaseUrl) => () => publicUrl ?? baseUrl()

  return {
    async createUpload(viewer, { fileName, contentType, byteSize }, baseUrl) {
      const essence = essenceOf(contentType)
      if (essence === null) return invalid('contentType', 'Must be a media type, like image/png.')
      if (!isAllowedType(essence)) {
        return invalid(
          'contentType',
          `Files of type ${essence} are not taken here. Put it into an archive, like application/zip.`,
        )
      }
      if (byteSize > rules.maxByteSize) {
        return invalid('byteSize', `Must be ${String(rules.maxByteSize)} bytes or less.`)
      }
      const nowMs = timeMs()
      const uploadUntil = new Date(nowMs + rules.uploadAddressTtlMs)
      const expiresAt = new Date(nowMs + rules.unattachedTtlMs)
      const file = { id: newId(), uploaderId: viewer.userId, fileName, contentType: essence, byteSize }
      const attachment = await store.create({ ...file, uploadUntil, expiresAt }, rules.quota)
      if (!attachment) {
        throw new RateLimitedError(
          retryAfterMs,
          'Too many uploads that are not attached to a message: attach them first.',
        )
      }
      return {
        attachment,
        uploadUrl: await files.uploadUrl(attachment, uploadUntil, baseOf(baseUrl)),
        headers: [{ name: 'Content-Type', value: essence }],
        expiresAt: uploadUntil,
      }
    },

    async find(viewer, id, loaders) {
      const attachment = await loaders.attachment.load(id)
      if (!attachment) return null
      const { conversationId, messageSeq, uploaderId, expiresAt } = attachment
      if (conversationId === null || messageSeq === null) {
        return uploaderId === viewer.userId && expiresAt.getTime() > timeMs() ? attachment : null
      }
      const message = await messages.find(viewer, { conversationId, seq: messageSeq }, loaders)
      return message && message.deletedAt === null ? attachment : null
    },

    urlOf(attachment, baseUrl) {
      // The same for some minutes, so that a browser finds in its cache what it has.
      const stepMs = rules.downloadAddressTtlMs / 3
      const fromMs = Math.floor(timeMs() / stepMs) * stepMs
      const time = { from: new Date(fromMs), until: new Date(fromMs + rules.downloadAddressTtlMs + stepMs) }
      return files.downloadUrl(attachment, time, baseOf(baseUrl))
    },
  }
}
