// What an import did, or would do: as JSON in the schema of the corpus, and in a few lines for people. JSON comes in pieces, as it
// may be longer than a text can be.
import type { Imported, ImportedAttachment, ImportedMessage, Place, Records } from './model.ts'
import type { WriteResult } from './writer/options.ts'

const shownAttachment = ({ name, mime, byteSize, ref, missing }: ImportedAttachment) => ({
  ...{ name, mime, byteSize, ref, missing },
})

/** Only what the schema of the corpus has. */
const shownMessage = ({
  mentions: _m,
  mentionsEveryone: _e,
  pinnedAtMs: _p,
  own: _o,
  ...message
}: ImportedMessage) => ({
  ...message,
  attachments: message.attachments.map(shownAttachment),
})

type Pieces = Generator<string>

const json = (value: unknown) => JSON.stringify(value)

/** A list with an item a line. */
function* list<T>(items: Iterable<T>, shown: (item: T) => string | Pieces): Pieces {
  let before = '['
  for (const item of items) {
    yield `${before}\n`
    before = ','
    const pieces = shown(item)
    if (typeof pieces === 'string') yield pieces
    else yield* pieces
  }
  yield before === '[' ? '[]' : '\n]'
}

function* object(fields: Record<string, unknown>, lists: Record<string, Pieces>): Pieces {
  yield json(fields).slice(0, -1)
  for (const [name, pieces] of Object.entries(lists)) {
    yield `,\n${json(name)}: `
    yield* pieces
  }
  yield '}'
}

/** Exactly the fields of expected.json, so that anybody can compare. */
export function toJson({ format, options, users, conversations, skipped, warnings }: Imported): Pieces {
  return object(
    { format, options },
    {
      users: list(users, ({ own: _, ...user }) => json(user)),
      conversations: list(conversations, ({ messages, own: _, ...conversation }) =>
        object(conversation, { messages: list(messages, (message) => json(shownMessage(message))) }),
      ),
      skipped: list(skipped, ({ key, reason }) => json({ key, reason })),
      warnings: list(warnings, ({ text }) => json(text)),
    },
  )
}

const at = ({ file, entry }: Place) => ({ file, entry: entry ?? null })

/** Every entry that is not imported with where it stands and why, and what was kept but not whole. */
export function toReport(imported: Imported, written: WriteResult | null = null): Pieces {
  const { format, entriesRead, users, conversations, skipped, warnings } = imported
  const counts = { entriesRead, ...countsOf(imported), users: users.length, conversations: conversations.length }
  const lists = {
    skipped: list(skipped, ({ key, reason, place }) => json({ key, reason, ...at(place) })),
    warnings: list(warnings, ({ text, place }) => json({ text, ...at(place) })),
  }
  if (!written) return object({ format, counts }, lists)
  const { notKept, ...done } = written
  return object({ format, counts }, { ...lists, written: object(done, { notKept: list(notKept, json) }) })
}

export const countsOf = ({ conversations, skipped }: Imported) => ({
  messages: conversations.reduce((sum, { messages }) => sum + messages.count, 0),
  skipped: skipped.count,
})

const maxShown = 20

function shownSome<T>(records: Records<T>, line: (item: T) => string): string[] {
  const lines: string[] = []
  for (const item of records) {
    if (lines.length === maxShown) {
      lines.push(`  … and ${records.count - maxShown} more: --report <file> lists them all`)
      break
    }
    lines.push(`  ${line(item)}`)
  }
  return lines
}

export function toSummary(imported: Imported): string {
  const { format, entriesRead, users, conversations, skipped, skippedByReason, warnings, attachments } = imported
  const { messages } = countsOf(imported)
  const where = ({ file, entry }: Place) => (entry === undefined ? file : `${file}:${entry}`)
  return [
    `Format: ${format}`,
    `People: ${users.length}, conversations: ${conversations.length}`,
    `Entries read: ${entriesRead} = ${messages} messages + ${skipped.count} skipped`,
    ...(attachments.count > 0
      ? [`Attachments: ${attachments.count}, of which ${attachments.missing} are not in the export`]
      : []),
    ...(skipped.count > 0
      ? [`Skipped: ${[...skippedByReason].map(([reason, count]) => `${reason} ${count}`).join(', ')}`]
      : []),
    ...shownSome(skipped, ({ key, reason, place }) => `${reason} ${key} (${where(place)})`),
    ...(warnings.count > 0 ? [`Warnings: ${warnings.count}`] : []),
    ...shownSome(warnings, ({ text, place }) => `${text} (${where(place)})`),
  ].join('\n')
}

export function toWrittenSummary({ notKept, ...counts }: WriteResult): string {
  const { peopleMade, conversationsMade, messagesWritten, messagesPresent, messagesChanged } = counts
  const { identitiesMade, invitationsMade } = counts
  return [
    `Written: ${messagesWritten} messages (${messagesPresent} were there already, ${messagesChanged} of which have changed), ${conversationsMade} conversations and ${peopleMade} people made`,
    ...(identitiesMade === undefined ? [] : [`Known to the embedding product: ${identitiesMade}`]),
    ...(invitationsMade === undefined ? [] : [`Invitations: ${invitationsMade}`]),
    ...(notKept.count > 0 ? [`Not kept as it was: ${notKept.count}`] : []),
    ...shownSome(notKept, ({ key, what }) => `${key}: ${what}`),
  ].join('\n')
}
