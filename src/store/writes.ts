import { createAdvances } from './advances.ts'
import type { Database, Statement } from './database.ts'
import { createGather } from './gather.ts'
import {
  parseEvent,
  parseMessage,
  sentEvent,
  type EventJson,
  type LogEvent,
  type Message,
  type MessageJson,
} from './rows.ts'

/** What a write function of prisma/migrations answered. `outcome` is ACCEPTED, DUPLICATE, or why it was refused. */
export interface WriteResult {
  outcome: string
  streamId?: string
  eventSeq?: number
  conversationId?: string
  message: Message | null
  policy?: 'ANYTIME' | 'UNTIL_READ' | 'WITHIN_15_MINUTES' | 'NEVER'
  lastReadSeq?: number
  lastDeliveredSeq?: number
  unreadCount?: number
  /** advanceCursor: the others are told later, as in every conversation of this size. */
  gathered?: boolean
  /** flushReceipts: the conversation to go on after, null at the end. */
  next?: string | null
  /** flushReceipts: conversations that have to be flushed by themselves. */
  left?: string[]
  /** The events this write appended, for whoever announces them. Empty for a repeated or refused write. */
  events: LogEvent[]
}

interface WriteJson extends Omit<WriteResult, 'message' | 'events'> {
  message?: MessageJson | null
  events?: EventJson[]
}

/** One message to be sent, as the write functions take it. */
export interface Send {
  actorId: string
  conversationId: string
  opKey: string
  hash: Buffer
  text: string
  replyToSeq: number | null
}

const call = (fn: string, ...types: string[]): Statement => ({
  name: fn,
  text: `SELECT ${fn}(${types.map((type, index) => `$${String(index + 1)}::${type}`).join(', ')}) AS result`,
})

const statements = {
  sendMessage: call('parley_send_message', 'uuid', 'uuid', 'text', 'bytea', 'text', 'int'),
  editMessage: call('parley_edit_message', 'uuid', 'uuid', 'int', 'text', 'bytea', 'text', 'int'),
  deleteMessage: call('parley_delete_message', 'uuid', 'uuid', 'int', 'text', 'bytea'),
  advanceCursor: call('parley_advance_cursor', 'uuid', 'uuid', 'int', 'int', 'int'),
  flushReceipts: call('parley_flush_receipts', 'uuid', 'uuid', 'int'),
  updateEntry: call('parley_update_entry', 'uuid', 'uuid', 'boolean', 'timestamptz', 'boolean', 'boolean', 'int'),
  startDirect: call('parley_start_direct', 'uuid', 'uuid', 'uuid'),
  createGroup: call('parley_create_group', 'uuid', 'uuid', 'text', 'edit_policy', 'uuid[]', 'text', 'bytea'),
  renameConversation: call('parley_rename_conversation', 'uuid', 'uuid', 'text'),
  addMembers: call('parley_add_members', 'uuid', 'uuid', 'uuid[]', 'int'),
  removeMember: call('parley_remove_member', 'uuid', 'uuid', 'uuid'),
  eraseInConversation: call('parley_erase_in_conversation', 'uuid', 'uuid', 'uuid', 'int'),
}

/** Many sends at once: an array of each of their values. */
const sendMessages: Statement = {
  name: 'sendMessages',
  text: `SELECT outcome, seq, event_seq AS "eventSeq", at_ms AS "atMs", replayed
    FROM parley_send_messages($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[])`,
}

interface SentRow {
  /** Null for a key that is known; `replayed` is what became of its first use. */
  outcome: string | null
  seq: number
  eventSeq: number
  atMs: number
  replayed: WriteJson | null
}

export type WriteName = keyof typeof statements

/** Calls one write function: the whole write in one round trip and one commit. Values in the function's order. */
export type Write = (name: WriteName, values: unknown[]) => Promise<WriteResult>

const isKeyRace = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === '23505' &&
  'constraint' in error &&
  error.constraint === 'events_actor_op_key'

function parseResult({ message, events, ...rest }: WriteJson): WriteResult {
  const parsed = (events ?? []).map(parseEvent)
  // What was accepted stands in the answer and in the event: once is enough.
  const own = parsed[0]?.message ?? null
  return { ...rest, message: own ?? (message ? parseMessage(message) : null), events: parsed }
}

function sentResult(send: Send, row: SentRow): WriteResult | null {
  if (row.outcome === 'LOCKED') return null
  if (row.replayed) return parseResult(row.replayed)
  if (row.outcome === null) throw new Error('a known key without what became of it')
  if (row.outcome !== 'ACCEPTED') return { outcome: row.outcome, message: null, events: [] }
  const event = sentEvent(send, row)
  const { streamId, seq: eventSeq, message } = event
  return { outcome: 'ACCEPTED', streamId, eventSeq, message, events: [event] }
}

/** As parley_send_message takes them. */
type SendValues = [
  actorId: string,
  conversationId: string,
  opKey: string,
  hash: Buffer,
  text: string,
  replyToSeq: number | null,
]

type AdvanceValues = [actorId: string, conversationId: string, readSeq: number, deliveredSeq: number]

/** `gatherFrom` is how many members a conversation has whose receipts are gathered. */
export function createWrite(db: Database, gatherFrom: number): Write {
  const attempt = async (name: WriteName, values: unknown[]): Promise<WriteResult> => {
    const [row] = await db.run<{ result: WriteJson }>(statements[name], values)
    if (!row) throw new Error(`${name} answered nothing`)
    return parseResult(row.result)
  }
  const write = async (name: WriteName, values: unknown[]): Promise<WriteResult> => {
    try {
      return await attempt(name, values)
    } catch (error) {
      // The same key in two conversations at once: the other one is committed now, and the second call finds it.
      if (isKeyRace(error)) return attempt(name, values)
      throw error
    }
  }
  const send = createGather<Send, WriteResult>({
    lockOf: ({ conversationId }) => conversationId,
    keyOf: ({ actorId, opKey }) => `${actorId} ${opKey}`,
    one: ({ actorId, conversationId, opKey, hash, text, replyToSeq }) =>
      write('sendMessage', [actorId, conversationId, opKey, hash, text, replyToSeq]),
    many: async (sends) => {
      const rows = await db.run<SentRow & Record<string, unknown>>(sendMessages, [
        sends.map(({ actorId }) => actorId),
        sends.map(({ conversationId }) => conversationId),
        sends.map(({ opKey }) => opKey),
        sends.map(({ hash }) => hash),
        sends.map(({ text }) => text),
        sends.map(({ replyToSeq }) => replyToSeq),
      ])
      return sends.map((send, index) => {
        const row = rows[index]
        if (!row) throw new Error('sendMessages did not answer each send')
        return sentResult(send, row)
      })
    },
  })
  const advance = createAdvances({
    db,
    gatherFrom,
    one: ({ actorId, conversationId, readSeq, deliveredSeq }) =>
      write('advanceCursor', [actorId, conversationId, readSeq, deliveredSeq, gatherFrom]),
  })
  return (name, values) => {
    if (name === 'sendMessage') {
      const [actorId, conversationId, opKey, hash, text, replyToSeq] = values as SendValues
      return send({ actorId, conversationId, opKey, hash, text, replyToSeq })
    }
    if (name === 'advanceCursor') {
      const [actorId, conversationId, readSeq, deliveredSeq] = values as AdvanceValues
      return advance({ actorId, conversationId, readSeq, deliveredSeq })
    }
    return write(name, values)
  }
}
