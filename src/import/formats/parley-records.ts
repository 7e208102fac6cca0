// The lines of Parley's own export, version 1. What is more in a line is of a later version, and left alone.
import { z } from 'zod'

const id = z.uuid()
const time = z.iso.datetime()
const text = z.string()
const seq = z.number().int().nonnegative()

const settings = z.object({
  role: z.enum(['USER', 'STAFF', 'ADMIN']),
  readReceiptsEnabled: z.boolean(),
  presenceSharing: z.enum(['EVERYONE', 'CONTACTS', 'NOBODY']),
  directMessagesFrom: z.enum(['EVERYONE', 'CONTACTS', 'NOBODY']).default('EVERYONE'),
  groupAdditionsFrom: z.enum(['EVERYONE', 'CONTACTS', 'NOBODY']).default('EVERYONE'),
  requestsEnabled: z.boolean().default(false),
  invisible: z.boolean(),
  lastSeenAt: time.nullable(),
})

export const personSchema = z.object({
  ...{ id, handle: text, displayName: text, avatarUrl: text.nullable(), createdAt: time, erasedAt: time.nullable() },
  settings: settings.nullable(),
})

export const conversationSchema = z.object({
  ...{ id, kind: z.enum(['DIRECT', 'GROUP', 'SUPPORT']), title: text.nullable() },
  editPolicy: z.enum(['ANYTIME', 'UNTIL_READ', 'WITHIN_15_MINUTES', 'NEVER']),
  historyVisibility: z.enum(['ALL', 'SINCE_JOINED']),
  memberPermissions: z.array(text),
  ...{ createdAt: time, lastActivityAt: time, closedAt: time.nullable() },
  support: z.object({ userId: id, status: z.enum(['OPEN', 'RESOLVED']), resolvedAt: time.nullable() }).nullable(),
})

export const memberSchema = z.object({
  ...{
    conversationId: id,
    userId: id,
    role: z.enum(['OWNER', 'ADMIN', 'MEMBER']),
    joinedAt: time,
    leftAt: time.nullable(),
  },
  own: z
    .object({
      ...{ lastReadSeq: seq, ownReadSeq: seq, lastDeliveredSeq: seq, historyFromSeq: seq, clearedSeq: seq },
      ...{ mutedUntil: text.nullable(), archived: z.boolean(), pinned: z.boolean(), hidden: z.boolean() },
    })
    .nullable(),
})

export const messageSchema = z.object({
  ...{ conversationId: id, seq, senderId: id, text: text.nullable(), replyToSeq: seq.nullable(), createdAt: time },
  ...{ revision: seq, editedAt: time.nullable(), deletedAt: time.nullable(), deletedById: id.nullable() },
  ...{ mentionIds: z.array(id), mentionsEveryone: z.boolean(), pinnedAt: time.nullable() },
  reactions: z.array(z.object({ emoji: text, userIds: z.array(id) })),
  attachments: z.array(
    z.object({ id, fileName: text, contentType: text, byteSize: seq, sha256: text, path: text.nullable() }),
  ),
  revisions: z.array(z.object({ revision: seq, text, editedAt: time })),
})

export const receiptSchema = z.object({ conversationId: id, userId: id, upToSeq: seq, readAt: time })

export const blockSchema = z.object({ blockerId: id, blockedId: id, createdAt: time })
