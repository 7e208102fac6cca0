import { crc32, deflateSync } from 'node:zlib'
import type { Files } from '../src/app/files.ts'
import { newId } from '../src/domain/ids.ts'
import { requestHash } from '../src/domain/op-key.ts'
import type { AttachmentStore } from '../src/store/attachments.ts'
import type { Database } from '../src/store/database/database.ts'
import type { Write } from '../src/store/writing/outcomes.ts'

const [width, height] = [320, 200]
const key = 'demo-picture'
const text = 'The view from here this morning'
const hourMs = 3_600_000

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.byteLength)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** A sunrise over hills, as PNG. */
function picture(): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const raw = Buffer.alloc((1 + width * 3) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const hill = 140 + 18 * Math.sin(x / 40) + 9 * Math.sin(x / 13)
      const isSun = Math.hypot(x - 210, y - 110) < 34
      const sky = [250 - y / 4, 170 + y / 3, 120 + y / 2]
      const colour = y > hill ? [46, 90 + (y - hill) / 2, 74] : isSun ? [255, 236, 160] : sky
      raw.set(colour.map(Math.round), y * (1 + width * 3) + 1 + x * 3)
    }
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/**
 * The first of the demo people sends a picture to everyone, the way an upload goes. Repeating it does no harm. Where files are in a
 * bucket there is none.
 */
export async function sendPicture(
  write: Write,
  db: Database,
  { store, files: { transfers } }: { store: AttachmentStore; files: Files },
  users: readonly string[],
): Promise<void> {
  const actorId = users[0] ?? ''
  if (!transfers || (await db.prisma.message.findFirst({ where: { senderId: actorId, clientMessageId: key } }))) return
  const everyone = { title: 'Everyone', members: { some: { userId: actorId, leftAt: null } } }
  const conversation = await db.prisma.conversation.findFirst({ where: everyone })
  if (!conversation) throw new Error('the demo world has no conversation of everyone')
  const bytes = picture()
  const [uploadUntil, expiresAt] = [new Date(Date.now() + hourMs), new Date(Date.now() + 24 * hourMs)]
  const file = { fileName: 'sunrise.png', contentType: 'image/png', byteSize: bytes.byteLength }
  const quota = { files: 1_000, byteSize: 2 ** 30 }
  const attachment = await store.create({ id: newId(), uploaderId: actorId, ...file, uploadUntil, expiresAt }, quota)
  if (!attachment) throw new Error('the demo world has too many uploads')
  const received = await transfers.receive(attachment, toChunks(bytes))
  if (received.outcome !== 'READY') throw new Error(`the picture was not taken: ${JSON.stringify(received)}`)
  const conversationId = conversation.id
  const attachmentIds = [attachment.id]
  const extras = { replyToSeq: null, mentionIds: null, mentionEveryone: false, attachmentIds }
  const hash = requestHash('sendMessage', [conversationId, text, null, false, '', attachment.id])
  const { outcome } = await write({ type: 'sendMessage', actorId, conversationId, opKey: key, hash, text, ...extras })
  if (outcome !== 'ACCEPTED') throw new Error(`the picture was not sent: ${outcome}`)
}

async function* toChunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
