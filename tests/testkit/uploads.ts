import { deflateSync } from 'node:zlib'
import { crc32 } from 'node:zlib'
import {
  CreateUploadDocument,
  MessageAttachmentsDocument,
  SendMessageDocument,
  type AttachmentFieldsFragment,
} from '../../sdk/src/generated/graphql.ts'
import { expectType, newKey, type Person } from './person.ts'

export interface TestFile {
  fileName: string
  contentType: string
  bytes: Buffer
}

/** How an upload was promised. */
export type Upload = Awaited<ReturnType<typeof createUpload>>

export async function askUpload(person: Person, input: { fileName: string; contentType: string; byteSize: number }) {
  return (await person.client.request(CreateUploadDocument, { input })).createUpload
}

export async function createUpload(person: Person, { fileName, contentType, bytes }: TestFile) {
  const asked = await askUpload(person, { fileName, contentType, byteSize: bytes.byteLength })
  return expectType(asked, 'CreateUploadSuccess')
}

/** Sends the bytes as a client does: by what the server said, and nothing else. */
export function put({ uploadUrl, method, headers }: Omit<Upload, 'attachment'>, bytes: Buffer): Promise<Response> {
  const init = { method, headers: headers.map(({ name, value }): [string, string] => [name, value]) }
  return fetch(uploadUrl, { ...init, body: new Uint8Array(bytes) })
}

/** Uploads a file, and returns the id of the attachment. */
export async function upload(person: Person, file: TestFile): Promise<string> {
  const created = await createUpload(person, file)
  const response = await put(created, file.bytes)
  if (!response.ok) throw new Error(`the upload was answered with ${String(response.status)}: ${await response.text()}`)
  return created.attachment.id
}

export async function sendWith(
  person: Person,
  conversationId: string,
  attachmentIds: string[],
  { text = null, key = newKey() }: { text?: string | null; key?: string } = {},
) {
  const input = { conversationId, clientMessageId: key, attachmentIds, text }
  return (await person.client.request(SendMessageDocument, { input })).sendMessage
}

/** The attachments of a message, as the person sees them; null when they do not see the message. */
export async function attachmentsOf(person: Person, messageId: string): Promise<AttachmentFieldsFragment[] | null> {
  const { node } = await person.client.request(MessageAttachmentsDocument, { id: messageId })
  return node?.__typename === 'Message' ? node.attachments : null
}

/** The attachment by its own id. */
export async function attachmentOf(person: Person, id: string): Promise<AttachmentFieldsFragment | null> {
  const { node } = await person.client.request(MessageAttachmentsDocument, { id })
  return node?.__typename === 'Attachment' ? node : null
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.byteLength)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** A picture with colours. */
export function pngBytes(width: number, height: number): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const line = 1 + width * 3
  const raw = Buffer.alloc(line * height)
  for (let at = 0; at < raw.byteLength; at++) raw[at] = at % line === 0 ? 0 : (at * 7) % 251
  const chunks = [chunk('IHDR', head), chunk('IDAT', deflateSync(raw)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...chunks])
}

export const pngFile = (fileName = 'picture.png'): TestFile => ({
  fileName,
  contentType: 'image/png',
  bytes: pngBytes(60, 40),
})

export const textFile = (text: string, fileName = 'note.txt'): TestFile => ({
  fileName,
  contentType: 'text/plain',
  bytes: Buffer.from(text),
})
