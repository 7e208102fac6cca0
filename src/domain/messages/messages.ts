import type { Append } from '../../log/append.ts'
import type { EventStore } from '../../store/events.ts'
import type { LogEvent, Message } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'
import { requestHash } from '../op-key.ts'
import { accepted, ackOf, type Ack, type Accepted } from '../outcome.ts'
import type { Typing } from '../typing/typing.ts'
import type { Viewer } from '../viewer.ts'

export interface MessageRef {
  conversationId: string
  seq: number
}

export interface MessageWritten {
  ack: Ack
  message: Message
}

export interface WriteStatus {
  state: 'ACCEPTED' | 'UNKNOWN'
  event: LogEvent | null
}

export interface Messages {
  send(
    viewer: Viewer,
    input: { conversationId: string; clientMessageId: string; text: string; replyToSeq: number | null },
  ): Promise<MessageWritten>
  edit(
    viewer: Viewer,
    input: { message: MessageRef; text: string; expectedRevision: number | null; opKey: string },
  ): Promise<MessageWritten>
  remove(viewer: Viewer, input: { message: MessageRef; opKey: string }): Promise<MessageWritten>
  /** The message when the viewer may see it, else null. */
  find(viewer: Viewer, ref: MessageRef, loaders: Loaders): Promise<Message | null>
  writeStatus(viewer: Viewer, opKey: string): Promise<WriteStatus>
}

const noConversation = { notFound: 'There is no such conversation here.' }
const noMessage = { notFound: 'There is no such message here.' }

export function createMessages(append: Append, events: EventStore, typing: Pick<Typing, 'sent'>): Messages {
  const written = (result: Accepted, opKey: string): MessageWritten => {
    // A key that was used for something else than a message has another hash, and was refused before this.
    if (!result.result.message) throw new Error('a message was written and not answered')
    return { ack: ackOf(result, opKey), message: result.result.message }
  }
  return {
    async send(viewer, { conversationId, clientMessageId, text, replyToSeq }) {
      const hash = requestHash('sendMessage', [conversationId, text, replyToSeq])
      const result = await append('sendMessage', [
        viewer.userId,
        conversationId,
        clientMessageId,
        hash,
        text,
        replyToSeq,
      ])
      const sent = written(accepted(result, noConversation), clientMessageId)
      typing.sent(viewer, conversationId)
      return sent
    },
    async edit(viewer, { message, text, expectedRevision, opKey }) {
      const hash = requestHash('editMessage', [message.conversationId, message.seq, text, expectedRevision])
      const result = await append('editMessage', [
        viewer.userId,
        message.conversationId,
        message.seq,
        opKey,
        hash,
        text,
        expectedRevision,
      ])
      return written(accepted(result, { ...noMessage, forbidden: 'Only its sender may edit a message.' }), opKey)
    },
    async remove(viewer, { message, opKey }) {
      const hash = requestHash('deleteMessage', [message.conversationId, message.seq])
      const result = await append('deleteMessage', [viewer.userId, message.conversationId, message.seq, opKey, hash])
      const forbidden = 'Only its sender, and in a group its owner and admins, may delete a message.'
      return written(accepted(result, { ...noMessage, forbidden }), opKey)
    },
    async find(viewer, ref, loaders) {
      const [entry, message] = await Promise.all([
        loaders.entry.load({ viewerId: viewer.userId, conversationId: ref.conversationId }),
        loaders.message.load(ref),
      ])
      return entry ? message : null
    },
    async writeStatus(viewer, opKey) {
      const event = await events.findByOpKey(viewer.userId, opKey)
      return { state: event ? 'ACCEPTED' : 'UNKNOWN', event }
    },
  }
}
