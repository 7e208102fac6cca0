import {
  CreateUploadDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  MarkReadDocument,
  SyncSendMessageDocument,
  ToggleReactionDocument,
} from '../generated/graphql.ts'
import type { MessageState } from '../replica/state.ts'
import { NetworkError } from '../requests/errors.ts'
import type { Requests } from '../requests/requests.ts'
import { keyOfPending, type Operation, type SendOperation } from './operations.ts'

/** What became of an operation. */
export type Outcome =
  | { kind: 'DONE'; eventSeq: number | null; message: MessageState | null }
  | { kind: 'REFUSED'; code: string; reason: string }

export interface TransmitOptions {
  requests: Requests
  /** Sends the bytes; default: fetch. Rejects with a TypeError when the server cannot be reached. */
  put?: (
    url: string,
    init: { method: string; headers: Record<string, string>; body: Blob },
  ) => Promise<{ status: number; text(): Promise<string> }>
  bytesOf: (operation: SendOperation, index: number) => Promise<Blob | null>
  /** A file was uploaded. */
  uploaded: (operation: SendOperation, index: number, attachmentId: string) => Promise<SendOperation>
}

interface Answer {
  __typename?: string
  code?: string
  reason?: string
  ack?: { outcome: string; cursor?: { eventSeq: number } }
}

function outcomeOf(answer: Answer): Outcome {
  if (!answer.ack) return { kind: 'REFUSED', code: answer.code ?? 'INTERNAL', reason: answer.reason ?? 'Refused' }
  return { kind: 'DONE', eventSeq: answer.ack.cursor?.eventSeq ?? null, message: null }
}

/** Sends one operation. Rejects where there is no outcome: with a RequestError. */
export async function transmit(operation: Operation, options: TransmitOptions): Promise<Outcome> {
  const { requests } = options
  const { key: opKey } = operation
  switch (operation.kind) {
    case 'SEND':
      return send(operation, options)
    case 'EDIT': {
      const { text, mentionIds, expectedRevision, messageId } = operation
      const input = { messageId, text, opKey, mentionIds, expectedRevision }
      return outcomeOf((await requests.request(EditMessageDocument, { input })).editMessage)
    }
    case 'DELETE': {
      const input = { messageId: operation.messageId, opKey }
      return outcomeOf((await requests.request(DeleteMessageDocument, { input })).deleteMessage)
    }
    case 'REACT': {
      const { messageId, emoji, on } = operation
      const input = { messageId, emoji, on, opKey }
      return outcomeOf((await requests.request(ToggleReactionDocument, { input })).toggleReaction)
    }
    case 'READ': {
      const input = { conversationId: operation.conversationId, seq: operation.seq }
      return outcomeOf((await requests.request(MarkReadDocument, { input })).markRead)
    }
  }
}

async function send(operation: SendOperation, options: TransmitOptions): Promise<Outcome> {
  let current = operation
  for (let index = 0; index < current.files.length; index++) {
    if (current.files[index]?.attachmentId) continue
    const uploaded = await upload(current, index, options)
    if (typeof uploaded !== 'string') return uploaded
    current = await options.uploaded(current, index, uploaded)
  }
  const { conversationId, text, key, replyTo, mentionIds, mentionEveryone, files } = current
  const { sendMessage } = await options.requests.request(SyncSendMessageDocument, {
    input: {
      conversationId,
      text,
      clientMessageId: key,
      ...(replyTo && { replyToId: replyTo.id }),
      ...(mentionIds.length > 0 && { mentionIds }),
      ...(mentionEveryone && { mentionEveryone }),
      ...(files.length > 0 && { attachmentIds: files.map(({ attachmentId }) => attachmentId ?? '') }),
    },
  })
  if (sendMessage.__typename !== 'SendMessageSuccess') return outcomeOf(sendMessage)
  const { ack, message } = sendMessage
  return { kind: 'DONE', eventSeq: ack.cursor.eventSeq, message }
}

/** The id of the attachment, or why there is none. */
async function upload(operation: SendOperation, index: number, options: TransmitOptions): Promise<string | Outcome> {
  const file = operation.files[index]
  const bytes = await options.bytesOf(operation, index)
  if (!file || !bytes) return { kind: 'REFUSED', code: 'FILE_LOST', reason: 'The file is not on this device any more' }
  const { fileName, contentType } = file
  const { createUpload } = await options.requests.request(CreateUploadDocument, {
    input: { fileName, contentType, byteSize: bytes.size },
  })
  if (createUpload.__typename !== 'CreateUploadSuccess') return outcomeOf(createUpload)
  const { uploadUrl, method, headers, attachment } = createUpload
  const put = options.put ?? fetch
  let status: number
  let text: string
  try {
    const named = Object.fromEntries(headers.map(({ name, value }) => [name, value]))
    const response = await put(uploadUrl, { method, headers: named, body: bytes })
    status = response.status
    text = await response.text()
  } catch (error) {
    throw new NetworkError('The file could not be sent', null, { cause: error })
  }
  // 204 and 202 (a scan is under way) of a server that keeps files itself, 200 of a store that speaks S3.
  if (status >= 200 && status < 300) return attachment.id
  if (status === 429 || status >= 500) throw new NetworkError(`The server takes no files at the moment (${status})`)
  return { kind: 'REFUSED', code: 'UPLOAD_REFUSED', reason: reasonIn(text) ?? `The file was refused (${status})` }
}

function reasonIn(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return typeof error === 'string' ? error : null
  } catch {
    return null
  }
}

/** The operation with the id of the message, once that is sent. */
export function resolved<T extends Operation>(operation: T, sentKey: string, message: MessageState): T {
  if (operation.kind === 'SEND' || operation.kind === 'READ') return operation
  if (keyOfPending(operation.messageId) !== sentKey) return operation
  return { ...operation, messageId: message.id, seq: message.seq }
}
