// What an import did, or would do: as JSON in the schema of the corpus, and in a few lines for people.
import type { Imported, ImportedAttachment, ImportedMessage, Place, SkipReason } from './model.ts'
import type { WriteResult } from './writer/writer.ts'
import { byText } from './collector.ts'

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

const bySkip = (a: { key: string; reason: string }, b: { key: string; reason: string }) =>
  byText(a.key, b.key) || byText(a.reason, b.reason)

/** Exactly the fields of expected.json, so that anybody can compare. */
export function toJson({ format, options, users, conversations, skipped, warnings }: Imported): unknown {
  return {
    ...{ format, options, users: users.map(({ own: _, ...user }) => user) },
    conversations: conversations.map(({ messages, own: _, ...conversation }) => ({
      ...conversation,
      messages: messages.map(shownMessage),
    })),
    skipped: skipped.map(({ key, reason }) => ({ key, reason })).sort(bySkip),
    warnings: warnings.map(({ text }) => text),
  }
}

const at = ({ file, entry }: Place) => ({ file, entry: entry ?? null })

/** Every entry that is not imported with where it stands and why, and what was kept but not whole. */
export function toReport(imported: Imported, written: WriteResult | null = null): unknown {
  const { format, entriesRead, users, conversations, skipped, warnings } = imported
  return {
    format,
    counts: { entriesRead, ...countsOf(imported), users: users.length, conversations: conversations.length },
    skipped: skipped.map(({ key, reason, place }) => ({ key, reason, ...at(place) })),
    warnings: warnings.map(({ text, place }) => ({ text, ...at(place) })),
    ...(written && { written }),
  }
}

export const countsOf = ({ conversations, skipped }: Imported) => ({
  messages: conversations.reduce((sum, { messages }) => sum + messages.length, 0),
  skipped: skipped.length,
})

export function toSummary(imported: Imported): string {
  const { format, entriesRead, users, conversations, skipped, warnings } = imported
  const { messages } = countsOf(imported)
  const byReason = new Map<SkipReason, number>()
  for (const { reason } of skipped) byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
  const attachments = conversations.flatMap((conversation) => conversation.messages.flatMap((m) => m.attachments))
  const missing = attachments.filter((attachment) => attachment.missing !== null).length
  const shown = <T>(list: readonly T[], line: (item: T) => string) => [
    ...list.slice(0, 20).map((item) => `  ${line(item)}`),
    ...(list.length > 20 ? [`  … and ${list.length - 20} more: --report <file> lists them all`] : []),
  ]
  const where = ({ file, entry }: Place) => (entry === undefined ? file : `${file}:${entry}`)
  return [
    `Format: ${format}`,
    `People: ${users.length}, conversations: ${conversations.length}`,
    `Entries read: ${entriesRead} = ${messages} messages + ${skipped.length} skipped`,
    ...(attachments.length > 0
      ? [`Attachments: ${attachments.length}, of which ${missing} are not in the export`]
      : []),
    ...(skipped.length > 0
      ? [`Skipped: ${[...byReason].map(([reason, count]) => `${reason} ${count}`).join(', ')}`]
      : []),
    ...shown(skipped, ({ key, reason, place }) => `${reason} ${key} (${where(place)})`),
    ...(warnings.length > 0 ? [`Warnings: ${warnings.length}`] : []),
    ...shown(warnings, ({ text, place }) => `${text} (${where(place)})`),
  ].join('\n')
}

export function toWrittenSummary({ notKept, ...counts }: WriteResult): string {
  const { peopleMade, conversationsMade, messagesWritten, messagesPresent } = counts
  return [
    `Written: ${messagesWritten} messages (${messagesPresent} were there already), ${conversationsMade} conversations and ${peopleMade} people made`,
    ...(notKept.length > 0 ? [`Not kept as it was: ${notKept.length}`] : []),
    ...notKept.slice(0, 20).map(({ key, what }) => `  ${key}: ${what}`),
    ...(notKept.length > 20 ? [`  … and ${notKept.length - 20} more: --report <file> lists them all`] : []),
  ].join('\n')
}
