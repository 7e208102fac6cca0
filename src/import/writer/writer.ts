// Writes what a reader found. Killed at any moment and run again it goes on where it was: people and conversations are found by
// their keys, messages by the ids that their keys make. One conversation after the other, one batch of messages after the other:
// what is in memory does not grow with what is read.
import type { Imported, ImportedConversation } from '../model.ts'
import { SpoolFolder } from '../spool/part.ts'
import { Spool } from '../spool/spool.ts'
import { addMembers, publish, targetOf } from './conversations.ts'
import { writeAfterwards } from './own.ts'
import { hidden, type WriteResult, type WriterOptions, type Writing } from './options.ts'
import { settlePeople } from './people.ts'
import type { NotKept } from './rows.ts'
import { writeMessages } from './timeline.ts'

export async function writeImport(imported: Imported, options: WriterOptions): Promise<WriteResult> {
  const { db, source, mapping } = options
  const people = await settlePeople(db, source, [...imported.users, ...(imported.hasHidden ? [hidden] : [])], mapping)
  const notKept = new Spool<NotKept>(new SpoolFolder())
  const result: WriteResult = {
    ...{
      peopleMade: people.made,
      conversationsMade: 0,
      messagesWritten: 0,
      messagesPresent: 0,
      messagesChanged: 0,
      notKept,
    },
  }
  const writing: Writing = { ...options, people, result, lose: (key, what) => notKept.add([], { key, what }) }
  const all = imported.conversations.reduce((sum, { messages }) => sum + messages.count, 0)
  let before = 0
  const conversationIds = new Map<string, string>()
  for (const conversation of imported.conversations) {
    const id = await writeConversation(conversation, writing, (done) => options.onProgress(before + done, all))
    if (id !== null) conversationIds.set(conversation.key, id)
    before += conversation.messages.count
  }
  if (imported.afterwards)
    await writeAfterwards(
      db,
      imported.afterwards,
      (key) => conversationIds.get(key),
      (key) => people.ids.get(key),
    )
  return result
}

async function writeConversation(
  conversation: ImportedConversation,
  writing: Writing,
  onDone: (done: number) => void,
): Promise<string | null> {
  const { db, source, people, result, lose } = writing
  const memberIds = [...new Set(conversation.members.flatMap((key) => people.ids.get(key) ?? []))]
  const target = await targetOf(db, source, conversation, memberIds)
  if (target.isClosed) {
    lose(conversation.key, 'the conversation was closed or deleted here')
    return null
  }
  if (target.isPublic) await addMembers(db, target.id, memberIds)
  await writeMessages(conversation, target, writing, onDone)
  if (target.isPublic) return target.id
  const ownerId = memberIds[0] ?? null
  const personId = (key: string) => people.ids.get(key)
  await publish(db, { conversationId: target.id, conversation, memberIds, ownerId, personId })
  result.conversationsMade += 1
  return target.id
}
