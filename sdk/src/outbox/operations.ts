import type { Id, MessageState } from '../replica/state.ts'

/** A file to upload with a message. Its bytes are a row of their own until they are uploaded. */
export interface OutgoingFile {
  fileName: string
  contentType: string
  byteSize: number
  /** Null until its bytes are uploaded. */
  attachmentId: Id | null
}

interface Common {
  /** clientMessageId of a send, opKey of the others: it stays the same for each retry. */
  key: string
  viewerId: Id
  conversationId: Id
  /** Operations of a conversation are sent in this order. */
  order: number
  createdAt: string
  /** How often it was sent: what was sent once may have arrived. */
  attempts: number
  /**
   * WAITING for its turn or a connection, SENDING, ACKNOWLEDGED by the server and shown until its event is here, or REFUSED: then it
   * stays until the person retries, changes or drops it.
   */
  state: 'WAITING' | 'SENDING' | 'ACKNOWLEDGED' | 'REFUSED'
  refusal: { code: string; reason: string } | null
  /** Position of its event. */
  ack: { eventSeq: number; atMs: number } | null
}

interface OnMessage {
  /** Of a message that is not sent yet: `pending:` and its key. */
  messageId: Id
  /** Null where the message is not sent yet. */
  seq: number | null
}

export type SendOperation = Common & {
  kind: 'SEND'
  text: string | null
  replyTo: { id: Id; seq: number } | null
  mentionIds: Id[]
  mentionEveryone: boolean
  files: OutgoingFile[]
  /** The newest message when it was written: its own comes after it. */
  sinceSeq: number
  /** The answer of the server. */
  message: MessageState | null
}

export type EditOperation = Common &
  OnMessage & { kind: 'EDIT'; text: string; mentionIds: Id[] | null; expectedRevision: number | null }
export type DeleteOperation = Common & OnMessage & { kind: 'DELETE' }
export type ReactOperation = Common & OnMessage & { kind: 'REACT'; emoji: string; on: boolean }
export type ReadOperation = Common & { kind: 'READ'; seq: number }

/** A write that was made and is not in the copy yet. */
export type Operation = SendOperation | EditOperation | DeleteOperation | ReactOperation | ReadOperation

const pendingPrefix = 'pending:'

export const pendingId = (key: string): Id => `${pendingPrefix}${key}`
/** The key of the send, of the id of a message that is not sent yet; else null. */
export const keyOfPending = (id: Id): string | null =>
  id.startsWith(pendingPrefix) ? id.slice(pendingPrefix.length) : null

/** Reads wait for no other operation, and none for them. */
export const laneOf = ({ kind, conversationId }: Operation): string =>
  kind === 'READ' ? `${conversationId}/read` : conversationId

export const fileKey = (key: string, index: number): string => `${key}/file/${index}`
