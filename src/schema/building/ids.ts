import { NotFoundError } from '../../domain/errors.ts'
import { fromBase64url, isUuid } from '../../domain/ids.ts'
import type { MessageRef } from '../../domain/messages/messages.ts'

/** Ids are opaque to clients: they hold the type and its key. */
export const encodeGlobalId = (type: string, key: string): string => Buffer.from(`${type}:${key}`).toString('base64url')

export const userId = (id: string): string => encodeGlobalId('User', id)
export const conversationId = (id: string): string => encodeGlobalId('Conversation', id)
export const messageId = ({ conversationId: conversation, seq }: MessageRef): string =>
  encodeGlobalId('Message', `${conversation}/${String(seq)}`)

/** Ids for a person in a conversation: the viewer's own inbox entry, and a membership. */
export const entryId = (key: PlaceInConversation): string => encodeGlobalId('InboxEntry', placeKey(key))
export const memberId = (key: PlaceInConversation): string => encodeGlobalId('Member', placeKey(key))
export const attachmentId = (id: string): string => encodeGlobalId('Attachment', id)
export const sessionId = (id: string): string => encodeGlobalId('ActiveSession', id)
export const webhookEndpointId = (id: string): string => encodeGlobalId('WebhookEndpoint', id)
export const reportId = (id: string): string => encodeGlobalId('Report', id)
export const webhookDeliveryId = (id: string): string => encodeGlobalId('WebhookDelivery', id)
export const apiKeyId = (id: string): string => encodeGlobalId('ApiKey', id)
export const viewerId = (id: string): string => encodeGlobalId('Viewer', id)

interface PlaceInConversation {
  conversationId: string
  userId: string
}
const placeKey = ({ conversationId: conversation, userId: user }: PlaceInConversation) => `${conversation}/${user}`

/** A stream's id is its conversation's; the viewer's personal stream has one of its own. */
export const streamId = (stream: string, viewerId: string | null): string =>
  stream === viewerId ? personalStreamId(stream) : conversationId(stream)
export const personalStreamId = (viewerId: string): string => encodeGlobalId('PersonalStream', viewerId)

export type GlobalId =
  | {
      type:
        | 'User'
        | 'Conversation'
        | 'PersonalStream'
        | 'Viewer'
        | 'Attachment'
        | 'ActiveSession'
        | 'ApiKey'
        | 'Report'
        | 'WebhookEndpoint'
        | 'WebhookDelivery'
      id: string
    }
  | ({ type: 'Message' } & MessageRef)
  | ({ type: 'InboxEntry' | 'Member' } & PlaceInConversation)

/** Null for a text that is not an id of ours. For clients that is the same as an id of nothing. */
export function decodeGlobalId(globalId: string): GlobalId | null {
  const [type, key = '', ...rest] = (fromBase64url(globalId) ?? '').split(':')
  if (rest.length > 0) return null
  if (type === 'Message') {
    const [conversation = '', seqText = '', ...more] = key.split('/')
    const isRef = isUuid(conversation) && /^[1-9]\d{0,9}$/.test(seqText) && more.length === 0
    const seq = Number(seqText)
    return isRef && seq <= 2_147_483_647 ? { type, conversationId: conversation, seq } : null
  }
  // A webhook-id.
  if (type === 'WebhookDelivery') return /^msg_[\w-]{24,36}$/.test(key) ? { type, id: key } : null
  if (type === 'InboxEntry' || type === 'Member') {
    const [conversation = '', user = '', ...more] = key.split('/')
    const isPlace = isUuid(conversation) && isUuid(user) && more.length === 0
    return isPlace ? { type, conversationId: conversation, userId: user } : null
  }
  const isKnown =
    type === 'User' ||
    type === 'Conversation' ||
    type === 'PersonalStream' ||
    type === 'Viewer' ||
    type === 'Attachment' ||
    type === 'ActiveSession' ||
    type === 'Report' ||
    type === 'ApiKey' ||
    type === 'WebhookEndpoint'
  return isKnown && isUuid(key) ? { type, id: key } : null
}

/**
 * The uuid of an id that must be of this type. Any other id is NOT_FOUND, with the same words as for an object that does
 * not exist.
 */
export function requireId(type: 'User' | 'Conversation', globalId: string): string {
  const decoded = decodeGlobalId(globalId)
  if (decoded?.type === type) return decoded.id
  throw new NotFoundError(type === 'User' ? 'There is no such person here.' : 'There is no such conversation here.')
}

export function requireMessageRef(globalId: string): MessageRef {
  const decoded = decodeGlobalId(globalId)
  if (decoded?.type === 'Message') return { conversationId: decoded.conversationId, seq: decoded.seq }
  throw new NotFoundError('There is no such message here.')
}

export function requireStreamId(globalId: string): string {
  const decoded = decodeGlobalId(globalId)
  if (decoded?.type === 'Conversation' || decoded?.type === 'PersonalStream') return decoded.id
  throw new NotFoundError('There is no such stream here.')
}
