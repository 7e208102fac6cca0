import { createAdvances } from './advances.ts'
import type { AdvanceCursor, Command, CommandOf, CommandType, MarkReadIn } from './commands.ts'
import type { Database, Statement } from '../database/database.ts'
import { outcomes, type Write } from './outcomes.ts'
import { createSends } from './sends.ts'

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
    upToSeq: 'int',
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
    upToSeq: 'int',
  }),
  blockUser: callOf<'blockUser'>('parley_block_user', {
    actorId: 'uuid',
    userId: 'uuid',
    blocked: 'boolean',
    maxBlocks: 'int',
  }),
  answerRequest: callOf<'answerRequest'>('parley_answer_request', {
    actorId: 'uuid',
    conversationId: 'uuid',
    accepted: 'boolean',
    maxMembers: 'int',
  }),
  banMember: callOf<'banMember'>('parley_ban_member', {
    actorId: 'uuid',
    conversationId: 'uuid',
    userId: 'uuid',
    banned: 'boolean',
    maxBans: 'int',
  }),
  moderateMessage: callOf<'moderateMessage'>('parley_moderate_message', {
    actorId: 'uuid',
    conversationId: 'uuid',
    seq: 'int',
  }),
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
  const send = createSends(db, async (command) => outcomes.sendMessage.parse(await answerOf(command)))
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
