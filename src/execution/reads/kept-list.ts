import type { InboxPlace, ReadList, Wanted } from '../../domain/basis.ts'
import type { ListShape } from './list-shape.ts'

interface Entry<Place> {
  place: Place
  json: Buffer
}

/** The answer as JSON; its entries and what is said around them are parts of these bytes. */
interface Parts<Place> {
  body: Buffer
  head: Buffer
  entries: readonly Entry<Place>[]
  tail: Buffer
  size: number
  hasMore: boolean
}

/** The JSON of an answer that is a list, and where each entry is in it. Immutable. */
export type KeptList =
  | (Parts<InboxPlace> & {
      of: 'inbox'
      /** When there is more: all entries down to this place are known, but those that moved. */
      end: InboxPlace | null
    })
  | (Parts<number> & { of: 'messages'; conversationId: string })

/** Stands in the JSON where the list is: no text of the database has this character. */
const marker = '\u0000'
const markerJson = JSON.stringify(marker)
const comma = Buffer.from(',')

type Values = Record<string, unknown>

/** Takes a result apart; null when it has no such list, or not the one that was read. */
export function listOf(result: object, { of, path }: ListShape, read: ReadList | null): KeptList | null {
  if (read?.of !== of) return null
  let holder: unknown = (result as { data?: unknown }).data
  for (const name of path.slice(0, -1)) holder = (holder as Values | null | undefined)?.[name]
  const last = path.at(-1) ?? ''
  const rows = (holder as Values | null | undefined)?.[last]
  if (!Array.isArray(rows)) return null
  ;(holder as Values)[last] = marker
  const texts = JSON.stringify(result).split(markerJson)
  ;(holder as Values)[last] = rows
  const [before, after] = texts
  if (before === undefined || after === undefined || texts.length > 2) return null
  const json = rows.map((row) => Buffer.from(JSON.stringify(row)))
  const around = { head: Buffer.from(`${before}[`), tail: Buffer.from(`]${after}`), body: comma }
  const parts = { ...around, size: read.size, hasMore: read.hasMore }
  if (read.of === 'inbox') {
    const entries = entriesOf(read.places, json)
    return entries && packed({ ...parts, of: 'inbox', entries, end: endOf(entries, read.hasMore) })
  }
  const entries = entriesOf(read.seqs, json)
  return entries && packed({ ...parts, of: 'messages', entries, conversationId: read.conversationId })
}

const entriesOf = <Place>(places: readonly Place[], json: readonly Buffer[]): Entry<Place>[] | null =>
  places.length === json.length ? places.map((place, index) => ({ place, json: json[index] ?? comma })) : null

const endOf = (entries: readonly Entry<InboxPlace>[], hasMore: boolean) =>
  hasMore ? (entries.at(-1)?.place ?? null) : null

/** The same with bytes of its own, and nothing of those that it was made of. */
function packed<List extends KeptList>(list: List): List {
  const pieces = [list.head]
  for (const [index, { json }] of list.entries.entries()) {
    if (index > 0) pieces.push(comma)
    pieces.push(json)
  }
  pieces.push(list.tail)
  const body = Buffer.concat(pieces)
  let at = 0
  const next = (byteSize: number) => body.subarray(at, (at += byteSize))
  const head = next(list.head.byteLength)
  const entries = list.entries.map(({ place, json }, index) => {
    if (index > 0) at += comma.byteLength
    return { place, json: next(json.byteLength) }
  })
  return { ...list, body, head, entries, tail: next(list.tail.byteLength) }
}

/** Without the entries of these conversations. */
export function without(list: KeptList, conversationIds: ReadonlySet<string>): KeptList {
  if (list.of !== 'inbox') return list
  const entries = list.entries.filter(({ place }) => !conversationIds.has(place.conversationId))
  return entries.length === list.entries.length ? list : packed({ ...list, entries })
}

/** What has to be read so that the list is whole again. `moved`: conversations of an inbox whose entries are not in it. */
export function wantedBy(list: KeptList, moved: ReadonlySet<string>): Wanted | null {
  if (list.of === 'inbox') return { of: 'inbox', conversationIds: [...moved] }
  const { entries, conversationId, hasMore } = list
  const last = entries.at(-1)
  return last ? { of: 'messages', conversationId, afterSeq: last.place, knownCount: entries.length, hasMore } : null
}

/** The order of an inbox: what comes first is larger. */
function compare(a: InboxPlace, b: InboxPlace): number {
  if (a.pinned !== b.pinned) return a.pinned ? 1 : -1
  if (a.activityAtMs !== b.activityAtMs) return a.activityAtMs - b.activityAtMs
  return a.conversationId < b.conversationId ? -1 : a.conversationId > b.conversationId ? 1 : 0
}

/** The list with what was read of it; null when that does not tell all of it. */
export function completed(known: KeptList, read: KeptList): KeptList | null {
  if (known.size !== read.size) return null
  if (known.of === 'inbox') return read.of === 'inbox' ? completedInbox(known, read) : null
  return read.of === 'messages' ? completedMessages(known, read) : null
}

function completedInbox(known: KeptList & { of: 'inbox' }, read: KeptList & { of: 'inbox' }): KeptList | null {
  const { size, end } = known
  const all = [...known.entries, ...read.entries].filter(({ place }) => !end || compare(place, end) >= 0)
  all.sort((a, b) => compare(b.place, a.place))
  // An entry went further down than is known here, or away: which one comes in its place is not known.
  if (known.hasMore && all.length < size) return null
  const entries = all.slice(0, size)
  const hasMore = known.hasMore || read.hasMore || all.length > size
  // What is said around it is of the older read: its cursor must not be newer than any entry.
  return packed({ ...known, entries, hasMore, end: endOf(entries, hasMore) })
}

function completedMessages(known: KeptList & { of: 'messages' }, read: KeptList & { of: 'messages' }): KeptList | null {
  const last = known.entries.at(-1)?.place ?? 0
  const first = read.entries[0]?.place
  if (read.hasMore) return read
  if (first !== undefined && first !== last + 1) return null
  const all = [...known.entries, ...read.entries]
  const entries = all.slice(Math.max(0, all.length - read.size))
  return packed({ ...read, entries, hasMore: known.hasMore || all.length > read.size })
}
