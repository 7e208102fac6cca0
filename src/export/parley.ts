// Parley NDJSON: what the import reads again.
import {
  attachmentPath,
  account,
  blocks,
  conversations,
  members,
  messages,
  people,
  receipts,
  type Query,
} from './records.ts'
import { copyBytes, type AttachmentRecord, type Exporting } from './attachments.ts'
import type { Scope } from './scope.ts'
import type { Snapshot } from './snapshot.ts'

/** One more when an older reader would read it wrongly. */
export const version = 1

interface MessageRecord {
  attachments: (AttachmentRecord & { path?: string | null })[]
}

export async function writeParley(snapshot: Snapshot, scope: Scope, exporting: Exporting): Promise<void> {
  const { out, totals } = exporting

  async function lines(path: string, { text, values }: Query, each?: (record: MessageRecord) => Promise<void>) {
    const file = await out.lines(path)
    for await (const rows of snapshot.stream<{ record: MessageRecord }>(text, values)) {
      if (each) for (const { record } of rows) await each(record)
      await file.write(rows.map(({ record }) => JSON.stringify(record)))
    }
    return (await file.end()).records ?? 0
  }

  totals.people = await lines('people.ndjson', people(scope))
  totals.conversations = await lines('conversations.ndjson', conversations(scope))
  await lines('members.ndjson', members(scope))
  totals.messages = await lines('messages.ndjson', messages(scope), async (record) => {
    for (const attachment of record.attachments) {
      const path = attachmentPath(attachment.id, attachment.sha256)
      attachment.path = (await copyBytes(exporting, attachment, path)) ? path : null
    }
  })
  await lines('receipts.ndjson', receipts(scope))
  const blocked = blocks(scope)
  if (blocked) await lines('blocks.ndjson', blocked)
  if (scope.kind === 'user') {
    const { text, values } = account(scope)
    const [row] = await snapshot.rows<{ account: unknown }>(text, values)
    await out.text('account.json', `${JSON.stringify(row?.account, null, 2)}\n`)
  }
}
