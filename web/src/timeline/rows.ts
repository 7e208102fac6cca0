import type { MessageItem, TimelineItem } from '../client/types.ts'
import { isSameDay } from '../texts/dates.ts'

export type Row =
  | { kind: 'beginning'; key: string }
  | { kind: 'older'; key: string }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'new'; key: string }
  | { kind: 'gap'; key: string; beforeSeq: number }
  | {
      kind: 'message'
      key: string
      item: MessageItem
      /** Whether it goes on what the one before began. */ continues: boolean
    }

/** Within these milliseconds messages of one person stand together. */
const togetherMs = 5 * 60_000

interface Options {
  hasOlder: boolean
  /** Up to here the viewer had read when the conversation was opened; null: there is no line. */
  readUpToSeq: number | null
  viewerId: string
}

/** Of each message, what follows from the one before it: dates are slow to compare, and of thousands of messages one is new. */
const known = new WeakMap<MessageItem, { before: MessageItem | null; isNewDay: boolean; row: Row; rowAlone: Row }>()

function relate(item: MessageItem, before: MessageItem | null) {
  const found = known.get(item)
  if (found?.before === before) return found
  const { message } = item
  const isNewDay = !before || !isSameDay(before.message.createdAt, message.createdAt)
  const continues =
    before !== null &&
    !isNewDay &&
    before.message.sender.id === message.sender.id &&
    Date.parse(message.createdAt) - Date.parse(before.message.createdAt) < togetherMs
  const rowAlone: Row = { kind: 'message', key: item.key, item, continues: false }
  const made = { before, isNewDay, rowAlone, row: continues ? { ...rowAlone, continues } : rowAlone }
  known.set(item, made)
  return made
}

/** What the timeline shows, with the breaks between. */
export function rowsOf(items: readonly TimelineItem[], { hasOlder, readUpToSeq, viewerId }: Options): Row[] {
  const rows: Row[] = [hasOlder ? { kind: 'older', key: 'older' } : { kind: 'beginning', key: 'beginning' }]
  let before: MessageItem | null = null
  let isLineThere = false
  for (const item of items) {
    if (item.kind === 'gap') {
      rows.push(item)
      before = null
      continue
    }
    const { message } = item
    const { isNewDay, row, rowAlone } = relate(item, before)
    if (isNewDay) rows.push({ kind: 'day', key: `day before ${item.key}`, at: message.createdAt })
    const isUnread = readUpToSeq !== null && message.seq > readUpToSeq && message.sender.id !== viewerId
    const isLine = isUnread && !isLineThere && item.opKey === null
    if (isLine) {
      isLineThere = true
      rows.push({ kind: 'new', key: 'new' })
    }
    rows.push(isLine ? rowAlone : row)
    before = item
  }
  return rows
}
