import { shownMove, type Move } from '../log/moves.ts'

/**
 * What an answer rests on. As long as none of it moves, the same reads give the same answer.
 */
export class Basis {
  readonly moves = new Set<Move>()
  /** Whose list of conversations it shows: it rests on all of them, also on those that are not in the answer. */
  inboxOf: string | null = null
  /** It also rests on something else, of which nothing is known. */
  isOpen = false

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
