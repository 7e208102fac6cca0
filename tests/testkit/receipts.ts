import type { TestDatabase } from './database.ts'
import type { Person } from './person.ts'
import {
  MarkDeliveredDocument,
  MembersDocument,
  MessageStatusDocument,
  UpdateSettingsDocument,
} from '../../sdk/src/generated/graphql.ts'
import { expectType } from './person.ts'

/** For a server that publishes gathered receipts only when a test calls flushReceipts. */
export const byHand = { RECEIPT_FLUSH_INTERVAL_MS: '60000' }

/** Publishes gathered receipts, as a server does. Returns the number of events. */
export async function flushReceipts(database: TestDatabase, pauseMs = 0): Promise<number> {
  interface Flushed {
    next: string | null
    left: string[]
    events: unknown[]
  }
  const call = async (conversation: string | null, after: string | null) => {
    const [row] = await database.query<{ result: Flushed }>('SELECT parley_flush_receipts($1, $2, $3) AS result', [
      conversation,
      after,
      pauseMs,
    ])
    return row!.result
  }
  let count = 0
  let after: string | null = null
  do {
    const { next, left, events }: Flushed = await call(null, after)
    count += events.length
    for (let one = left.pop(); one !== undefined; one = left.pop()) {
      const again: Flushed = await call(one, null)
      count += again.events.length
      left.push(...again.left)
    }
    after = next
  } while (after !== null)
  return count
}

export async function markDelivered(person: Person, conversationId: string, seq: number) {
  const result = await person.client.request(MarkDeliveredDocument, { input: { conversationId, seq } })
  return expectType(result.markDelivered, 'MarkDeliveredSuccess').ack
}

export async function setReceipts(person: Person, readReceiptsEnabled: boolean): Promise<void> {
  await person.client.request(UpdateSettingsDocument, { input: { readReceiptsEnabled } })
}

/** Status of a message, and its readers, as this person sees it. */
export async function statusOf(person: Person, messageId: string) {
  const { node } = await person.client.request(MessageStatusDocument, { id: messageId })
  return node as { status: string; readBy: { nodes: { user: { id: string }; readAt: string }[] } }
}

/** [lastReadSeq, lastDeliveredSeq] of a member, as this person sees it. */
export async function positionsOf(person: Person, conversationId: string, memberId: string) {
  const { conversation } = await person.client.request(MembersDocument, { id: conversationId, first: 100 })
  const member = conversation?.members.nodes.find(({ user }) => user.id === memberId)
  return member && [member.lastReadSeq, member.lastDeliveredSeq]
}

/** The API's id of a person of a crowd, whose id here is the database's. */
export const globalIdOf = ({ id }: Person): string => Buffer.from(`User:${id}`).toString('base64url')
