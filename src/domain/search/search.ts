import type { Message } from '../../store/rows.ts'
import type { SearchHit, SearchPlace, SearchRequest, SearchStore } from '../../store/search.ts'
import { accessOf, isStaff } from '../conversations/access.ts'
import { NotFoundError } from '../errors.ts'
import type { Loaders } from '../loaders.ts'
import { exactTexts, matchText, prefixText, tagPlace, wholeText, type SearchQuery } from '../text/search-query.ts'
import type { Viewer } from '../viewer.ts'
import { attachmentLabel, senderLabel } from './labels.ts'

/** What is looked for besides words. */
export interface SearchFilter {
  conversationId: string | null
  senderId: string | null
  fromMs: number | null
  toMs: number | null
  hasAttachment: boolean | null
}

/** Messages between two places, of which the better ones come first: before `below`, and down to `downTo`. */
export interface SearchWindow {
  below: SearchPlace | null
  downTo: SearchPlace | null
}

/** A message in its place in the answer. */
export interface Found extends SearchPlace {
  rank: number
  window: SearchWindow
  message: Message
}

/** A place in the answer, as a cursor has it. */
export type FoundPlace = Omit<Found, 'message'>

export interface Search {
  /**
   * Messages that the viewer may see and that match, after a place in the answer. Of the newest 100 that match, the better
   * ones first, and of equally good ones the newest; then of the next 100. Throws NOT_FOUND for a conversation that is not
   * the viewer's to see.
   */
  messages(
    viewer: Viewer,
    asked: { query: SearchQuery; filter: SearchFilter; after: FoundPlace | null; limit: number },
    loaders: Loaders,
  ): Promise<Found[]>
}

/** Matches that are ranked together. */
const windowSize = 100
/** Windows that one page looks through: more than two only when messages have just changed. */
const maxWindows = 8

/** Descending: negative when `a` is newer. */
const byPlace = (a: SearchPlace, b: SearchPlace): number =>
  b.atMs - a.atMs ||
  (a.conversationId === b.conversationId ? b.seq - a.seq : a.conversationId > b.conversationId ? -1 : 1)

type Ranked = SearchPlace & { rank: number }
const byRank = (a: Ranked, b: Ranked): number => b.rank - a.rank || byPlace(a, b)

/** Whether the first place comes before the second one in an answer, or is the same. */
export function isNotAfter(first: FoundPlace, second: FoundPlace): boolean {
  const { below, downTo } = second.window
  if (below && byPlace(first, below) <= 0) return true
  if (downTo && byPlace(first, downTo) > 0) return false
  return byRank(first, second) <= 0
}

const placeOf = ({ atMs, conversationId, seq }: SearchPlace): SearchPlace => ({ atMs, conversationId, seq })

/** Fixes the bounds of a window that is read for the first time, so that what is sent later does not move them. */
function bounded({ below, downTo }: SearchWindow, hits: readonly SearchHit[]): SearchWindow {
  const places = [...hits].sort(byPlace)
  const [newest] = places
  const oldest = places.at(-1)
  if (downTo || !newest || !oldest) return { below, downTo }
  return {
    below: below ?? { ...placeOf(newest), seq: newest.seq + 1 },
    downTo: hits.length >= windowSize ? placeOf(oldest) : null,
  }
}

interface Conditions {
  match: string
  /** What every match has of whole words and labels; null where that is nothing, or all there is. */
  exact: string | null
  /** Beginnings of words beside them. */
  prefix: string | null
}

/** The query and the filter as PostgreSQL's tsqueries. */
export function conditionsOf(
  query: SearchQuery,
  { senderId, hasAttachment }: Pick<SearchFilter, 'senderId' | 'hasAttachment'>,
): Conditions {
  const required = [
    ...(senderId === null ? [] : [`'${tagPlace}${senderLabel(senderId)}'`]),
    ...(hasAttachment === true ? [`'${tagPlace}${attachmentLabel}'`] : []),
  ]
  const labels = [...required, ...(hasAttachment === false ? [`!'${tagPlace}${attachmentLabel}'`] : [])]
  const match = labels.length === 0 ? matchText(query) : `${labels.join(' & ')} & (${matchText(query)})`
  const prefix = prefixText(query)
  if (prefix === null) return { match, exact: null, prefix: null }
  const words = exactTexts(query)
  const isInAll = words.every((text) => text !== null)
  const parts = [...required, ...(isInAll ? [`(${words.join(' | ')})`] : [])]
  return parts.length > 0 ? { match, exact: parts.join(' & '), prefix } : { match, exact: null, prefix: null }
}

export function createSearch(store: Pick<SearchStore, 'find'>): Search {
  /** The messages of these hits that are still what was found. */
  async function present(hits: readonly SearchHit[], window: SearchWindow, filter: SearchFilter, loaders: Loaders) {
    const messages = await Promise.all(hits.map((hit) => loaders.message.load(placeOf(hit))))
    return hits.flatMap((hit, index): Found[] => {
      const message = messages[index]
      if (!message || message.deletedAt || message.revision !== hit.revision) return []
      if (filter.senderId !== null && message.senderId !== filter.senderId) return []
      return [{ ...placeOf(hit), rank: hit.rank, window, message }]
    })
  }

  return {
    async messages(viewer, { query, filter, after, limit }, loaders) {
      const { conversationId, fromMs, toMs } = filter
      if (conversationId !== null) {
        const access = await accessOf(viewer, conversationId, loaders)
        if (!access) throw new NotFoundError('There is no such conversation here.')
      }
      const texts = { ...conditionsOf(query, filter), plain: matchText(query), whole: wholeText(query) }
      const base = { viewerId: viewer.userId, isStaff: isStaff(viewer), conversationId, fromMs, toMs, ...texts }
      const found: Found[] = []
      let window: SearchWindow = after?.window ?? { below: null, downTo: null }
      let last: FoundPlace | null = after
      for (let count = 0; count < maxWindows && found.length < limit; count++) {
        // What was edited since may have come into a window that has its bounds.
        const wanted = window.downTo ? 2 * windowSize : windowSize
        const request: SearchRequest = { ...base, ...window, wanted }
        const hits = await store.find(request, viewer.userId)
        const bounds = bounded(window, hits)
        const start = last
        const rest = hits
          .filter(({ revision }) => revision !== null)
          .sort(byRank)
          .filter((hit) => start === null || byRank(hit, start) > 0)
        for (let from = 0; from < rest.length && found.length < limit;) {
          const some = rest.slice(from, from + limit - found.length)
          found.push(...(await present(some, bounds, filter, loaders)))
          from += some.length
        }
        if (!bounds.downTo) break
        window = { below: bounds.downTo, downTo: null }
        last = null
      }
      return found
    },
  }
}
