import { z } from 'zod'
import { createAdvances } from './advances.ts'
import type { AdvanceCursor, Command, CommandOf, CommandType, MarkReadIn, SendMessage } from './commands.ts'
import type { Database, Statement } from '../database/database.ts'
import { createGather } from './gather.ts'
import { Lines, type SendInLine } from './lines.ts'
import { eventJson, sentEvent } from '../log-event.ts'
import { outcomes, type OutcomeOf, type Write } from './outcomes.ts'

/** The type of each parameter of a write's SQL function, by the field that provides it, in the function's order. */
type ParametersOf<Type extends CommandType> = Record<Exclude<keyof CommandOf<Type>, 'type'>, string>

interface Call extends Statement {
  fields: string[]
}

/** Repeatable: a second call finds its key, or finds that nothing is left to do. */
const call = (fn: string, parameters: Record<string, string>): Call => ({
  name: fn,
  isRepeatable: true,
  text: `SELECT ${fn}(${Object.values(parameters)
    .map((type, index) => `$${String(index + 1)}::${type}`)
    .join(', ')}) AS result`,
  fields: Object.keys(parameters),
})

const callOf = <Type extends CommandType>(fn: string, parameters: ParametersOf<Type>): Call => call(fn, parameters)

const advanceParameters: ParametersOf<'advanceCursor'> = {
  actorId: 'uuid',
  conversationId: 'uuid',
  readSeq: 'int',
  deliveredSeq: 'int',
}

const sendParameters: ParametersOf<'sendMessage'> = {
  actorId: 'uuid',
  conversationId: 'uuid',
  opKey: 'text',
  hash: 'bytea',
  text: 'text',
  replyToSeq: 'int',
  mentionIds: 'uuid[]',
  mentionEveryone: 'boolean',
  attachmentIds: 'uuid[]',
}

const calls: Record<CommandType, Call> = {
  sendMessage: callOf<'sendMessage'>('parley_send_message', sendParameters),
  answerSupport: callOf<'answerSupport'>('parley_answer_support', sendParameters),
  editMessage: callOf<'editMessage'>('parley_edit_message', {
    actorId: 'uuid',
    conversationId: 'uuid',
    seq: 'int',
    opKey: 'text',
    hash: 'bytea',
    text: 'text',
    expectedRevision: 'int',
    mentionIds: 'uuid[]',
  }),
  deleteMessage: callOf<'deleteMessage'>('parley_delete_message', {
    actorId: 'uuid',
    conversationId: 'uuid',
    seq: 'int',
    opKey: 'text',
    hash: 'bytea',
  }),
  toggleReaction: callOf<'toggleReaction'>('parley_toggle_reaction', {
    actorId: 'uuid',
    conversationId: 'uuid',
    seq: 'int',
    opKey: 'text',
    hash: 'bytea',
    emoji: 'text',
    on: 'boolean',
  }),
  pinMessage: callOf<'pinMessage'>('parley_pin_message', {
    actorId: 'uuid',
    conversationId: 'uuid',
    seq: 'int',
    opKey: 'text',
    hash: 'bytea',
    pinned: 'boolean',
  }),
  advanceCursor: call('parley_advance_cursor', { ...advanceParameters, gatherFrom: 'int' }),
  markReadIn: call('parley_mark_read_in', {
    actorId: 'uuid',
    conversationIds: 'uuid[]',
    seqs: 'int[]',
    before: 'timestamptz',
    gatherFrom: 'int',
  }),
  flushReceipts: callOf<'flushReceipts'>('parley_flush_receipts', {
    conversationId: 'uuid',
    afterId: 'uuid',
    pauseMs: 'int',
  }),
  updateEntry: callOf<'updateEntry'>('parley_update_entry', {
    actorId: 'uuid',
    conversationId: 'uuid',
    setMuted: 'boolean',
    mutedUntil: 'timestamptz',
    archived: 'boolean',
    pinned: 'boolean',
    unreadFromSeq: 'int',
  }),
  startDirect: callOf<'startDirect'>('parley_start_direct', { actorId: 'uuid', peerId: 'uuid', newId: 'uuid' }),
  createGroup: callOf<'createGroup'>('parley_create_group', {
    actorId: 'uuid',
    newId: 'uuid',
    title: 'text',
    editPolicy: 'edit_policy',
    memberIds: 'uuid[]',
    opKey: 'text',
    hash: 'bytea',
  }),
  renameConversation: callOf<'renameConversation'>('parley_rename_conversation', {
    actorId: 'uuid',
    conversationId: 'uuid',
    title: 'text',
  }),
  updateGroup: callOf<'updateGroup'>('parley_update_group', {
    actorId: 'uuid',
    conversationId: 'uuid',
    memberPermissions: 'text[]',
    historyVisibility: 'history_visibility',
    editPolicy: 'edit_policy',
  }),
  addMembers: callOf<'addMembers'>('parley_add_members', {
    actorId: 'uuid',
    conversationId: 'uuid',
    userIds: 'uuid[]',
    maxMembers: 'int',
  }),
  hideConversation: callOf<'hideConversation'>('parley_hide_conversation', {
    actorId: 'uuid',
    conversationId: 'uuid',
    clearHistory: 'boolean',
  }),
  deleteConversation: callOf<'deleteConversation'>('parley_delete_conversation', {
    actorId: 'uuid',
    conversationId: 'uuid',
    opKey: 'text',
    hash: 'bytea',
    stretch: 'int',
  }),
  setRole: callOf<'setRole'>('parley_set_role', {
    actorId: 'uuid',
    conversationId: 'uuid',
    userId: 'uuid',
    role: 'member_role',
  }),
  removeMember: {
    ...callOf<'removeMember'>('parley_remove_member', { actorId: 'uuid', conversationId: 'uuid', userId: 'uuid' }),
    // A second call would find no member to remove, and answer that.
    isRepeatable: false,
  },
  eraseInConversation: callOf<'eraseInConversation'>('parley_erase_in_conversation', {
    actorId: 'uuid',
    conversationId: 'uuid',
    userId: 'uuid',
    afterSeq: 'int',
  }),
  openSupport: callOf<'openSupport'>('parley_open_support', {
    actorId: 'uuid',
    newId: 'uuid',
    title: 'text',
    opKey: 'text',
    hash: 'bytea',
  }),
  readSupport: callOf<'readSupport'>('parley_read_support', {
    actorId: 'uuid',
    conversationId: 'uuid',
    readSeq: 'int',
  }),
  assignSupport: callOf<'assignSupport'>('parley_assign_support', {
    actorId: 'uuid',
    conversationId: 'uuid',
    assigneeId: 'uuid',
  }),
  setSupportStatus: callOf<'setSupportStatus'>('parley_set_support_status', {
    actorId: 'uuid',
    conversationId: 'uuid',
    status: 'support_status',
  }),
}

/** Many sends at once: one array for each of their parameters. */
const sendMessages: Statement = {
  name: 'sendMessages',
  isRepeatable: true,
  text: `SELECT outcome, seq, event_seq AS "eventSeq", mark, mark_before AS "markBefore", at_ms AS "atMs",
      replayed
    FROM parley_send_messages($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[], $7::jsonb[])`,
}

interface SentRow extends Record<string, unknown> {
  /**
   * Null for a known key; `replayed` is then the outcome of its first use. In rows after those of the sends: BESIDES,
   * `replayed` is a further event; DESK, `replayed` names a support conversation.
   */
  outcome: string | null
  seq: number
  eventSeq: number
  mark: string
  markBefore: string | null
  atMs: number
  replayed: unknown
}

type Sent = OutcomeOf<'sendMessage'>

const inConversation = z.object({ conversationId: z.string() })

const hasExtras = ({ mentionIds, mentionEveryone, attachmentIds }: SendMessage) =>
  mentionIds !== null || mentionEveryone || attachmentIds !== null

/** What few messages have, as one value: null for most. */
const extrasOf = (send: SendMessage) => {
  const { mentionIds, mentionEveryone, attachmentIds } = send
  return hasExtras(send) ? JSON.stringify({ mentionIds, mentionEveryone, attachmentIds }) : null
}

/** Adds further events that sends caused to the result of a send in the same conversation. */
function addBesides(sends: SendMessage[], results: (Sent | null)[], rows: SentRow[]): void {
  const eventsOf = (conversationId: string) => {
    const isCause = (result: Sent | null, index: number) =>
      result?.outcome === 'ACCEPTED' && sends[index]?.conversationId === conversationId
    return results.find(isCause)?.events
  }
  for (const { outcome, replayed } of rows) {
    if (outcome === 'DESK') {
      const [sent] = eventsOf(inConversation.parse(replayed).conversationId) ?? []
      if (sent) sent.desk = true
      continue
    }
    if (outcome !== 'BESIDES') throw new Error(`sendMessages answered ${String(outcome)} for no send`)
    const event = eventJson.parse(replayed)
    const isEntry = event.type === 'INBOX_ENTRY_CHANGED'
    if (!isEntry && event.type !== 'CONVERSATION_UPDATED') throw new Error(`sendMessages brought about ${event.type}`)
    const events = eventsOf(isEntry ? event.data.conversationId : event.streamId)
    if (!events) throw new Error('sendMessages changed something for no message')
    events.push(event)
  }
}

/** Null: somebody else held the conversation. */
function sentResult(send: SendMessage, row: SentRow): Sent | null {
  if (row.outcome === 'LOCKED') return null
  if (row.outcome !== 'ACCEPTED') return outcomes.sendMessage.parse(row.replayed ?? { outcome: row.outcome })
  const event = sentEvent(send, row)
  const { streamId, seq: eventSeq, mark, message } = event
  return { outcome: 'ACCEPTED', streamId, eventSeq, mark, message, events: [event] }
}

/** Sends do not wait in the turns of their sender: nobody has many in flight, as they share statements. */
const payerOf = (command: Command) =>
  command.type === 'sendMessage' || command.type === 'flushReceipts' ? undefined : command.actorId

const isKeyRace = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === '23505' &&
  'constraint' in error &&
  error.constraint === 'events_actor_op_key'

/**
 * The writes. `gatherFrom` is the number of members from which on receipts of a conversation are gathered. `Write` lists
 * the rejections.
 */
export function createWrite(db: Database, gatherFrom: number): Write {
  /** The whole write in one round trip and one commit. */
  const answerOf = async (
    command: Command | ((AdvanceCursor | MarkReadIn) & { gatherFrom: number }),
  ): Promise<unknown> => {
    const { fields, ...statement } = calls[command.type]
    const values = fields.map((field) => (command as unknown as Record<string, unknown>)[field])
    const attempt = async () => {
      const [row] = await db.run<{ result: unknown }>(statement, values, payerOf(command))
      return row?.result
    }
    try {
      return await attempt()
    } catch (error) {
      // Two conversations used the same key at once. The other write is committed now, and the second call finds it.
      if (isKeyRace(error)) return attempt()
      throw error
    }
  }
  const lines = new Lines()
  const gathered = createGather<SendInLine, Sent>({
    lockOf: ({ line }) => line,
    keyOf: ({ send: { actorId, opKey } }) => `${actorId} ${opKey}`,
    one: async ({ send: command }) => outcomes.sendMessage.parse(await answerOf(command)),
    many: async (items) => {
      const sends = items.map(({ send: command }) => command)
      const rows = await db.run<SentRow>(sendMessages, [
        sends.map(({ actorId }) => actorId),
        sends.map(({ conversationId }) => conversationId),
        sends.map(({ opKey }) => opKey),
        sends.map(({ hash }) => hash),
        sends.map(({ text }) => text),
        sends.map(({ replyToSeq }) => replyToSeq),
        sends.some(hasExtras) ? sends.map(extrasOf) : null,
      ])
      const results = sends.map((each, index) => {
        const row = rows[index]
        if (!row) throw new Error('sendMessages did not answer each send')
        return sentResult(each, row)
      })
      addBesides(sends, results, rows.slice(sends.length))
      return results
    },
  })
  const send = async (command: SendMessage): Promise<Sent> => {
    // Files are locked besides the conversation, which a statement for many cannot do.
    if (command.attachmentIds !== null) return outcomes.sendMessage.parse(await answerOf(command))
    const item = lines.enter(command)
    let outcome: string | null = null
    try {
      const sent = await gathered(item)
      outcome = sent.outcome
      return sent
    } finally {
      lines.leave(item, outcome)
    }
  }
  const advance = createAdvances({ db, gatherFrom, one: (command) => answerOf({ ...command, gatherFrom }) })

  const write = async (command: Command) => {
    switch (command.type) {
      case 'sendMessage':
        return send(command)
      case 'advanceCursor':
        return advance(command)
      case 'markReadIn':
        return outcomes.markReadIn.parse(await answerOf({ ...command, gatherFrom }))
      default:
        return outcomes[command.type].parse(await answerOf(command))
    }
  }
  // `outcomes` gives each command its own kind of outcome; TypeScript only sees the union of them.
  return write as Write
}
