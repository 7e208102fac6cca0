/**
 * A stream that has new events; changed, one with others among them than that messages came, were read or reacted to; or, shown, a
 * person or a conversation of which something else is to be seen, without an event.
 */
export type Move = string

export const shownMove = (id: string): Move => `shown ${id}`
export const changedMove = (id: string): Move => `changed ${id}`

/** Who keeps something of what streams hold. Both are called before anybody who waits for the passage goes on. */
export interface Keeper {
  /** What was kept of these is void. */
  moved(moves: readonly Move[]): void
  /** Everything that was kept is void: what moved is not known. */
  lost(): void
  /** Whether nothing is kept: then nobody needs to look. */
  readonly isEmpty: boolean
}
