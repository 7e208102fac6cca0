import { timelineOf, type State } from '../replica/state.ts'
import { messageAt } from '../replica/timeline.ts'
import type { Operation } from './operations.ts'

/** Whether the copy shows what the operation does, so that there is nothing left to show of it. */
export function isInCopy(operation: Operation, state: State): boolean {
  const conversation = state.conversations.get(operation.conversationId)
  if (!conversation || operation.state === 'REFUSED') return false
  if (operation.kind === 'READ') {
    return operation.state === 'ACKNOWLEDGED' && (conversation.entry?.lastReadSeq ?? Infinity) >= operation.seq
  }
  if (operation.state === 'ACKNOWLEDGED' && operation.ack && conversation.cursor.eventSeq >= operation.ack.eventSeq)
    return true
  if (operation.kind !== 'SEND') return false
  // Its event may come before its answer.
  const timeline = timelineOf(state, operation.conversationId)
  for (let seq = conversation.headSeq; seq > operation.sinceSeq; seq--) {
    if (messageAt(timeline, seq)?.clientMessageId === operation.key) return true
  }
  return false
}
