import type { SyncConversationFragment } from '../generated/graphql.ts'
import { equal, omit } from './equal.ts'
import type { ConversationFields, PinState } from './state.ts'

/** What is kept beside the fields, because it changes by other events too. */
const elsewhere = [
  '__typename',
  'id',
  'cursor',
  'headSeq',
  'lastActivityAt',
  'memberCount',
  'readByAllSeq',
  'deliveredToAllSeq',
  'pinnedMessages',
] as const

/** The fields of a conversation, with the objects that are there already where they are the same. */
export function fieldsOf(conversation: SyncConversationFragment, before?: ConversationFields): ConversationFields {
  const fields = omit(conversation, ...elsewhere)
  if (!before) return fields
  const again = Object.entries(fields).map(([name, value]) => {
    const known = before[name as keyof ConversationFields]
    return [name, equal(known, value) ? known : value]
  })
  return Object.fromEntries(again) as ConversationFields
}

/** An event is the same for all members: it has also pins of what this viewer may not see. */
export const pinsOf = ({ pinnedMessages }: SyncConversationFragment, shownFrom = 0): PinState[] =>
  pinnedMessages.flatMap(({ id, seq, pinnedAt }) => (seq > shownFrom ? [{ id, seq, pinnedAt }] : []))
