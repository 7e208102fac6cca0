import type { Imported, ImportedConversation, ImportedMessage, Skipped, Warning } from '../../src/import/model.ts'
import { openExport, type ReadRequest } from '../../src/import/recognise.ts'

export type WholeConversation = Omit<ImportedConversation, 'messages'> & { messages: ImportedMessage[] }

export interface Whole extends Omit<Imported, 'conversations' | 'skipped' | 'warnings'> {
  conversations: WholeConversation[]
  skipped: Skipped[]
  warnings: Warning[]
}

export const wholeOf = (imported: Imported): Whole => ({
  ...imported,
  conversations: imported.conversations.map((conversation) => ({
    ...conversation,
    messages: [...conversation.messages],
  })),
  skipped: [...imported.skipped],
  warnings: [...imported.warnings],
})

/** All of it at once, as only small exports can be. */
export async function readAll(request: ReadRequest): Promise<Whole> {
  const { imported, close } = await openExport(request)
  try {
    return wholeOf(imported)
  } finally {
    await close()
  }
}
