// What an export has, and what of the state is not in it: in numbers, line by line, and in a few words for people.

export interface NotExported {
  key: string
  what: string
}

export interface Totals {
  people: number
  conversations: number
  messages: number
  attachments: number
  attachmentBytes: number
}

export interface ExportReport {
  format: string
  version: number
  scope: string
  takenAt: string
  out: string
  counts: Totals
  notExported: NotExported[]
}

export const noTotals = (): Totals => ({ people: 0, conversations: 0, messages: 0, attachments: 0, attachmentBytes: 0 })

export function toSummary({ format, version, scope, takenAt, out, counts, notExported }: ExportReport): string {
  const { people, conversations, messages, attachments, attachmentBytes } = counts
  return [
    `Format: ${format} ${version}, ${scope}, as of ${takenAt}`,
    `People: ${people}, conversations: ${conversations}, messages: ${messages}`,
    `Attachments: ${attachments} (${attachmentBytes} bytes)`,
    `Written to ${out}`,
    ...(notExported.length > 0 ? [`Not exported: ${notExported.length}`] : []),
    ...notExported.slice(0, 20).map(({ key, what }) => `  ${key}: ${what}`),
    ...(notExported.length > 20 ? [`  … and ${notExported.length - 20} more: --report <file> lists them all`] : []),
  ].join('\n')
}
