// Parley's global ids (src/schema/building/ids.ts).
import { Buffer } from 'node:buffer'

const encode = (type, key) => Buffer.from(`${type}:${key}`).toString('base64url')
const conversation = /^Conversation:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export const userId = (uuid) => encode('User', uuid)
export const conversationId = (uuid) => encode('Conversation', uuid)
export const messageId = (conversationUuid, seq) => encode('Message', `${conversationUuid}/${String(seq)}`)

/** The uuid; null if the id is not a conversation's. */
export const conversationUuid = (globalId) =>
  conversation.exec(Buffer.from(String(globalId), 'base64url').toString())?.[1] ?? null
