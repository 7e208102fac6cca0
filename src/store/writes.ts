import type { Database, Statement } from './database.ts'
import { parseEvent, parseMessage, type EventJson, type LogEvent, type Message, type MessageJson } from './rows.ts'

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
  /** The events this write appended, for whoever announces them. Empty for a repeated or refused write. */
  events: LogEvent[]
}

interface WriteJson extends Omit<WriteResult, 'message' | 'events'> {
  message?: MessageJson | null
  events?: EventJson[]
}

const call = (fn: string, ...types: string[]): Statement => ({
  name: fn,
  text: `SELECT ${fn}(${types.map((type, index) => `$${String(index + 1)}::${type}`).join(', ')}) AS result`,
})

const statements = {
  sendMessage: call('parley_send_message', 'uuid', 'uuid', 'text', 'bytea', 'text', 'int'),
  editMessage: call('parley_edit_message', 'uuid', 'uuid', 'int', 'text', 'bytea', 'text', 'int'),
  deleteMessage: call('parley_delete_message', 'uuid', 'uuid', 'int', 'text', 'bytea'),
  advanceCursor: call('parley_advance_cursor', 'uuid', 'uuid', 'int', 'int'),
  updateEntry: call('parley_update_entry', 'uuid', 'uuid', 'boolean', 'timestamptz', 'boolean', 'boolean', 'int'),
  startDirect: call('parley_start_direct', 'uuid', 'uuid', 'uuid'),
  createGroup: call('parley_create_group', 'uuid', 'uuid', 'text', 'edit_policy', 'uuid[]', 'text', 'bytea'),
  renameConversation: call('parley_rename_conversation', 'uuid', 'uuid', 'text'),
  addMembers: call('parley_add_members', 'uuid', 'uuid', 'uuid[]', 'int'),
  removeMember: call('parley_remove_member', 'uuid', 'uuid', 'uuid'),
  eraseInConversation: call('parley_erase_in_conversation', 'uuid', 'uuid', 'uuid', 'int'),
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

export function createWrite(db: Database): Write {
  const attempt = async (name: WriteName, values: unknown[]): Promise<WriteResult> => {
    const [row] = await db.run<{ result: WriteJson }>(statements[name], values)
    if (!row) throw new Error(`${name} answered nothing`)
    const { message, events, ...rest } = row.result
    return { ...rest, message: message ? parseMessage(message) : null, events: (events ?? []).map(parseEvent) }
  }
  return async (name, values) => {
    try {
      return await attempt(name, values)
    } catch (error) {
      // The same key in two conversations at once: the other one is committed now, and the second call finds it.
      if (isKeyRace(error)) return attempt(name, values)
      throw error
    }
  }
}
