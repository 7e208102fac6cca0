import { changedMove, shownMove, type Move } from '../log/moves.ts'

/** Where an entry stands in an inbox. */
export interface InboxPlace {
  conversationId: string
  pinned: boolean
  /** Milliseconds since 1970. */
  activityAtMs: number
}

/** A first page of an inbox, or the newest page of a conversation: what stands on it, in the order of the answer. */
export type ReadList = { size: number; /** Whether there is more than fits on it. */ hasMore: boolean } & (
  { of: 'inbox'; places: readonly InboxPlace[] } | { of: 'messages'; conversationId: string; seqs: readonly number[] }
)

/** The part of such a list that is to be read, as the rest of it is known. */
export type Wanted =
  | { of: 'inbox'; conversationIds: readonly string[] }
  | { of: 'messages'; conversationId: string; afterSeq: number; knownCount: number; hasMore: boolean }

/**
 * What an answer rests on. As long as none of it moves, the same reads give the same answer.
 */
export class Basis {
  readonly moves = new Set<Move>()
  /** Whose list of conversations it shows: it rests on all of them, also on those that are not in the answer. */
  inboxOf: string | null = null
  /** It also rests on something else, of which nothing is known. */
  isOpen = false
  /** The list in it that can be read by parts, as far as it was read. */
  list: ReadList | null = null

  /** `wanted`: read no more of that list. */
  constructor(readonly wanted: Wanted | null = null) {}

  stream(id: string): void {
    this.moves.add(id)
  }

  streams(...ids: readonly string[]): void {
    for (const id of ids) this.moves.add(id)
  }

  /** How somebody is shown. */
  person(id: string): void {
    this.moves.add(shownMove(id))
  }

  inbox(viewerId: string): void {
    this.inboxOf = viewerId
    this.stream(viewerId)
  }

  open(): void {
    this.isOpen = true
  }
}

/** What moves when the messages that a conversation has may be shown differently, and not only others come. */
export const changeOf = (conversationId: string): Move => changedMove(conversationId)
