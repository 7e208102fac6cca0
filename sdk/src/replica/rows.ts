import type { ParleyStorage, Row } from '../storage/storage.ts'
import { omit } from './equal.ts'
import { emptyState, type ConversationState, type Id, type MemberState, type State } from './state.ts'
import { Table } from './table.ts'
import { emptyTimeline, type Chunk, type Range, type TimelineState } from './timeline.ts'

/** Of the copy's rows. Rows of another format are dropped, and read from the server again; those of the outbox never. */
const copyFormat = 1

type StoredConversation = Omit<ConversationState, 'members'> & { members: [Id, MemberState][] }
type StoredState = Omit<State, 'conversations' | 'timelines'> & { format: number }

const chunkKey = (id: Id, index: number) => `${id}/${String(index).padStart(7, '0')}`
const rangesKey = (id: Id) => `${id}/ranges`

/** What has to be written so that a storage with the one state has the other; the position is part of it. */
export function rowsBetween(stored: State | null, next: State): Row[] {
  const rows: Row[] = []
  const { conversations, timelines, ...rest } = next
  rows.push({ table: 'meta', key: 'copy', value: { ...rest, format: copyFormat } satisfies StoredState })
  for (const [id, conversation] of conversations.changesSince(stored?.conversations)) {
    const value = conversation && { ...conversation, members: [...conversation.members.entries()] }
    rows.push({ table: 'conversations', key: id, value })
    // Also of a timeline that was not loaded.
    if (!conversation) rows.push({ table: 'messages', key: rangesKey(id), value: undefined })
  }
  for (const [id, timeline] of timelines.changesSince(stored?.timelines)) {
    // Not loaded, or of a conversation that is gone: then without its ranges the chunks count for nothing.
    if (!timeline && conversations.get(id)) continue
    const before = stored?.timelines.get(id) ?? emptyTimeline
    const { chunks, ranges } = timeline ?? emptyTimeline
    for (let index = 0; index < Math.max(chunks.length, before.chunks.length); index++) {
      const chunk = chunks[index] ?? null
      if (chunk === (before.chunks[index] ?? null)) continue
      rows.push({ table: 'messages', key: chunkKey(id, index), value: chunk ?? undefined })
    }
    if (ranges !== before.ranges || !timeline) {
      rows.push({ table: 'messages', key: rangesKey(id), value: timeline ? ranges : undefined })
    }
  }
  return rows
}

/** The stored copy without its messages; null when there is none, or none of this format. */
export async function readState(storage: ParleyStorage): Promise<State | null> {
  const [meta, conversations] = await Promise.all([storage.read('meta', 'copy'), storage.read('conversations')])
  const copy = meta[0]?.[1] as StoredState | undefined
  if (copy?.format !== copyFormat) return null
  const rows = (conversations as [Id, StoredConversation][]).map(
    ([id, row]) => [id, { ...row, members: Table.of(row.members) }] as const,
  )
  const rest = omit(copy, 'format')
  return { ...emptyState(rest.viewerId), ...rest, conversations: Table.of(rows) }
}

/** The stored messages of a conversation. */
export async function readTimeline(storage: ParleyStorage, id: Id): Promise<TimelineState> {
  const rows = await storage.read('messages', `${id}/`)
  const ranges = rows.find(([key]) => key === rangesKey(id))
  if (!ranges) return emptyTimeline
  const chunks: (Chunk | null)[] = []
  for (const [key, chunk] of rows) {
    if (key === ranges[0]) continue
    const index = Number(key.slice(id.length + 1))
    while (chunks.length <= index) chunks.push(null)
    chunks[index] = chunk as Chunk
  }
  return { chunks, ranges: ranges[1] as Range[] }
}
